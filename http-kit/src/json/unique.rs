//! JSON in which every name is unique within its object.
//!
//! `serde_json` alone keeps the last of two members with the same name, and what stands in front of
//! this server may keep the first: the two would read different documents. So neither is read.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::pointer;

/// Why bytes are not such JSON.
#[derive(Debug)]
pub(super) enum NotJson {
    /// They are not JSON at all, or nested deeper than 128 levels; with line and column.
    Syntax(serde_json::Error),
    /// The member under this pointer is there twice.
    Repeated(String),
}

/// Reads one JSON document and nothing after it.
pub(super) fn parse(bytes: &[u8]) -> Result<Value, NotJson> {
    let mut at = String::new();
    let mut repeated = None;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let unique = Unique { at: &mut at, repeated: &mut repeated };
    let read = unique.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| match repeated {
        Some(pointer) => NotJson::Repeated(pointer),
        None => NotJson::Syntax(error),
    })
}

/// Reads a value, keeping track of where it is.
struct Unique<'a> {
    at: &'a mut String,
    repeated: &'a mut Option<String>,
}

impl Unique<'_> {
    /// The reader of what stands one step further down.
    fn below(&mut self) -> Unique<'_> {
        Unique { at: self.at, repeated: self.repeated }
    }
}

impl<'de> DeserializeSeed<'de> for Unique<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let here = self.at.len();
        loop {
            pointer::push(self.at, list.len());
            let Some(item) = items.next_element_seed(self.below())? else { break };
            list.push(item);
            self.at.truncate(here);
        }
        self.at.truncate(here);
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let here = self.at.len();
        while let Some(name) = members.next_key::<String>()? {
            pointer::push(self.at, &name);
            if object.contains_key(&name) {
                *self.repeated = Some(self.at.clone());
                return Err(de::Error::custom("repeated name"));
            }
            let value = members.next_value_seed(self.below())?;
            object.insert(name, value);
            self.at.truncate(here);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn repeated(text: &str) -> Option<String> {
        match parse(text.as_bytes()) {
            Err(NotJson::Repeated(pointer)) => Some(pointer),
            _ => None,
        }
    }

    #[test]
    fn a_repeated_name_is_found_at_any_depth() {
        assert_eq!(repeated(r#"{"a":1,"a":1}"#).as_deref(), Some("/a"));
        assert_eq!(repeated(r#"{"x":[0,{"a/b":1,"c":[],"a/b":2}]}"#).as_deref(), Some("/x/1/a~1b"));
        assert_eq!(repeated(r#"{"a":{"b":1},"c":{"b":1}}"#), None);
        assert_eq!(repeated(r#"{"a":1,"\u0061":1}"#).as_deref(), Some("/a"));
    }

    #[test]
    fn what_is_not_json_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in ["", " ", "{", "{}{}", "{'a':1}", "NaN", "01", "[1,]", "\u{feff}{}", &deep] {
            assert!(matches!(parse(text.as_bytes()), Err(NotJson::Syntax(_))), "{text}");
        }
        assert!(matches!(parse(b"\"\xff\""), Err(NotJson::Syntax(_))));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            "\\PC{0,5}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::hash_map("[a-c/~]{0,3}", inner, 0..4)
                    .prop_map(|map| json!(map)),
            ]
        })
    }

    proptest! {
        #[test]
        fn json_without_repeats_is_read_as_serde_json_reads_it(value in any_json()) {
            let text = value.to_string();
            let expected: Value = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(parse(text.as_bytes()).unwrap(), expected);
        }
    }
}
