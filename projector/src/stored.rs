//! What the rows of a read model in SQL mean, the same for every store. Knows no store.

use events::{AccountId, Digest, MovieId, Position, Revision, StreamName};
use jiff::Timestamp;
use read_model::{Checkpoint, RatingDocument, RatingState, StoredMovie, WithdrawnRating};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{StoreError, port::ParkedStream};

/// Generation, position, and the count and hash of the digest.
pub(crate) type CheckpointRow = (i64, i64, i64, Vec<u8>);

/// Stream, position of the poison event, reason, whether it is to be tried again, number of events.
pub(crate) type ParkedRow = (String, i64, String, bool, i64);

/// Film, account and revision; value and time, unless the rating is withdrawn.
pub(crate) type RatingRow = (Uuid, Uuid, i64, Option<i16>, Option<i64>);

/// A number as stores keep it: at most 2^63 - 1.
pub(crate) fn integer(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number)
        .map_err(|_| StoreError::Damaged(format!("{number} is beyond any position")))
}

/// A number that a store keeps. It must not be negative.
pub(crate) fn natural(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Damaged(format!("{number} is below zero")))
}

/// Makes sure that a statement touched the rows it was meant for, no more and no fewer.
pub(crate) fn expect_rows(what: &str, affected: u64, rows: usize) -> Result<(), StoreError> {
    if affected == rows as u64 {
        return Ok(());
    }
    Err(StoreError::Damaged(format!("{what} touched {affected} rows, not {rows}")))
}

pub(crate) fn checkpoint(
    (generation, position, count, hash): CheckpointRow,
) -> Result<(Checkpoint, Digest), StoreError> {
    let hash = hash.try_into().map_err(|_| StoreError::Damaged("a hash is cut off".to_owned()))?;
    let checkpoint =
        Checkpoint { generation: natural(generation)?, position: Position(natural(position)?) };
    Ok((checkpoint, Digest { count: natural(count)?, hash }))
}

pub(crate) fn parked(
    (stream, position, reason, retry, events): ParkedRow,
) -> Result<ParkedStream, StoreError> {
    let position = Position(natural(position)?);
    Ok(ParkedStream { stream, position, reason, retry, events: natural(events)? })
}

/// The name of a stream that is parked.
pub(crate) fn stream(name: String) -> Result<StreamName, StoreError> {
    StreamName::new(name).map_err(|error| StoreError::Damaged(format!("parked: {error}")))
}

/// A film: its key, which is the position at which it was created, and its document.
pub(crate) fn movie((key, json): (i64, String)) -> Result<StoredMovie, StoreError> {
    Ok(StoredMovie { created: Position(natural(key)?), document: document(&json)? })
}

pub(crate) fn rating(
    (movie_id, account_id, revision, value, rated_at): RatingRow,
) -> Result<RatingState, StoreError> {
    let (movie_id, account_id) = (MovieId(movie_id), AccountId(account_id));
    let revision = Revision(natural(revision)?);
    let (Some(value), Some(rated_at)) = (value, rated_at) else {
        let withdrawn = WithdrawnRating { movie_id, account_id, revision };
        return Ok(RatingState::Withdrawn(withdrawn));
    };
    let damaged = |what: &str| StoreError::Damaged(format!("a rating: its {what} cannot be"));
    let rated_at = Timestamp::from_microsecond(rated_at).map_err(|_| damaged("time"))?;
    let value = u8::try_from(value).map_err(|_| damaged("value"))?;
    let document = RatingDocument { movie_id, account_id, value, rated_at, revision };
    Ok(RatingState::Given(document))
}

/// The document of a film or a facet.
pub(crate) fn document<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::Damaged(format!("a stored document: {error}")))
}
