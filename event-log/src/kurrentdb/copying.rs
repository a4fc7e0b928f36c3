//! Copying: taking over recorded events and remembered keys of another log, and listing the keys.
//!
//! The server has one order of all events, and only that of their arrival: so they are sent one after
//! another, each when the one before was acknowledged. Neighbours of one stream go together. All are
//! sent at their exact revisions, so what a copy sends again after it was interrupted is recognised.

use std::{collections::BTreeSet, sync::Arc};

use async_trait::async_trait;
use events::{Digest, NewEvent, Position, RecordedEvent, Revision};
use eventstore::EventData;
use futures::{StreamExt, TryStreamExt, stream};

use super::{
    KurrentLog, digest::Digests, envelope, failure::Failure, forget, keys, read::Reader, write,
};
use crate::{
    CopyableLog, LogError, MAX_APPEND_BYTES, MAX_APPEND_EVENTS, RESTORE_EVENTS_MAX,
    RESTORE_KEYS_MAX, RememberedKey, RestoreError,
};

/// Claims looked at in one page.
const PAGE_CLAIMS: usize = 1_000;

/// Keys that are read or written at the same time.
const KEYS_AT_ONCE: usize = 16;

impl KurrentLog {
    /// Does something while no append of this process is under way, to its end.
    async fn alone<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, LogError> {
        let all = u32::try_from(self.places_max).unwrap_or(u32::MAX);
        let places = Arc::clone(&self.places).acquire_many_owned(all).await;
        let places = places.map_err(|_| LogError::Unavailable("the log is closed".to_owned()))?;
        let working = self.appending.spawn(async move {
            let done = work.await;
            drop(places);
            done
        });
        working.await.map_err(|error| LogError::Unavailable(error.to_string()))
    }
}

#[async_trait]
impl CopyableLog for KurrentLog {
    async fn restore(
        &self,
        after: Digest,
        events: Vec<RecordedEvent>,
    ) -> Result<Digest, RestoreError> {
        let (reader, digests) = (self.reader.clone(), self.digests.clone());
        let work = async move { restore(&reader, &digests, after, events).await };
        let (digest, last) = self.alone(work).await??;
        if let Some(last) = last {
            self.state.wake(last);
        }
        Ok(digest)
    }

