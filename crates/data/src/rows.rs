//! Data written in the model file: nested lists of numbers.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

use crate::error::{DataError, Result};
use crate::table::{Array, Values};

/// A number, or a list of such.
#[derive(Clone, Debug, PartialEq)]
pub enum Nested {
    /// One number.
    Number(f64),
    /// A list; rectangular when it is used.
    List(Vec<Nested>),
}

impl Nested {
    /// The list as an array whose leading axis is the rows.
    ///
    /// # Errors
    /// When it is a single number, has no rows, is ragged, or holds a number that is not finite.
    pub fn to_array(&self) -> Result<Array> {
        let mut shape = Vec::new();
        let mut level = self;
        while let Self::List(items) = level {
            shape.push(items.len());
            match items.first() {
                Some(first) => level = first,
                None => break,
            }
        }
        if shape.first() == Some(&0) {
            return Err(DataError::new("has no rows", "write at least one"));
        }
        let (mut numbers, mut path) = (Vec::new(), Vec::new());
        self.flatten(&shape, &mut numbers, &mut path).map_err(|e| e.setting(path))?;
        Array::new(shape, Values::Real(numbers))
    }

    /// Appends the numbers to `out`; `path` is where in the list this is, and on an error where it stopped.
    fn flatten(&self, shape: &[usize], out: &mut Vec<f64>, path: &mut Vec<usize>) -> Result<()> {
        match (self, shape) {
            (Self::Number(x), []) if x.is_finite() => out.push(*x),
            (Self::Number(x), []) => return Err(DataError::new(format!("{x} is not finite"), "write a finite number")),
            (Self::List(items), [size, rest @ ..]) if items.len() == *size => {
                for (k, item) in items.iter().enumerate() {
                    path.push(k);
                    item.flatten(rest, out, path)?;
                    path.pop();
                }
            }
            (Self::List(items), [size, ..]) => {
                let message = format!("a list of {} stands where lists before it have {size}", items.len());
                return Err(DataError::new(message, "write rows of one length"));
            }
            (Self::List(_), []) => {
                return Err(DataError::new(
                    "a list stands where others have a number",
                    "write lists everywhere, or nowhere",
                ));
            }
            (Self::Number(x), _) => {
                let message = format!("{x} stands where others have a list");
                return Err(DataError::new(message, "write lists everywhere, or nowhere"));
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Nested {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Nested;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a list of numbers")
            }

            fn visit_i64<E>(self, x: i64) -> std::result::Result<Nested, E> {
                Ok(Nested::Number(x as f64))
            }

            fn visit_u64<E>(self, x: u64) -> std::result::Result<Nested, E> {
                Ok(Nested::Number(x as f64))
            }

            fn visit_f64<E>(self, x: f64) -> std::result::Result<Nested, E> {
                Ok(Nested::Number(x))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> std::result::Result<Nested, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = list.next_element()? {
                    items.push(item);
                }
                Ok(Nested::List(items))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rectangles_or_errors() {
        let read = |text| ron::from_str::<Nested>(text).unwrap().to_array();
        let array = read("[[0, 0.1], [-2, 3e2]]").unwrap();
        assert_eq!(array.shape(), [2, 2]);
        // The number is read as a decimal of double precision, not rounded through single.
        assert_eq!(array.values(), &Values::Real(vec![0.0, 0.1, -2.0, 300.0]));
        assert_eq!(read("[[], []]").unwrap().shape(), [2, 0]);
        for (text, expect) in [
            ("3", "no rows"),
            ("[]", "no rows"),
            ("[[1, 2], [3]]", "a list of 1 stands where lists before it have 2"),
            ("[[1], 2]", "2 stands where others have a list"),
            ("[1, [2]]", "a list stands where others have a number"),
            ("[1, inf]", "inf is not finite"),
        ] {
            let error = read(text).unwrap_err().message;
            assert!(error.contains(expect), "{text}: {error}");
        }
    }
}
