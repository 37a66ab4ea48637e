//! Reading serde types from a spanned tree, so that what is wrong with a value has its place.

use std::fmt;

use graphrun_load::syntax::{Arg, Entry, Kind, Span, Value};
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Error as _, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

/// What does not fit, and the innermost value that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Error {
    pub(crate) message: String,
    pub(crate) help: String,
    pub(crate) span: Option<Span>,
    /// Whether something is not there, and nothing that is there is wrong.
    pub(crate) missing: bool,
}

impl Error {
    fn at(mut self, span: Span) -> Error {
        self.span.get_or_insert(span);
        self
    }

    fn help(self, help: impl Into<String>) -> Error {
        Error { help: help.into(), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(message: T) -> Error {
        let help = "`graphrun schema` shows what can be written here".to_owned();
        Error { message: message.to_string(), help, span: None, missing: false }
    }

    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Error {
        let expected: String = match expected.to_string().as_str() {
            "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number from 0".into(),
            "f32" | "f64" => "a number".into(),
            "a boolean" => "true or false".into(),
            "a string" => "a text in quotes".into(),
            "a sequence" => "a list".into(),
            other if other.starts_with("struct ") => "a group `(name: value, ...)`".into(),
            other
                if ["enum ", "variant", "tuple ", "newtype ", "unit "].iter().any(|start| other.starts_with(start)) =>
            {
                "another kind of value".into()
            }
            other => other.to_string(),
        };
        let help = match expected.as_str() {
            "a whole number from 0" => "write digits, as in 3",
            "a number" => "write a number, as in 0.5",
            "true or false" => "write `true` or `false`",
            "a text in quotes" => "write it in double quotes",
            "a list" => "write it between `[` and `]`",
            "a number or a list of numbers" => "write it as in 3 or `[1, 2]`",
            _ => "write what is needed; `graphrun schema` shows its form",
        };
        Error::custom(format_args!("{expected} is needed here, not {}", describe(&unexpected))).help(help)
    }

    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Error {
        Error::invalid_type(unexpected, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Error {
        unknown("kind", variant, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Error {
        unknown("setting", field, expected)
    }

    fn missing_field(field: &'static str) -> Error {
        Error {
            missing: true,
            ..Error::custom(format_args!("`{field}` is missing")).help(format!("write `{field}: ...`"))
        }
    }

    fn duplicate_field(field: &'static str) -> Error {
        Error::custom(format_args!("`{field}` is given twice")).help("keep one of the two")
    }
}

/// The error for `None`, which says nothing that leaving a setting out does not.
fn nothing() -> Error {
    Error::custom("`None` is no value").help("a setting without a value is left out")
}

fn describe(unexpected: &de::Unexpected<'_>) -> String {
    match unexpected {
        de::Unexpected::Seq => "a list".into(),
        de::Unexpected::Map => "a group".into(),
        de::Unexpected::Signed(x) => x.to_string(),
        de::Unexpected::Unsigned(x) => x.to_string(),
        de::Unexpected::Float(x) => x.to_string(),
        de::Unexpected::Str(text) => format!("`{text}`"),
        de::Unexpected::Bool(flag) => flag.to_string(),
        de::Unexpected::Char(c) => format!("`{c}`"),
        _ => "this".into(),
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    Error::custom(format_args!("there is no {what} `{name}` here")).help(
        match graphrun_load::diagnostics::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write one of {}", known.join(", ")),
        },
    )
}

/// Reads a value; optional fields are written bare.
pub(crate) fn from_value<T: de::DeserializeOwned>(value: &Value) -> Result<T, Error> {
    T::deserialize(De(value)).map_err(|e| e.at(value.span))
}

struct De<'a>(&'a Value);

impl<'a> De<'a> {
    fn number<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, Error> {
        match (self.0.as_int(), self.0.as_real()) {
            (Some(x), _) if x >= 0 => visitor.visit_u64(x as u64),
            (Some(x), _) => visitor.visit_i64(x),
            (None, Some(x)) => visitor.visit_f64(x),
            (None, None) => Err(de::Error::custom("this number cannot be read")),
        }
    }

    fn args(&self) -> &'a [Arg] {
        self.0.args()
    }
}

impl<'de, 'a> de::Deserializer<'de> for De<'a> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let span = self.0.span;
        let got = match &self.0.kind {
            Kind::Bool(b) => visitor.visit_bool(*b),
            Kind::Word(word) if word == "None" => Err(nothing()),
            Kind::Call(Some(name), _) => {
                let found = Error::custom(format_args!("`{}(...)` has no meaning here", name.text));
                Err(found.help("write a value by itself: a number, a text in quotes, or a list `[...]`"))
            }
            Kind::Word(word) if !matches!(word.as_str(), "inf" | "NaN") => visitor.visit_str(word),
            Kind::Word(_) | Kind::Number(_) => self.number(visitor),
            Kind::Str(text) => visitor.visit_str(text),
            Kind::Char(c) => visitor.visit_char(*c),
            Kind::List(items) => visitor.visit_seq(Items(items.iter())),
            Kind::Map(entries) => visitor.visit_map(Entries { entries: entries.iter(), value: None }),
            Kind::Call(..) if self.args().iter().all(|arg| arg.name.is_some()) => {
                visitor.visit_map(Fields { args: self.args().iter(), value: None })
            }
            Kind::Call(..) => visitor.visit_seq(Positions(self.args().iter())),
            Kind::Bad => Err(de::Error::custom("this text cannot be read")),
        };
        got.map_err(|e| e.at(span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match &self.0.kind {
            Kind::Word(word) if word == "None" => Err(nothing().at(self.0.span)),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0.head() {
            Some((name, span)) => {
                visitor.visit_enum(Variant { name, span, value: self.0 }).map_err(|e| e.at(self.0.span))
            }
            None => {
                let found = Error::custom(format_args!("a name is needed here, not {}", self.0.describe()));
                let help = names.first().map_or_else(String::new, |first| format!("write a name such as `{first}`"));
                Err(found.at(self.0.span).help(help))
            }
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let value = self.0;
        let first = fields.first().copied().unwrap_or("name");
        let help = |written: &str| format!("write `({first}: {written})`");
        match (&value.kind, value.args().iter().find(|arg| arg.name.is_none())) {
            (Kind::Call(None, _), None) => self.deserialize_any(visitor),
            (Kind::Call(None, _), Some(arg)) => {
                let found =
                    Error::custom(format_args!("{} needs the name of a setting before it", arg.value.describe()));
                Err(found.at(arg.value.span).help(help(&outline(&arg.value))))
            }
            (Kind::Bad, _) => self.deserialize_any(visitor),
            _ => {
                let found = format_args!("a group `(name: value, ...)` is needed here, not {}", value.describe());
                Err(Error::custom(found).at(value.span).help(help(&outline(value))))
            }
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map identifier ignored_any
    }
}

/// A value as a remedy repeats it: calls by their names, anything else as dots.
fn outline(value: &Value) -> String {
    match &value.kind {
        Kind::Call(Some(name), _) => format!("{}(...)", name.text),
        _ => "...".into(),
    }
}

struct Items<'a>(std::slice::Iter<'a, Value>);

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|value| seed.deserialize(De(value)).map_err(|e| e.at(value.span))).transpose()
    }
}

struct Positions<'a>(std::slice::Iter<'a, Arg>);

impl<'de> de::SeqAccess<'de> for Positions<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        self.0.next().map(|arg| seed.deserialize(De(&arg.value)).map_err(|e| e.at(arg.value.span))).transpose()
    }
}

