//! The members of an object and the elements of an array, one after the other, with the place of each.

use std::vec;

use serde::de::{
    DeserializeSeed, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    value::StringDeserializer,
};
use serde_json::{Error, Map, Value, map};

use super::{Reading, Strict};
use crate::json::pointer;

/// The members of an object.
pub(super) struct Members<'r> {
    rest: map::IntoIter,
    /// The value of the member whose name has been read.
    value: Option<Value>,
    /// How long the pointer to the object is.
    here: usize,
    reading: &'r mut Reading,
}

impl<'r> Members<'r> {
    pub(super) fn new(members: Map<String, Value>, reading: &'r mut Reading) -> Self {
        let here = reading.at.len();
        Self { rest: members.into_iter(), value: None, here, reading }
    }

    /// What `visitor` makes of them. It must read all of them.
    pub(super) fn visited_by<'de, V: Visitor<'de>>(
        mut self,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let read = visitor.visit_map(&mut self)?;
        self.reading.at.truncate(self.here);
        match self.rest.len() {
            0 => Ok(read),
            more => Err(Error::invalid_length(more, &"no more members")),
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        // Whatever came of the member before: its reader may have passed over an error.
        self.reading.at.truncate(self.here);
        let Some((name, value)) = self.rest.next() else { return Ok(None) };
        pointer::push(&mut self.reading.at, &name);
        self.value = Some(value);
        let name: StringDeserializer<Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let value = self.value.take().ok_or_else(|| Error::custom("a value without a name"))?;
        seed.deserialize(Strict { value, reading: self.reading })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}

/// The elements of an array.
pub(super) struct Elements<'r> {
    rest: vec::IntoIter<Value>,
    /// How many have been read.
    index: usize,
    /// How long the pointer to the array is.
    here: usize,
    reading: &'r mut Reading,
}

impl<'r> Elements<'r> {
    pub(super) fn new(elements: Vec<Value>, reading: &'r mut Reading) -> Self {
        let here = reading.at.len();
        Self { rest: elements.into_iter(), index: 0, here, reading }
    }

    /// What `visitor` makes of them. It must read all of them.
    pub(super) fn visited_by<'de, V: Visitor<'de>>(
        mut self,
        visitor: V,
    ) -> Result<V::Value, Error> {
        let read = visitor.visit_seq(&mut self)?;
        self.reading.at.truncate(self.here);
        match self.rest.len() {
            0 => Ok(read),
            more => Err(Error::invalid_length(self.index + more, &"fewer elements")),
        }
    }
}

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        self.reading.at.truncate(self.here);
        let Some(value) = self.rest.next() else { return Ok(None) };
        pointer::push(&mut self.reading.at, self.index);
        self.index += 1;
        seed.deserialize(Strict { value, reading: self.reading }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.rest.len())
    }
}
