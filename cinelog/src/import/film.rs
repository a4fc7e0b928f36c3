//! One film of an import: load what is known of it, decide, append.

use domain::{
    Aggregate, Invalid,
    movie::{Movie, MovieAction, MovieCommand, MovieDraft},
};
use event_log::{Append, AppendError, EventLog, Expected, LogError, MAX_APPEND_EVENTS};
use events::{Event, EventId, Metadata, MovieId, NewEvent, Revision, StreamName, decode};
use http_kit::Clock;

use super::{Known, Outcome, row::Row};

/// How often a film is tried again that others change at the same moment.
const TRIES: usize = 8;

/// Brings one film to what its row says.
///
/// # Errors
/// Where the log fails; then the whole import stops, and can be started again.
pub(super) async fn import_film(
    log: &dyn EventLog,
    clock: &Clock,
    known: Known,
    row: Row,
) -> Result<Outcome, LogError> {
    let stream = StreamName::movie(row.movie);
    for _ in 0..TRIES {
        let (film, revision) = match load(log, &stream).await? {
            Ok(loaded) => loaded,
            Err(reason) => return Ok(Outcome::Refused(vec![reason])),
        };
        let is_new = film == Movie::Unknown;
        if !is_new && known == Known::LeaveAlone {
            return Ok(Outcome::Unchanged);
        }
        let decided = decide(&film, row.movie, action(row.draft.clone(), is_new))
            .and_then(|events| encode(clock, &events));
        let events = match decided {
            Ok(events) if events.is_empty() => return Ok(Outcome::Unchanged),
            Ok(events) => events,
            Err(reasons) => return Ok(Outcome::Refused(reasons)),
        };
        let expected = if is_new { Expected::NoStream } else { Expected::Exact(revision) };
        let append = Append::new(stream.clone(), expected, events);
        match log.append(append).await {
            Ok(_) if is_new => return Ok(Outcome::Created),
            Ok(_) => return Ok(Outcome::Changed),
            Err(AppendError::Conflict { .. }) => {}
            Err(AppendError::Log(error)) => return Err(error),
            Err(refused) => return Ok(Outcome::Refused(vec![refused.to_string()])),
        }
    }
    Ok(Outcome::Refused(vec!["the film was changed by others again and again".to_owned()]))
}

/// What the row asks for: a new film is what it says; of a known one, what it says is changed.
fn action(draft: MovieDraft, is_new: bool) -> Result<MovieAction, Vec<Invalid>> {
    if is_new {
        draft.into_content().map(|content| MovieAction::Create(Box::new(content)))
    } else {
        draft.into_patch().map(|patch| MovieAction::Patch(Box::new(patch)))
    }
}

/// The events that the action leads to, or why it is refused.
fn decide(
    film: &Movie,
    movie: MovieId,
    action: Result<MovieAction, Vec<Invalid>>,
) -> Result<Vec<Event>, Vec<String>> {
    let action = action.map_err(|invalid| invalid.iter().map(sentence).collect::<Vec<_>>())?;
    film.decide(&MovieCommand { movie, action }).map_err(|refusal| vec![refusal.to_string()])
}

/// The film and its revision; inside, the reason where its history cannot be read.
async fn load(
    log: &dyn EventLog,
    stream: &StreamName,
) -> Result<Result<(Movie, Revision), String>, LogError> {
    let (mut film, mut revision) = (Movie::default(), Revision::NONE);
    loop {
        let page = log.read_stream(stream, revision.next(), MAX_APPEND_EVENTS).await?;
        for recorded in &page {
            match decode(recorded) {
                Ok(event) => film = film.evolve(&event),
                Err(error) => return Ok(Err(format!("its history cannot be read: {error}"))),
            }
            revision = recorded.revision;
        }
        if page.len() < MAX_APPEND_EVENTS {
            return Ok(Ok((film, revision)));
        }
    }
}

/// The events in the form that is appended, or the reason why there is none.
fn encode(clock: &Clock, events: &[Event]) -> Result<Vec<NewEvent>, Vec<String>> {
    let metadata = Metadata::at(clock.now());
    events
        .iter()
        .map(|event| NewEvent::encode(EventId(clock.new_id()), event, metadata.clone()))
        .collect::<Result<_, _>>()
        .map_err(|error| vec![error.to_string()])
}

fn sentence(invalid: &Invalid) -> String {
    format!("{} must {}", invalid.pointer, invalid.expected)
}