struct Entries<'a> {
    entries: std::slice::Iter<'a, Entry>,
    value: Option<&'a Value>,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(entry) = self.entries.next() else { return Ok(None) };
        self.value = Some(&entry.value);
        seed.deserialize(De(&entry.key)).map(Some).map_err(|e| e.at(entry.key.span))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let value = self.value.take().ok_or_else(|| Error::custom("a value without a key"))?;
        seed.deserialize(De(value)).map_err(|e| e.at(value.span))
    }
}

struct Fields<'a> {
    args: std::slice::Iter<'a, Arg>,
    value: Option<&'a Value>,
}

impl<'de> de::MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(arg) = self.args.next() else { return Ok(None) };
        self.value = Some(&arg.value);
        let Some(name) = &arg.name else {
            return Err(Error::custom("this needs a name").at(arg.value.span).help("write `name: value`"));
        };
        let key: StrDeserializer<'_, Error> = name.text.as_str().into_deserializer();
        seed.deserialize(key).map(Some).map_err(|e| e.at(name.span))
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Error> {
        let value = self.value.take().ok_or_else(|| Error::custom("a value without a name"))?;
        seed.deserialize(De(value)).map_err(|e| e.at(value.span))
    }
}

struct Variant<'a> {
    name: &'a str,
    span: Span,
    value: &'a Value,
}

