//! One film of an import: what its row asks for, carried out as a request's command would be.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use command_api::{CarryOutError, Executor};
use domain::{
    Aggregate,
    movie::{Movie, MovieAction, MovieCommand, MovieContent},
};
use event_log::{Append, AppendError, EventLog, Expected, LogError};
use events::{Event, EventId, Metadata, MovieId, NewEvent, Revision, StreamName};
use http_kit::Clock;
use serde_json::Value;

use super::{Known, Outcome, format::Complaint, row::Row};

/// How many films a rehearsal remembers, to know what a second line about one of them would do.
const REHEARSED_MAX: usize = 20_000;

/// Brings films to what their rows say.
pub(crate) struct Carrier {
    /// `None` where there is no log yet, which a rehearsal does not make.
    log: Option<(Arc<dyn EventLog>, Executor)>,
    clock: Clock,
    known: Known,
    /// What films would be by now, where nothing is to be appended.
    rehearsal: Option<Mutex<HashMap<MovieId, Movie>>>,
    /// Whether the last film was new. Then the next one probably is, and its stream need not be read.
    expects_new: AtomicBool,
}

/// Why a decision leads to no events.
enum Stop {
    Refused(Vec<Complaint>),
    /// It would, but this is a rehearsal.
    Rehearsed(Outcome),
}

impl Carrier {
    /// Films are carried into `log`.
    pub(crate) fn new(log: Arc<dyn EventLog>, clock: Clock, known: Known) -> Self {
        let rehearsal = Self::rehearsal(Some(log), clock);
        Self { known, rehearsal: None, ..rehearsal }
    }

    /// Nothing is appended to `log`, if there is one: outcomes say what would be.
    pub(crate) fn rehearsal(log: Option<Arc<dyn EventLog>>, clock: Clock) -> Self {
        let log = log.map(|log| (Arc::clone(&log), Executor::new(log, clock.clone())));
        Self {
            log,
            clock,
            known: Known::Update,
            rehearsal: Some(Mutex::default()),
            expects_new: AtomicBool::new(true),
        }
    }

    /// Brings one film to what its row says. `is_repeat`: the file has named the film before.
    ///
    /// # Errors
    /// Where the log fails; then the whole import stops, and can be started again.
    pub(super) async fn carry(&self, row: &Row, is_repeat: bool) -> Result<Outcome, LogError> {
        let outcome = match self.rehearsal.is_none()
            && !is_repeat
            && self.expects_new.load(Ordering::Relaxed)
        {
            true => self.create(row).await?,
            false => None,
        };
        let outcome = match outcome {
            Some(outcome) => outcome,
            None => self.carry_out(row, is_repeat).await?,
        };
        self.expects_new.store(outcome == Outcome::Created, Ordering::Relaxed);
        Ok(outcome)
    }

    /// Enters the film without looking whether it is there. `None` where it is, or where nobody knows.
    async fn create(&self, row: &Row) -> Result<Option<Outcome>, LogError> {
        let refused = |reason: String| Outcome::Refused(vec![Complaint::whole(reason)]);
        let Some((log, _)) = &self.log else { return Ok(None) };
        let events = match self.decide(&Movie::Unknown, row, false) {
            Ok(events) => events,
            Err(complaints) => return Ok(Some(Outcome::Refused(complaints))),
        };
        let metadata = Metadata::at(self.clock.now());
        let encode =
            |event| NewEvent::encode(EventId(self.clock.new_id()), event, metadata.clone());
        let events = match events.iter().map(encode).collect() {
            Ok(events) => events,
            Err(error) => return Ok(Some(refused(format!("it cannot be written: {error}")))),
        };
        let append = Append::new(StreamName::movie(row.movie), Expected::NoStream, events);
        match log.append(append).await {
            Ok(_) => Ok(Some(Outcome::Created)),
            Err(AppendError::Log(LogError::Unavailable(_)) | AppendError::Conflict { .. }) => {
                Ok(None)
            }
            Err(AppendError::Log(error)) => Err(error),
            Err(error) => Ok(Some(refused(error.to_string()))),
        }
    }

