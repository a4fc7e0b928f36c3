//! Refuses events that cannot be the log's: anything may be written to a topic, and no record shall hold up those
//! after it. Pure.

use event_log::{Arrival, Delivery, MAX_EVENT_BYTES, Refused};
use events::RecordedEvent;

/// The longest text of an event besides its data, in bytes. Those of the log are shorter.
const TEXT_BYTES_MAX: usize = 4096;

/// Moves events that no log can have, or that this store cannot keep, to the refused ones.
pub(super) fn checked(delivery: Delivery) -> Delivery {
    let Delivery { partition, from, next, arrivals, mut refused } = delivery;
    let mut kept = Vec::with_capacity(arrivals.len());
    for arrival in arrivals {
        match flaw(&arrival) {
            None => kept.push(arrival),
            Some(reason) => {
                refused.push(Refused { offset: arrival.offset, reason: reason.to_owned() });
            }
        }
    }
    Delivery { partition, from, next, arrivals: kept, refused }
}

fn flaw(arrival: &Arrival) -> Option<&'static str> {
    let RecordedEvent { position, revision, event_type, metadata, data, .. } = &arrival.event;
    if arrival.previous >= *position {
        return Some("the position of the event before it is not before its own");
    }
    let numbers = [position.0, revision.0, metadata.recorded_at.as_microsecond().unsigned_abs()];
    if numbers.iter().any(|&number| i64::try_from(number).is_err()) {
        return Some("a number in it is beyond what the log can have");
    }
    if data.get().len() > MAX_EVENT_BYTES {
        return Some("its data is larger than any event's");
    }
    let optional = [&metadata.correlation_id, &metadata.traceparent, &metadata.idempotency_key];
    let texts = optional.into_iter().flatten().chain([event_type]);
    let is_odd = |text: &String| text.len() > TEXT_BYTES_MAX || text.contains('\0');
    if texts.into_iter().any(is_odd) || data.get().contains('\0') {
        return Some("a text in it is longer than the log can have, or cannot be stored");
    }
    None
}

#[cfg(test)]
mod tests {
    use events::{EventId, Metadata, Position, Revision, StreamName};
    use jiff::Timestamp;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;

    fn arrival(change: impl FnOnce(&mut Arrival)) -> Arrival {
        let event = RecordedEvent {
            position: Position(7),
            stream: StreamName::new("movie-1").unwrap(),
            revision: Revision(1),
            id: EventId(Uuid::from_u128(7)),
            event_type: "MovieCreated".to_owned(),
            schema_version: 1,
            metadata: Metadata::at(Timestamp::UNIX_EPOCH),
            data: RawValue::from_string("{}".to_owned()).unwrap(),
        };
        let mut arrival = Arrival { event, previous: Position(6), offset: 19 };
        change(&mut arrival);
        arrival
    }

    #[test]
    fn what_no_log_can_have_is_refused_and_the_rest_is_kept() {
        let huge = format!("\"{}\"", "x".repeat(MAX_EVENT_BYTES));
        let arrivals = vec![
            arrival(|_| ()),
            arrival(|a| a.previous = Position(7)),
            arrival(|a| a.event.position = Position(u64::MAX)),
            arrival(|a| a.event.event_type = "Nul\0".to_owned()),
            arrival(|a| a.event.metadata.traceparent = Some("x".repeat(TEXT_BYTES_MAX + 1))),
            arrival(|a| a.event.data = RawValue::from_string(huge).unwrap()),
            arrival(|a| a.event.position = Position(8)),
        ];
        let delivery = Delivery { partition: 3, from: 10, next: 20, arrivals, refused: vec![] };
        let Delivery { arrivals, refused, next, .. } = checked(delivery);
        let kept: Vec<_> = arrivals.iter().map(|arrival| arrival.event.position.0).collect();
        assert_eq!((kept, refused.len(), next), (vec![7, 8], 5, 20));
        assert!(refused.iter().all(|refused| refused.offset == 19));
    }
}