impl<'de, 'a> de::EnumAccess<'de> for Variant<'a> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: StrDeserializer<'_, Error> = self.name.into_deserializer();
        let variant = seed.deserialize(name).map_err(|e| e.at(self.span))?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.value.args().first() {
            Some(arg) => {
                let found = Error::custom(format_args!("`{}` takes nothing", self.name)).at(arg.value.span);
                Err(found.help(format!("write `{}` alone", self.name)))
            }
            None => Ok(()),
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        match self.value.args() {
            [Arg { name: None, value }] => seed.deserialize(De(value)).map_err(|e| e.at(value.span)),
            _ => {
                let found = Error::custom(format_args!("`{}` takes one value, without a name", self.name));
                Err(found.help(format!("write `{}(...)` with the value alone", self.name)))
            }
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(Positions(self.value.args().iter()))
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Fields { args: self.value.args().iter(), value: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use graphrun_data::DataSpec;
    use graphrun_load::diagnostics::Diagnostics;
    use graphrun_load::syntax::parse;

    fn read(text: &str) -> Result<DataSpec, String> {
        let mut diagnostics = Diagnostics::default();
        let file = diagnostics.sources.add("m", text);
        let parsed = parse(file, &mut diagnostics);
        from_value(&parsed.root).map_err(|e: Error| {
            let at = e.span.map(|span| diagnostics.sources.slice(span)).unwrap_or_default();
            format!("{at} | {}; {}", e.message, e.help)
        })
    }

    #[test]
    fn reads_what_ron_reads() {
        for text in [
            r#"(source: Csv("a.csv"), feeds: {x: Columns(names: ["p_*"], scale: 0.5), "y": Column(name: "d")}, test: 0.2)"#,
            "(source: Rows({x: [[0, 1.5], [-1, 2e3]], y: [1, 0]}), seed: 3)",
            "(source: Noise(n: 5, columns: {x: Normal(shape: [2])}), test_source: Moons(n: 4, noise: 0.1))",
        ] {
            let options = ron::Options::default().with_default_extension(ron::extensions::Extensions::IMPLICIT_SOME);
            assert_eq!(read(text), Ok(options.from_str(text).unwrap()));
        }
    }

    #[test]
    fn errors_name_the_innermost_place() {
        for (text, expect) in [
            ("(source: Cvs(\"a\"))", "Cvs | there is no kind `Cvs` here; did you mean `Csv`?"),
            ("(source: Csv(3))", "3 | a text in quotes is needed here, not 3; write it in double quotes"),
            ("0", "0 | a group `(name: value, ...)` is needed here, not a number; write `(source: ...)`"),
            (
                "(source: Moons(n: 3), feeds: {3: Column(name: \"a\")})",
                "3 | a name is needed here; `graphrun schema` shows what can be written here",
            ),
            ("(source: None)", "None | there is no kind `None` here; did you mean `Noise`?"),
            ("(source: Moons(n: 3), seed: None)", "None | `None` is no value; a setting without a value is left out"),
            (
                "(source: Moons(n: 3), feeds: {x: Columns(names: 3)})",
                "3 | a list is needed here, not 3; write it between `[` and `]`",
            ),
            ("(source: Moons(n: 3, nose: 1))", "nose | there is no setting `nose` here; did you mean `noise`?"),
            ("(source: Moons(n: -3))", "-3 | a whole number from 0 is needed here, not -3; write digits, as in 3"),
            ("(tets: 3)", "tets | there is no setting `tets` here; did you mean `test`?"),
            ("(test: 0.2)", "(test: 0.2) | `source` is missing; write `source: ...`"),
            ("(source: Moons(3))", "3 | this needs a name; write `name: value`"),
            (
                "Csv(\"a\")",
                "Csv(\"a\") | a group `(name: value, ...)` is needed here, not a call; write `(source: Csv(...))`",
            ),
            ("(Csv(\"a\"))", "Csv(\"a\") | a call needs the name of a setting before it; write `(source: Csv(...))`"),
            ("(source: [1])", "[1] | a name is needed here, not a list; write a name such as `Csv`"),
        ] {
            assert_eq!(read(text).unwrap_err(), expect);
        }
    }
}
