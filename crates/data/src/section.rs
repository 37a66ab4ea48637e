//! What a `data` section may say, as plain data, made from the very declarations that serde reads.

use serde::Serialize;

use crate::named::Named;
use crate::rows::Nested;

/// A setting of a section or of one of its kinds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SettingDoc {
    /// Its name; none where the value stands alone, as in `Csv("data.csv")`.
    pub name: Option<&'static str>,
    /// What it holds: `integer`, `real`, `text`, `source`, ...
    pub kind: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it then is, where that is a value.
    pub default: Option<&'static str>,
    /// What it does.
    pub doc: String,
}

/// One of several things that a setting may be, such as the source `Csv`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Choice {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub doc: String,
    /// Its settings.
    pub settings: Vec<SettingDoc>,
}

/// What a setting of this type holds.
pub(crate) trait Holds {
    /// What `#[serde(default)]` makes of it, where that is a value.
    const EMPTY: Option<&'static str>;
    /// The kind, in the words of the file.
    fn kind() -> String;
}

macro_rules! holds {
    ($($type:ty: $kind:literal, $empty:expr;)*) => {
        $(impl Holds for $type {
            const EMPTY: Option<&'static str> = $empty;
            fn kind() -> String {
                $kind.into()
            }
        })*
    };
}

holds! {
    bool: "bool", Some("false");
    f64: "real", Some("0");
    u32: "integer", Some("0");
    u64: "integer", Some("0");
    usize: "integer", Some("0");
    String: "text", None;
    Nested: "number or nested list", None;
}

impl<T: Holds> Holds for Named<T> {
    const EMPTY: Option<&'static str> = Some("{}");
    fn kind() -> String {
        format!("map from names to {}", T::kind())
    }
}

impl<T: Holds> Holds for Vec<T> {
    const EMPTY: Option<&'static str> = Some("[]");
    fn kind() -> String {
        format!("{} list", T::kind())
    }
}

impl<T: Holds> Holds for Option<T> {
    const EMPTY: Option<&'static str> = None;
    fn kind() -> String {
        T::kind()
    }
}

/// A whole number that stands where a setting is declared, as its default.
pub(crate) fn whole<const N: u64>() -> u64 {
    N
}

/// The same for a real setting.
pub(crate) fn real<const N: i64>() -> f64 {
    N as f64
}

/// Describes a setting. `default` is empty when the setting must be given, else it says how serde makes the default:
/// by nothing or by `whole::<2>`.
pub(crate) fn setting<T: Holds>(
    name: Option<&'static str>,
    default: &[&[&'static str]],
    doc: &[&'static str],
) -> SettingDoc {
    let number = |path: &'static str| path.split_once("::<").map(|(_, number)| number.trim_end_matches('>'));
    let default_of = |made: &&[&'static str]| made.first().map_or(T::EMPTY, |path| number(path));
    SettingDoc {
        name,
        kind: T::kind(),
        optional: !default.is_empty(),
        default: default.first().and_then(default_of),
        doc: line(doc),
    }
}

/// The lines of a comment as one, without its full stop.
pub(crate) fn line(doc: &[&'static str]) -> String {
    let lines: Vec<&str> = doc.iter().map(|text| text.trim()).collect();
    lines.join(" ").trim_end_matches('.').to_owned()
}

/// Declares a type that serde reads from a section and, by the same words, how it is described: its comments are
/// the documentation, and its attributes the defaults.
macro_rules! section {
    ($(#[doc = $doc:literal])+ pub struct $name:ident { $($body:tt)* }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name { $($body)* }

        impl $name {
            /// The settings that it may have.
            pub fn settings() -> Vec<$crate::section::SettingDoc> {
                $crate::section::settings!({ $($body)* })
            }
        }
    };
    ($word:literal $(#[doc = $doc:literal])+ pub enum $name:ident {
        $($(#[doc = $what:literal])+ $choice:ident $inner:tt,)+
    }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub enum $name { $($(#[doc = $what])+ $choice $inner,)+ }

        impl $name {
            /// What it may be.
            pub fn choices() -> Vec<$crate::section::Choice> {
                vec![$($crate::section::Choice {
                    name: stringify!($choice),
                    doc: $crate::section::line(&[$($what),+]),
                    settings: $crate::section::settings!($inner),
                }),+]
            }
        }

        impl $crate::section::Holds for $name {
            const EMPTY: Option<&'static str> = None;
            fn kind() -> String {
                $word.into()
            }
        }
    };
}

/// The settings in the body of a declaration, or the one value that stands alone.
macro_rules! settings {
    (($type:ty)) => {
        vec![$crate::section::setting::<$type>(None, &[], &[])]
    };
    ({ $($(#[doc = $doc:literal])+ $(#[serde(default $(= $path:literal)?)])? $vis:vis $name:ident: $type:ty),* $(,)? }) => {
        vec![$($crate::section::setting::<$type>(
            Some(stringify!($name)),
            &[$(&[$($path)?])?],
            &[$($doc),+],
        )),*]
    };
}

pub(crate) use {section, settings};

#[cfg(test)]
mod tests {
    use crate::{DataSpec, FeedSpec, Noise, Source};

    #[test]
    fn settings_say_what_is_read() {
        let settings = DataSpec::settings();
        let shown: Vec<String> = settings
            .iter()
            .map(|s| format!("{:?} {} {} {:?}", s.name.unwrap(), s.kind, s.optional, s.default))
            .collect();
        assert_eq!(
            shown,
            [
                "\"source\" source false None",
                "\"feeds\" map from names to feed true Some(\"{}\")",
                "\"test\" real true Some(\"0\")",
                "\"test_source\" source true None",
                "\"seed\" integer true None",
                "\"max_bytes\" integer true Some(\"1073741824\")",
            ]
        );
        assert!(settings.iter().all(|s| !s.doc.is_empty() && !s.doc.ends_with('.')));
        let least: DataSpec = ron::from_str("(source: Csv(\"a.csv\"))").unwrap();
        assert_eq!(least.max_bytes, crate::DEFAULT_MAX_BYTES);
    }

    #[test]
    fn choices_read_with_their_settings_and_defaults() {
        let spirals = Source::choices().into_iter().find(|choice| choice.name == "Spirals").unwrap();
        assert_eq!(spirals.doc, "Points `x` on the arms of a spiral, with the arm as class `y`");
        let defaults = spirals.settings.iter().filter_map(|s| Some(format!("{}: {}", s.name?, s.default?)));
        let written = format!("Spirals(n: 3, {})", defaults.collect::<Vec<_>>().join(", "));
        assert_eq!(ron::from_str::<Source>(&written).unwrap(), ron::from_str("Spirals(n: 3)").unwrap());
        let csv = Source::choices().swap_remove(0);
        assert_eq!((csv.name, csv.settings[0].name, &*csv.settings[0].kind), ("Csv", None, "text"));
        for choice in Source::choices().into_iter().chain(FeedSpec::choices()).chain(Noise::choices()) {
            assert!(!choice.doc.is_empty() && !choice.settings.is_empty(), "{}", choice.name);
        }
    }
}
