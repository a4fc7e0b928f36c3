//! What the server keeps: one file of records, in which each stream has its numbered events, as
//! KurrentDB's documentation and its published sources have it. Nothing of Cinelog is known here.

use std::collections::HashMap;

use serde_json::{Value, json};

/// Where the first record is. Positions are places in a file: they have gaps.
const FIRST_POSITION: u64 = 1_337;

/// Something that was written.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) stream: String,
    pub(crate) number: u64,
    pub(crate) position: u64,
    /// The proposed message, as it came.
    pub(crate) message: Value,
}

/// A stream that was written to.
#[derive(Debug, Default)]
struct Stream {
    /// Its records' places in the list of all.
    records: Vec<usize>,
    /// What is before this number is deleted.
    from: u64,
    /// Deleted for good.
    is_gone: bool,
}

/// Everything that was written.
#[derive(Debug, Default)]
pub(crate) struct Store {
    pub(crate) records: Vec<Record>,
    streams: HashMap<String, Stream>,
    /// Where the next record goes.
    end: u64,
}

/// Why nothing was written.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Where the stream is.
    WrongExpectedVersion(Option<u64>),
    Deleted,
}

/// What a writer expects.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Expected {
    Any,
    NoStream,
    Revision(u64),
}

impl Store {
    /// Appends, or recognises what was appended before. Gives the number and the position of the last.
    pub(crate) fn append(
        &mut self,
        name: &str,
        expected: Expected,
        messages: Vec<Value>,
    ) -> Result<(u64, u64), Refusal> {
        let current = self.current(name)?;
        let base = match expected {
            Expected::Any => current,
            Expected::NoStream => None,
            Expected::Revision(number) => Some(number),
        };
        let first = base.map_or(0, |number| number + 1);
        if base < current {
            let is_deleted = matches!(expected, Expected::NoStream) && !self.has_any(name);
            if let Some(last) = self.repeated(name, first, &messages) {
                return Ok(last);
            } else if !is_deleted {
                return Err(Refusal::WrongExpectedVersion(current));
            }
        }
        if base > current {
            return Err(Refusal::WrongExpectedVersion(current));
        }
        let first = current.map_or(0, |number| number + 1);
        let mut last = (first, self.end);
        for (number, message) in (first..).zip(messages) {
            last = (number, self.write(name, number, message));
        }
        Ok(last)
    }

    fn write(&mut self, name: &str, number: u64, message: Value) -> u64 {
        let position = self.end.max(FIRST_POSITION);
        self.end = position + 200 + message["data"].as_str().map_or(0, str::len) as u64;
        self.streams.entry(name.to_owned()).or_default().records.push(self.records.len());
        self.records.push(Record { stream: name.to_owned(), number, position, message });
        position
    }

    /// Writes what servers write of themselves.
    pub(crate) fn write_system_event(&mut self) {
        let message = json!({ "id": { "string": uuid::Uuid::nil().to_string() },
            "metadata": { "type": "$statsCollected", "content-type": "application/json" },
            "custom_metadata": "", "data": "e30=" });
        let number = self.current("$stats-127.0.0.1:2113").unwrap().map_or(0, |last| last + 1);
        self.write("$stats-127.0.0.1:2113", number, message);
    }

    /// The number of a stream's last event, deleted or not.
    fn current(&self, name: &str) -> Result<Option<u64>, Refusal> {
        match self.streams.get(name) {
            Some(stream) if stream.is_gone => Err(Refusal::Deleted),
            Some(stream) => Ok(stream.records.last().map(|index| self.records[*index].number)),
            None => Ok(None),
        }
    }

    fn repeated(&self, name: &str, first: u64, messages: &[Value]) -> Option<(u64, u64)> {
        let stream = self.streams.get(name)?;
        let first = usize::try_from(first).ok()?;
        let found = stream.records.get(first..first + messages.len())?;
        let is_same = |(index, message): (&usize, &Value)| {
            self.records[*index].message["id"] == message["id"]
        };
        if !found.iter().zip(messages).all(is_same) {
            return None;
        }
        let last = &self.records[*found.last()?];
        Some((last.number, last.position))
    }

    fn has_any(&self, name: &str) -> bool {
        self.stream(name).is_ok_and(|stream| stream.is_some_and(|events| !events.is_empty()))
    }

    /// What can be read of a stream. `None` where it was never there or is deleted.
    pub(crate) fn stream(&self, name: &str) -> Result<Option<Vec<&Record>>, Refusal> {
        let Some(stream) = self.streams.get(name) else { return Ok(None) };
        if stream.is_gone {
            return Err(Refusal::Deleted);
        }
        let records = stream.records.iter().map(|index| &self.records[*index]);
        let events: Vec<_> = records.filter(|record| record.number >= stream.from).collect();
        Ok((!events.is_empty()).then_some(events))
    }

    /// Deletes what is in a stream; it may be written again.
    pub(crate) fn delete(&mut self, name: &str, expected: Expected) -> Result<u64, Refusal> {
        let current = self.current(name)?;
        match expected {
            Expected::Revision(number) if current == Some(number) => {}
            Expected::Any => {}
            _ => return Err(Refusal::WrongExpectedVersion(current)),
        }
        let from = current.map_or(0, |number| number + 1);
        self.streams.entry(name.to_owned()).or_default().from = from;
        let message = json!({ "id": { "string": uuid::Uuid::nil().to_string() },
            "metadata": { "type": "$metadata", "content-type": "application/json" },
            "custom_metadata": "", "data": "e30=" });
        let metadata = format!("$${name}");
        let number = self.current(&metadata)?.map_or(0, |last| last + 1);
        Ok(self.write(&metadata, number, message))
    }

    /// Deletes a stream for good, as an operator may.
    pub(crate) fn tombstone(&mut self, name: &str) {
        self.streams.entry(name.to_owned()).or_default().is_gone = true;
    }

    /// Whether a record begins there, or the next one will.
    pub(crate) fn is_place(&self, position: u64) -> bool {
        position >= self.end
            || self.records.binary_search_by_key(&position, |record| record.position).is_ok()
    }
}