    /// Decides on what the log has of the film.
    async fn carry_out(&self, row: &Row, is_repeat: bool) -> Result<Outcome, LogError> {
        let stream = StreamName::movie(row.movie);
        let metadata = Metadata::at(self.clock.now());
        let decide = |film: &Movie, _: Revision| match &self.rehearsal {
            None => self.decide(film, row, is_repeat).map_err(Stop::Refused),
            Some(rehearsed) => Err(self.rehearse_one(rehearsed, film, row, is_repeat)),
        };
        let Some((_, executor)) = &self.log else {
            return Ok(match decide(&Movie::Unknown, Revision::NONE) {
                Err(Stop::Rehearsed(outcome)) => outcome,
                Err(Stop::Refused(complaints)) => Outcome::Refused(complaints),
                Ok(_) => Outcome::Unchanged,
            });
        };
        let refusal = match executor.carry_out(&stream, &metadata, decide).await {
            Ok(done) if !done.changed_something() => return Ok(Outcome::Unchanged),
            Ok(done) if done.before == Revision::NONE => return Ok(Outcome::Created),
            Ok(_) => return Ok(Outcome::Changed),
            Err(CarryOutError::Log(error)) => return Err(error),
            Err(CarryOutError::Refused(Stop::Refused(complaints))) => {
                return Ok(Outcome::Refused(complaints));
            }
            Err(CarryOutError::Refused(Stop::Rehearsed(outcome))) => return Ok(outcome),
            Err(CarryOutError::Contended(times)) => {
                format!("the film was changed by others {times} times meanwhile")
            }
            Err(CarryOutError::Append(error)) => error.to_string(),
            Err(CarryOutError::Decode(error)) => format!("its history cannot be read: {error}"),
            Err(CarryOutError::Encode(error)) => format!("it cannot be written: {error}"),
        };
        Ok(Outcome::Refused(vec![Complaint::whole(refusal)]))
    }

    /// What the row would lead to, after what the rows before it would have.
    fn rehearse_one(
        &self,
        rehearsed: &Mutex<HashMap<MovieId, Movie>>,
        film: &Movie,
        row: &Row,
        is_repeat: bool,
    ) -> Stop {
        let mut rehearsed = rehearsed.lock().unwrap_or_else(PoisonError::into_inner);
        let film = rehearsed.get(&row.movie).unwrap_or(film);
        let events = match self.decide(film, row, is_repeat) {
            Ok(events) => events,
            Err(complaints) => return Stop::Refused(complaints),
        };
        let outcome = match film {
            _ if events.is_empty() => Outcome::Unchanged,
            Movie::Unknown => Outcome::Created,
            _ => Outcome::Changed,
        };
        let film = events.iter().fold(film.clone(), Movie::evolve);
        if rehearsed.len() < REHEARSED_MAX || rehearsed.contains_key(&row.movie) {
            rehearsed.insert(row.movie, film);
        }
        Stop::Rehearsed(outcome)
    }

    /// The events that the row leads to, or why it is refused.
    fn decide(
        &self,
        film: &Movie,
        row: &Row,
        is_repeat: bool,
    ) -> Result<Vec<Event>, Vec<Complaint>> {
        let action = match film {
            Movie::Unknown => {
                MovieAction::Create(Box::new(row.patch.apply_to(&MovieContent::default())))
            }
            _ if self.known == Known::LeaveAlone => return Ok(Vec::new()),
            Movie::Listed(content) if is_repeat => {
                let contradicted = contradicted(content, &row.patch.apply_to(content));
                if !contradicted.is_empty() {
                    return Err(contradicted.into_iter().map(contradiction).collect());
                }
                MovieAction::Patch(row.patch.clone())
            }
            _ => MovieAction::Patch(row.patch.clone()),
        };
        film.decide(&MovieCommand { movie: row.movie, action })
            .map_err(|refusal| vec![Complaint::whole(refusal.to_string())])
    }
}

fn contradiction(field: String) -> Complaint {
    let reason = "an earlier line of this file is about the same film and says something else here";
    Complaint::about(field, reason)
}

/// The fields that had something, and are to have something else.
fn contradicted(old: &MovieContent, new: &MovieContent) -> Vec<String> {
    if new.says_the_same_as(old) {
        return Vec::new();
    }
    let mut fields = Vec::new();
    // Whatever cannot be written as JSON is refused where it is to be appended.
    if let (Ok(Value::Object(old)), Ok(new)) =
        (serde_json::to_value(&old.details), serde_json::to_value(&new.details))
    {
        for (field, old) in old {
            match (&old, new.get(&field)) {
                (Value::Object(old), Some(new)) => {
                    let differs = |name: &&String| new.get(name.as_str()) != old.get(name.as_str());
                    fields.extend(old.keys().filter(differs).map(|name| format!("{field}.{name}")));
                }
                (old, new) if new != Some(old) => fields.push(field),
                _ => {}
            }
        }
    }
    for (field, old, new) in
        [("tags", &old.tags, &new.tags), ("platforms", &old.platforms, &new.platforms)]
    {
        let is_other = old.len() != new.len() || old.iter().any(|name| !new.contains(name));
        if !old.is_empty() && is_other {
            fields.push(field.to_owned());
        }
    }
    fields
}
