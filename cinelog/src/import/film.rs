//! One film of an import: what its row asks for, carried out as a request's command would be.

use command_api::{CarryOutError, Executor};
use domain::{
    Aggregate, Invalid,
    movie::{Movie, MovieAction, MovieCommand, MovieDraft},
};
use event_log::LogError;
use events::{Event, Metadata, Revision, StreamName};

use super::{Known, Outcome, row::Row};

/// Brings one film to what its row says.
///
/// # Errors
/// Where the log fails; then the whole import stops, and can be started again.
pub(super) async fn import_film(
    executor: &Executor,
    metadata: &Metadata,
    known: Known,
    row: &Row,
) -> Result<Outcome, LogError> {
    let stream = StreamName::movie(row.movie);
    let decide = |film: &Movie, _: Revision| decide(film, known, row);
    let refusal = match executor.carry_out(&stream, metadata, decide).await {
        Ok(done) if !done.changed_something() => return Ok(Outcome::Unchanged),
        Ok(done) if done.before == Revision::NONE => return Ok(Outcome::Created),
        Ok(_) => return Ok(Outcome::Changed),
        Err(CarryOutError::Log(error)) => return Err(error),
        Err(CarryOutError::Refused(reasons)) => return Ok(Outcome::Refused(reasons)),
        Err(CarryOutError::Contended(times)) => {
            format!("the film was changed by others {times} times meanwhile")
        }
        Err(CarryOutError::Append(error)) => error.to_string(),
        Err(CarryOutError::Decode(error)) => format!("its history cannot be read: {error}"),
        Err(CarryOutError::Encode(error)) => error.to_string(),
    };
    Ok(Outcome::Refused(vec![refusal]))
}

/// The events that the row leads to, or why it is refused.
fn decide(film: &Movie, known: Known, row: &Row) -> Result<Vec<Event>, Vec<String>> {
    let is_new = *film == Movie::Unknown;
    if !is_new && known == Known::LeaveAlone {
        return Ok(Vec::new());
    }
    let action = action(row.draft.clone(), is_new)
        .map_err(|invalid| invalid.iter().map(sentence).collect::<Vec<_>>())?;
    film.decide(&MovieCommand { movie: row.movie, action })
        .map_err(|refusal| vec![refusal.to_string()])
}

/// What the row asks for: a new film is what it says; of a known one, what it says is changed.
fn action(draft: MovieDraft, is_new: bool) -> Result<MovieAction, Vec<Invalid>> {
    if is_new {
        draft.into_content().map(|content| MovieAction::Create(Box::new(content)))
    } else {
        draft.into_patch().map(|patch| MovieAction::Patch(Box::new(patch)))
    }
}

fn sentence(invalid: &Invalid) -> String {
    format!("{} must {}", invalid.pointer, invalid.expected)
}
