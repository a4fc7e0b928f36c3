//! Reads a JSON value into a type without serde's leniency: an object is an object.
//!
//! serde's derived structs can also be read from an array of their fields in order. To a client that is
//! no documented form, and which value lands in which field would hang on the order of our source code.

use serde::{
    de::{
        self, Error as _, IntoDeserializer, Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

/// A value that structs are read from only if it is an object, and so all the way down.
pub(super) struct Strict(pub(super) Value);

impl Strict {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.0 {
            Value::Null => Unexpected::Other("null"),
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Other("array"),
            Value::Object(_) => Unexpected::Other("object"),
        }
    }
}

impl<'de> IntoDeserializer<'de, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> de::Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Strict));
                let list = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(list)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Strict(value)));
                let mut members = MapDeserializer::new(members);
                let object = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(object)
            }
            scalar => scalar.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        if !self.0.is_object() {
            return Err(Error::invalid_type(self.unexpected(), &"an object"));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Film {
        title: String,
        ids: Option<Ids>,
        #[serde(default)]
        scores: Vec<f64>,
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Ids {
        tmdb: u32,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Short,
    }

    fn read(value: Value) -> Result<Film, String> {
        Film::deserialize(Strict(value)).map_err(|error| error.to_string())
    }

    #[test]
    fn objects_lists_numbers_and_enums_are_read_as_usual() {
        let film =
            read(json!({"title": "x", "ids": {"tmdb": 1}, "scores": [1, 2.5], "kind": "short"}));
        let ids = Some(Ids { tmdb: 1 });
        let scores = vec![1.0, 2.5];
        assert_eq!(film, Ok(Film { title: "x".to_owned(), ids, scores, kind: Some(Kind::Short) }));
        assert!(read(json!({"title": "x", "ids": null})).is_ok());
    }

    #[test]
    fn an_array_is_no_object_at_any_depth() {
        assert!(read(json!(["x", null, [], null])).unwrap_err().contains("expected an object"));
        assert!(
            read(json!({"title": "x", "ids": [1]})).unwrap_err().contains("expected an object")
        );
    }

    #[test]
    fn a_number_must_fit() {
        assert!(read(json!({"title": "x", "ids": {"tmdb": -1}})).is_err());
        assert!(read(json!({"title": "x", "ids": {"tmdb": 1.5}})).is_err());
        assert!(read(json!({"title": 1})).is_err());
    }
}