    async fn remembered_keys(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<RememberedKey>, LogError> {
        remembered_keys(&self.reader, after, limit).await
    }

    async fn restore_keys(&self, keys: Vec<RememberedKey>) -> Result<u64, LogError> {
        let reader = self.reader.clone();
        self.alone(async move { restore_keys(&reader, keys).await }).await?
    }
}

/// Takes over events where the log is at the digest `after`; gives the digest with them. Whoever calls
/// keeps appends of this process away. Whether another process has appended in between is found out
/// afterwards.
async fn restore(
    reader: &Reader,
    digests: &Digests,
    after: Digest,
    events: Vec<RecordedEvent>,
) -> Result<(Digest, Option<Position>), RestoreError> {
    at_most("events", events.len(), RESTORE_EVENTS_MAX)?;
    let actual = digests.at(Position(u64::MAX)).await?;
    if actual != after {
        return Err(RestoreError::NotTheBeginning { actual });
    }
    let (mut digest, mut last) = (after, None);
    let mut runs = Runs(events.into_iter().peekable());
    while let Some(run) = runs.next()? {
        let name = reader.names.stream(&run.stream)?;
        match write::append(&reader.connection, &name, run.base, &run.events).await {
            Ok(written) => last = written.position.or(last),
            Err(Failure::WrongRevision(revision)) => {
                let actual = digests.at(Position(u64::MAX)).await?;
                if actual != digest {
                    return Err(RestoreError::NotTheBeginning { actual });
                }
                let reason = format!(
                    "{} is at revision {revision}, and what was to follow revision {} of it came next",
                    run.stream, run.base
                );
                return Err(LogError::Damaged { position: None, reason }.into());
            }
            Err(failure) => return Err(LogError::from(failure).into()),
        }
        digest = run.with(digest);
    }
    let actual = digests.at(Position(u64::MAX)).await?;
    match actual == digest {
        true => Ok((digest, last)),
        false => Err(RestoreError::NotTheBeginning { actual }),
    }
}

/// Events that are sent together: neighbours of one stream.
struct Run {
    stream: events::StreamName,
    /// Where the stream is before them.
    base: Revision,
    facts: Vec<RecordedEvent>,
    events: Vec<EventData>,
}

impl Run {
    fn with(&self, digest: Digest) -> Digest {
        self.facts.iter().fold(digest, Digest::extend)
    }
}

/// Events in their order, run by run.
struct Runs(std::iter::Peekable<std::vec::IntoIter<RecordedEvent>>);

impl Runs {
    fn next(&mut self) -> Result<Option<Run>, LogError> {
        let Some(first) = self.0.next() else { return Ok(None) };
        let before = first.revision.0.checked_sub(1);
        let base = before.map(Revision).ok_or_else(|| LogError::Damaged {
            position: Some(first.position),
            reason: "an event is at no revision".to_owned(),
        })?;
        let (stream, mut bytes) = (first.stream.clone(), first.data.get().len());
        let mut facts = vec![first];
        while facts.len() < MAX_APPEND_EVENTS {
            let expected = Revision(base.0 + facts.len() as u64).next();
            let follows = |next: &RecordedEvent| {
                next.stream == stream
                    && next.revision == expected
                    && bytes + next.data.get().len() <= MAX_APPEND_BYTES
            };
            let Some(next) = self.0.next_if(follows) else { break };
            bytes += next.data.get().len();
            facts.push(next);
        }
        let events = facts.iter().map(proposed).collect::<Result<_, _>>()?;
        Ok(Some(Run { stream, base, facts, events }))
    }
}

fn proposed(event: &RecordedEvent) -> Result<EventData, LogError> {
    envelope::proposed(&NewEvent {
        id: event.id,
        event_type: event.event_type.clone(),
        schema_version: event.schema_version,
        metadata: event.metadata.clone(),
        data: event.data.clone(),
    })
}

/// The remembered keys after `after` in the order of their bytes, at most `limit`; none only where
/// there are no more.
async fn remembered_keys(
    reader: &Reader,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<RememberedKey>, LogError> {
    let mut after = after.map(str::to_owned);
    if limit == 0 {
        return Ok(Vec::new());
    }
    loop {
        let claimed = claimed(reader, after.as_deref(), limit).await?;
        let is_last = claimed.len() < limit;
        after = claimed.last().cloned();
        // A claim may be of an append that never happened.
        let found: Vec<Option<RememberedKey>> = stream::iter(claimed)
            .map(async |key| keys::remembered(reader, &key).await)
            .buffered(KEYS_AT_ONCE)
            .try_collect()
            .await?;
        let found: Vec<RememberedKey> = found.into_iter().flatten().collect();
        if is_last || !found.is_empty() {
            return Ok(found);
        }
    }
}

/// The first `limit` keys after `after` that were ever claimed. The server has them in the order of time:
/// all are looked at, and so many kept.
async fn claimed(
    reader: &Reader,
    after: Option<&str>,
    limit: usize,
) -> Result<BTreeSet<String>, LogError> {
    let (mut first, (_, mut seen)) = (BTreeSet::new(), forget::forgotten(reader).await?);
    loop {
        let page = reader.raw_all(reader.names.keys_filter(), seen, PAGE_CLAIMS).await?;
        let is_last = page.len() < PAGE_CLAIMS;
        for event in page {
            seen = envelope::position(event.get_original_event())?;
            let key = keys::claim(event)?.1.key;
            if after.is_none_or(|after| key.as_str() > after) {
                first.insert(key);
            }
            if first.len() > limit {
                first.pop_last();
            }
        }
        if is_last {
            return Ok(first);
        }
    }
}

/// Remembers keys that are not taken; gives how many. Each by itself.
async fn restore_keys(reader: &Reader, keys: Vec<RememberedKey>) -> Result<u64, LogError> {
    at_most("keys", keys.len(), RESTORE_KEYS_MAX)?;
    stream::iter(keys)
        .map(async |key| keys::restore(reader, key).await)
        .buffer_unordered(KEYS_AT_ONCE)
        .try_fold(0, async |sum, is_new| Ok(sum + u64::from(is_new)))
        .await
}

fn at_most(what: &str, actual: usize, limit: usize) -> Result<(), LogError> {
    if actual <= limit {
        return Ok(());
    }
    Err(LogError::Unavailable(format!("{actual} {what} are more than the {limit} of one call")))
}
