//! Which events of the inbox can be folded in next: those that follow the read model's position without a gap. Each
//! event names the one before it. Pure.

use events::{Position, RecordedEvent};

/// An event of the inbox.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) event: RecordedEvent,
    /// The position of the event before it in the log.
    pub(super) previous: Position,
}

/// The events that follow a position.
#[derive(Debug, Default)]
pub(super) struct Followed {
    /// The events, one after the other.
    pub(super) events: Vec<RecordedEvent>,
    /// Whether there are later events, and one before them is missing.
    pub(super) is_broken: bool,
}

/// Follows a page of the inbox, which is in the order of positions, from `at` on.
pub(super) fn follow(at: Position, page: Vec<Waiting>) -> Followed {
    let mut followed = Followed::default();
    let mut last = at;
    for Waiting { event, previous } in page {
        if previous != last {
            followed.is_broken = true;
            break;
        }
        last = event.position;
        followed.events.push(event);
    }
    followed
}

#[cfg(test)]
mod tests {
    use events::{EventId, Metadata, Revision, StreamName};
    use jiff::Timestamp;
    use serde_json::value::RawValue;
    use uuid::Uuid;

    use super::*;

    fn waiting(previous: u64, position: u64) -> Waiting {
        let event = RecordedEvent {
            position: Position(position),
            stream: StreamName::new("movie-1").unwrap(),
            revision: Revision(1),
            id: EventId(Uuid::from_u128(u128::from(position))),
            event_type: "MovieCreated".to_owned(),
            schema_version: 1,
            metadata: Metadata::at(Timestamp::UNIX_EPOCH),
            data: RawValue::from_string("{}".to_owned()).unwrap(),
        };
        Waiting { event, previous: Position(previous) }
    }

    fn followed(at: u64, page: &[(u64, u64)]) -> (Vec<u64>, bool) {
        let page = page.iter().map(|&(previous, position)| waiting(previous, position)).collect();
        let Followed { events, is_broken } = follow(Position(at), page);
        (events.iter().map(|event| event.position.0).collect(), is_broken)
    }

    #[test]
    fn events_follow_on_each_other_also_where_positions_have_gaps() {
        assert_eq!(followed(0, &[(0, 10), (10, 17), (17, 18)]), (vec![10, 17, 18], false));
        assert_eq!(followed(17, &[(17, 18)]), (vec![18], false));
        assert_eq!(followed(17, &[]), (vec![], false));
    }

    #[test]
    fn nothing_is_given_behind_one_that_is_missing() {
        assert_eq!(followed(0, &[(0, 10), (17, 18), (18, 19)]), (vec![10], true));
        assert_eq!(followed(5, &[(10, 17)]), (vec![], true));
    }

    #[test]
    fn one_that_names_an_earlier_one_than_it_follows_is_not_taken() {
        assert_eq!(followed(10, &[(0, 17)]), (vec![], true));
    }
}
