//! One film of an import: what its row asks for, carried out as a request's command would be.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use command_api::{CarryOutError, Executor};
use domain::{
    Aggregate,
    movie::{Movie, MovieAction, MovieCommand, MovieContent},
};
use event_log::{EventLog, LogError};
use events::{Event, Metadata, MovieId, Revision, StreamName};
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
}

/// Why a decision leads to no events.
enum Stop {
    Refused(Vec<Complaint>),
    /// This is a rehearsal, and the log has the film like this.
    Rehearsal(Box<Movie>),
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
        Self { log, clock, known: Known::Update, rehearsal: Some(Mutex::default()) }
    }

    /// Where films are carried, or would be.
    pub(super) fn log(&self) -> Option<Arc<dyn EventLog>> {
        self.log.as_ref().map(|(log, _)| Arc::clone(log))
    }

    /// Brings one film to what its row says. `is_repeat`: the file has named the film before.
    ///
    /// # Errors
    /// Where the log fails; then the whole import stops, and can be started again.
    pub(super) async fn carry(&self, row: &Row, is_repeat: bool) -> Result<Outcome, LogError> {
        let Some((_, executor)) = &self.log else {
            return Ok(self.rehearse(&Movie::Unknown, row, is_repeat));
        };
        let stream = StreamName::movie(row.movie);
        let metadata = Metadata::at(self.clock.now());
        let decide = |film: &Movie, _: Revision| match &self.rehearsal {
            None => self.decide(film, row, is_repeat).map_err(Stop::Refused),
            Some(_) => Err(Stop::Rehearsal(Box::new(film.clone()))),
        };
        let refusal = match executor.carry_out(&stream, &metadata, decide).await {
            Ok(done) if !done.changed_something() => return Ok(Outcome::Unchanged),
            Ok(done) if done.before == Revision::NONE => return Ok(Outcome::Created),
            Ok(_) => return Ok(Outcome::Changed),
            Err(CarryOutError::Log(error)) => return Err(error),
            Err(CarryOutError::Refused(Stop::Refused(complaints))) => {
                return Ok(Outcome::Refused(complaints));
            }
            Err(CarryOutError::Refused(Stop::Rehearsal(film))) => {
                return Ok(self.rehearse(&film, row, is_repeat));
            }
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
    fn rehearse(&self, film: &Movie, row: &Row, is_repeat: bool) -> Outcome {
        let rehearsed = self.rehearsal.as_ref();
        let mut rehearsed =
            rehearsed.map(|films| films.lock().unwrap_or_else(PoisonError::into_inner));
        let earlier = rehearsed.as_ref().and_then(|films| films.get(&row.movie));
        let film = earlier.unwrap_or(film);
        let events = match self.decide(film, row, is_repeat) {
            Ok(events) => events,
            Err(complaints) => return Outcome::Refused(complaints),
        };
        let outcome = match film {
            _ if events.is_empty() => Outcome::Unchanged,
            Movie::Unknown => Outcome::Created,
            _ => Outcome::Changed,
        };
        let film = events.iter().fold(film.clone(), Movie::evolve);
        if let Some(films) = &mut rehearsed
            && (films.len() < REHEARSED_MAX || films.contains_key(&row.movie))
        {
            films.insert(row.movie, film);
        }
        outcome
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
