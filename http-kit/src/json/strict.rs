//! Reads a JSON value into a type without serde's leniency: an object is an object, and a member that the type
//! has no field for is wrong, whether or not the type says so.
//!
//! serde's derived structs can also be read from an array of their fields in order. To a client that is
//! no documented form, and which value lands in which field would hang on the order of our source code.
//! And serde stops at the first unknown member; here all of them are found, and the rest is read.

mod members;

use serde::{
    de::{self, DeserializeOwned, Error as _, Unexpected, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Error, Map, Value};

use self::members::{Elements, Members};
use super::{misfit, pointer};
use crate::{FieldError, Problem};

/// So many unknown members are looked for: one more than an answer lists, so that it says that there are more.
const UNKNOWN_MAX: usize = Problem::ERRORS_MAX + 1;

/// Reads `value` as a `T`.
///
/// # Errors
/// All members that there is no field for, after the first other thing that is wrong; never none.
pub(super) fn read<T: DeserializeOwned>(value: Value) -> Result<T, Vec<FieldError>> {
    let mut reading = Reading::default();
    let read = T::deserialize(Strict { value, reading: &mut reading });
    match read {
        Ok(read) if reading.unknown.is_empty() => Ok(read),
        Ok(_) => Err(reading.unknown),
        Err(error) => {
            let stopped = misfit::field_error(reading.at, &error);
            Err(std::iter::once(stopped).chain(reading.unknown).collect())
        }
    }
}

/// What is known while a value is read.
#[derive(Default)]
struct Reading {
    /// What is being read: a JSON Pointer. Where reading stopped, it stays.
    at: String,
    unknown: Vec<FieldError>,
}

impl Reading {
    /// Takes out of an object what there are no `fields` for.
    fn take_unknown(&mut self, members: &mut Map<String, Value>, fields: &[&str]) {
        members.retain(|name, _| {
            let is_known = fields.contains(&name.as_str());
            if !is_known && self.unknown.len() < UNKNOWN_MAX {
                let mut at = self.at.clone();
                pointer::push(&mut at, name);
                let detail = format!("is not known here; expected {}", fields.join(", "));
                self.unknown.push(FieldError::pointer(at, detail));
            }
            is_known
        });
    }
}

/// A value that structs are read from only if it is an object, and so all the way down.
struct Strict<'r> {
    value: Value,
    reading: &'r mut Reading,
}

impl Strict<'_> {
    fn unexpected(&self) -> Unexpected<'_> {
        match &self.value {
            Value::Null => Unexpected::Other("null"),
            Value::Bool(value) => Unexpected::Bool(*value),
            Value::Number(_) => Unexpected::Other("number"),
            Value::String(text) => Unexpected::Str(text),
            Value::Array(_) => Unexpected::Other("array"),
            Value::Object(_) => Unexpected::Other("object"),
        }
    }
}

impl<'de> de::Deserializer<'de> for Strict<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.value {
            Value::Array(items) => Elements::new(items, self.reading).visited_by(visitor),
            Value::Object(members) => Members::new(members, self.reading).visited_by(visitor),
            scalar => scalar.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.value {
            Value::Object(mut members) => {
                self.reading.take_unknown(&mut members, fields);
                Members::new(members, self.reading).visited_by(visitor)
            }
            _ => Err(Error::invalid_type(self.unexpected(), &"an object")),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.value.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
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
        self.value.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests;
