//! Reading: pages of a stream, pages of the log, and where the log ends. All of it is asked of the
//! leader, since another node may not have seen yet what was acknowledged.

use std::sync::{Arc, Mutex, PoisonError};

use events::{Position, RecordedEvent, Revision, StreamName};
use eventstore::{
    Position as ServerPosition, ReadAllOptions, ReadStream, ReadStreamOptions, ResolvedEvent,
    StreamPosition, SubscriptionFilter,
};

use super::{connection::Connection, envelope, failure::Failure, names::Names, number};
use crate::{
    Direction, LogError,
    subscription::{PAGE, Page, PageLimits},
};

/// How many events of a page the list has room for from the start.
const PAGE_ROOM_EVENTS: usize = 1024;

/// The largest number that the server can have for a position.
const LAST_POSITION: Position = Position(i64::MAX as u64);

/// Reads. Clones are the same reader.
#[derive(Clone)]
pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) names: Names,
    tail: Arc<Mutex<Tail>>,
}

/// What was found at the end of the log when it was last looked at.
#[derive(Debug, Default)]
struct Tail {
    /// The last record of the server, of whatever kind.
    tip: Position,
    /// The last event of this log up to there.
    head: Position,
}

impl Reader {
    pub(super) fn new(connection: Connection, names: Names) -> Self {
        Self { connection, names, tail: Arc::default() }
    }

