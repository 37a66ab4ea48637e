//! Maps from names that keep the order of the file and refuse a name given twice.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// Pairs of a name and a value, in the order written.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T>(pub Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Named<T> {
    /// The value under `name`.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.iter().find(|(n, _)| *n == name).map(|(_, value)| value)
    }

    /// The pairs in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// A name, bare or quoted. Untagged, because RON hands a bare identifier over as text only then.
#[derive(serde::Deserialize)]
#[serde(untagged, expecting = "a name is needed here")]
enum Name {
    Text(String),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Named<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Pairs<T> {
            type Value = Named<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from names, such as `{ x: ... }`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Named<T>, A::Error> {
                let mut named = Named::default();
                while let Some(Name::Text(name)) = map.next_key()? {
                    if named.get(&name).is_some() {
                        return Err(A::Error::custom(format_args!("`{name}` is given twice")));
                    }
                    named.0.push((name, map.next_value()?));
                }
                Ok(named)
            }
        }
        deserializer.deserialize_map(Pairs(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_and_quoted_names_in_order_and_once() {
        let named: Named<i32> = ron::from_str("{ b: 1, \"a.c\": 2, x_1: 3 }").unwrap();
        let pairs: Vec<_> = named.iter().map(|(n, v)| (n, *v)).collect();
        assert_eq!(pairs, [("b", 1), ("a.c", 2), ("x_1", 3)]);
        let twice = ron::from_str::<Named<i32>>("{ a: 1, a: 2 }").unwrap_err();
        assert!(twice.to_string().contains("`a` is given twice"), "{twice}");
    }
}