    /// At most `limit` events of a stream of the server's, as they are there: forwards from `from`,
    /// backwards from the end.
    pub(super) async fn raw_stream(
        &self,
        name: &str,
        direction: Direction,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<ResolvedEvent>, Failure> {
        let options = ReadStreamOptions::default()
            .deadline(self.connection.deadline)
            .requires_leader(true)
            .max_count(limit);
        let options = match (direction, number(from)) {
            (Direction::Backwards, _) => options.position(StreamPosition::End),
            (Direction::Forwards, None) => options.position(StreamPosition::Start),
            (Direction::Forwards, Some(number)) => {
                options.position(StreamPosition::Position(number)).forwards()
            }
        };
        let read = |client: eventstore::Client| {
            let options = &options;
            async move {
                let mut stream = client.read_stream(name, options).await?;
                let mut found = Vec::new();
                while let Some(event) = stream.next().await? {
                    found.push(event);
                }
                Ok(found)
            }
        };
        match self.connection.call(read).await {
            Err(Failure::NoStream) => Ok(Vec::new()),
            other => other,
        }
    }

    /// The last event of a stream of the server's.
    pub(super) async fn last_of(&self, name: &str) -> Result<Option<ResolvedEvent>, Failure> {
        Ok(self.raw_stream(name, Direction::Backwards, Revision::NONE, 1).await?.pop())
    }

    /// Where a stream of events is.
    pub(super) async fn revision_of(&self, name: &str) -> Result<Revision, Failure> {
        let last = self.last_of(name).await?.and_then(|event| event.event);
        Ok(last.map_or(Revision::NONE, |event| super::revision(event.revision)))
    }

    /// A stream of this log, from a revision on.
    pub(super) async fn stream(
        &self,
        stream: &StreamName,
        from: Revision,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        // A stream of another name than this log's has no events here.
        let Ok(name) = self.names.stream(stream) else { return Ok(Vec::new()) };
        let found = self.raw_stream(&name, Direction::Forwards, from, limit).await?;
        found.into_iter().map(|event| envelope::recorded(&self.names, event)).collect()
    }

    /// The last event of the log.
    ///
    /// Where the server has nothing new, it is not asked for more than that. Else it looks backwards for
    /// an event of this log, which is near unless others fill the server.
    pub(super) async fn head(&self) -> Result<Position, LogError> {
        let tip = self.tip().await?;
        {
            let tail = self.tail();
            if tip == tail.tip {
                return Ok(tail.head);
            }
        }
        let options = self.options(Some(self.names.events_filter())).position(StreamPosition::End);
        let head = match self.first(&options).await? {
            Some(event) => envelope::recorded(&self.names, event)?.position,
            None => Position::START,
        };
        let mut tail = self.tail();
        if tip > tail.tip {
            *tail = Tail { tip, head };
        }
        Ok(head)
    }

    /// The last record of the server, of whatever kind.
    pub(super) async fn tip(&self) -> Result<Position, LogError> {
        let options = self.options(None).position(StreamPosition::End);
        match self.first(&options).await?.and_then(|event| event.event) {
            Some(event) => envelope::position(&event),
            None => Ok(Position::START),
        }
    }

    /// The events of this log after a position, or before it, at most `limit`.
    pub(super) async fn all(
        &self,
        from: Position,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        let limits = PageLimits { events_max: limit, bytes_max: usize::MAX };
        Ok(self.page(from, direction, limits).await?.events)
    }

    /// A page of what a subscription gives.
    pub(super) async fn next_page(&self, after: Position) -> Result<Page, LogError> {
        self.page(after, Direction::Forwards, PAGE).await
    }

    async fn page(
        &self,
        from: Position,
        direction: Direction,
        limits: PageLimits,
    ) -> Result<Page, LogError> {
        let nothing = Page { events: Vec::new(), is_full: false };
        let is_beyond = direction == Direction::Forwards && from > LAST_POSITION;
        if limits.events_max == 0 || is_beyond {
            return Ok(nothing);
        }
        match self.page_from(Some(from), from, direction, limits).await {
            Ok(page) => page,
            // Positions are places in the server's files: one that was made up is the place of nothing,
            // and the server then reads from nowhere. What there is is read from the end that is known.
            Err(Failure::NoSuchPosition) => match direction {
                Direction::Forwards if from >= self.tip().await? => Ok(nothing),
                _ => self.page_from(None, from, direction, limits).await?,
            },
            Err(other) => Err(other.into()),
        }
    }

    /// Reads from a place that the server knows, and passes over what `from` excludes.
    async fn page_from(
        &self,
        place: Option<Position>,
        from: Position,
        direction: Direction,
        limits: PageLimits,
    ) -> Result<Result<Page, LogError>, Failure> {
        let options = self.options(Some(self.names.events_filter()));
        // The server's forwards includes the place itself.
        let count = match place {
            Some(_) => limits.events_max.saturating_add(1),
            None => usize::MAX,
        };
        let options = match direction {
            Direction::Forwards => options.position(start(place)).forwards().max_count(count),
            Direction::Backwards => options.position(end(place)).backwards().max_count(count),
        };
        self.connection
            .call(|client| {
                let options = &options;
                async move {
                    let mut stream = client.read_all(options).await?;
                    self.collect(&mut stream, from, direction, limits).await
                }
            })
            .await
    }

    /// What a read gives, until the limits; the rest of it is not asked for.
    async fn collect(
        &self,
        stream: &mut ReadStream,
        from: Position,
        direction: Direction,
        limits: PageLimits,
    ) -> eventstore::Result<Result<Page, LogError>> {
        let mut events = Vec::with_capacity(limits.events_max.min(PAGE_ROOM_EVENTS));
        let mut bytes = 0;
        while let Some(event) = stream.next().await? {
            let event = match envelope::recorded(&self.names, event) {
                Ok(event) => event,
                Err(damaged) => return Ok(Err(damaged)),
            };
            let is_wanted = match direction {
                Direction::Forwards => event.position > from,
                Direction::Backwards => event.position < from,
            };
            if !is_wanted {
                continue;
            }
            bytes += event.data.get().len();
            events.push(event);
            if events.len() >= limits.events_max || bytes >= limits.bytes_max {
                return Ok(Ok(Page { events, is_full: true }));
            }
        }
        Ok(Ok(Page { events, is_full: false }))
    }

    /// A page of the server's events that a filter lets through, as they are, after a position that was
    /// read before; forwards.
    pub(super) async fn raw_all(
        &self,
        filter: SubscriptionFilter,
        after: Position,
        limit: usize,
    ) -> Result<Vec<ResolvedEvent>, Failure> {
        let options = self
            .options(Some(filter))
            .position(start((after > Position::START).then_some(after)))
            .forwards()
            .max_count(limit.saturating_add(1));
        let found = self
            .connection
            .call(|client| {
                let options = &options;
                async move {
                    let mut stream = client.read_all(options).await?;
                    let mut found = Vec::new();
                    while let Some(event) = stream.next().await? {
                        found.push(event);
                    }
                    Ok(found)
                }
            })
            .await?;
        let is_after = |event: &ResolvedEvent| event.get_original_event().position.commit > after.0;
        Ok(found.into_iter().filter(is_after).take(limit).collect())
    }

    /// The first event that a read gives.
    async fn first(&self, options: &ReadAllOptions) -> Result<Option<ResolvedEvent>, LogError> {
        let options = options.clone().max_count(1);
        let read = self.connection.call(|client| {
            let options = &options;
            async move { client.read_all(options).await?.next().await }
        });
        Ok(read.await?)
    }

    fn options(&self, filter: Option<SubscriptionFilter>) -> ReadAllOptions {
        let options =
            ReadAllOptions::default().deadline(self.connection.deadline).requires_leader(true);
        match filter {
            Some(filter) => options.filter(filter),
            None => options,
        }
    }

    fn tail(&self) -> std::sync::MutexGuard<'_, Tail> {
        // What is in there is right at every moment, whoever panicked.
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the server reads forwards from. Before the first event is its own word for it.
fn start(place: Option<Position>) -> StreamPosition<ServerPosition> {
    match place {
        None | Some(Position::START) => StreamPosition::Start,
        Some(place) => StreamPosition::Position(server_position(place)),
    }
}

/// Where the server reads backwards from.
fn end(place: Option<Position>) -> StreamPosition<ServerPosition> {
    match place {
        None => StreamPosition::End,
        Some(place) if place > LAST_POSITION => StreamPosition::End,
        Some(place) => StreamPosition::Position(server_position(place)),
    }
}

/// Whatever is appended commits itself: its commit and its prepare position are one number.
fn server_position(Position(position): Position) -> ServerPosition {
    ServerPosition { commit: position, prepare: position }
}
