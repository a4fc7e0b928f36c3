//! Imports: films from files that others made into the log, through the same decisions as the API's
//! commands.
//!
//! A file's way: [`input`] opens it, [`format`] divides it into records, [`mapping`] says which cell is
//! which field, [`convert`] what it means, [`row`] checks it and says which film it is. All of that
//! happens on a thread of its own ([`reader`]). From there pieces of bounded size go through the tasks
//! of [`Importer`], which carry their films out, many at a time. Nothing in here knows which log it is.

mod catalogue;
mod checkpoint;
mod convert;
mod film;
mod format;
mod imdb;
mod input;
mod lock;
mod mapping;
mod opened;
mod progress;
mod reader;
mod rejects;
mod repeats;
mod report;
mod row;
mod settings;
mod summary;
mod tally;

use std::sync::Arc;

use command_api::{Lanes, Turn};
use futures::{StreamExt, future::join_all, stream};
use tokio::task::JoinHandle;

use self::{
    format::{Complaint, Raw},
    reader::{Item, Piece},
    repeats::Repeats,
    row::Row,
    tally::Tally,
};
use crate::error::Failure;

pub(crate) use self::{
    catalogue::Catalogue,
    checkpoint::{Checkpoint, Progress},
    convert::{DayOrder, Reading},
    film::Carrier,
    format::{Format, Said},
    imdb::{Join, Sides},
    input::Source,
    mapping::Mapping,
    opened::Opened,
    rejects::Rejects,
    report::{Done, Finished},
    settings::Settings,
    summary::Summary,
};

/// How many pieces wait between the reader and those that carry films out.
const PIECES_WAITING_MAX: usize = 4;

/// How many pieces are looked up at once.
const PIECES_LOOKED_UP_MAX: usize = 2;

/// How many pieces are carried out at once: enough films for one group commit while the next gathers.
const PIECES_UNDER_WAY_MAX: usize = 8;

/// What to do with a film that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Change it where the file says something else.
    Update,
    /// Leave it as it is, deleted ones too.
    LeaveAlone,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The film is new.
    Created,
    /// The film was known, and is different now.
    Changed,
    /// The film was known.
    Unchanged,
    /// It was not asked for.
    LeftOut,
    /// The record was refused: why.
    Refused(Vec<Complaint>),
}

/// One file on its way into the log.
pub(crate) struct Import<'a> {
    pub(crate) opened: Opened,
    /// What goes with IMDb's titles.
    pub(crate) join: Option<&'a Join>,
    /// Where what is refused is written down.
    pub(crate) rejects: Option<&'a mut Rejects>,
    /// Where to write how far it has come. `None` for what cannot be gone on with.
    pub(crate) checkpoint: Option<&'a Checkpoint>,
    /// How far an earlier import has come.
    pub(crate) resumed: Option<Progress>,
}

/// Imports files.
pub(crate) struct Importer {
    pub(crate) carrier: Arc<Carrier>,
    /// Where films are looked up that came another way.
    pub(crate) catalogue: Option<Catalogue>,
    pub(crate) settings: Arc<Settings>,
}

/// A record, and what came of it. `None` where an earlier import has dealt with it.
type Settled = (Option<Raw>, Option<Outcome>);

/// A record on its way, in its place among those about the same film.
enum Task {
    Carry { row: Row, is_repeat: bool, turn: Turn },
    Settled(Settled),
}

impl Importer {
    /// Imports a file to its end. Memory stays bounded, however long it is; only which films it has
    /// named is remembered of all of it.
    ///
    /// # Errors
    /// Where the file cannot be read any further, or the log fails. What came before stays.
    pub(crate) async fn import(&self, import: Import<'_>) -> Result<Summary, Failure> {
        let Import { opened, join, rejects, checkpoint, resumed } = import;
        let name = opened.source.to_string();
        let mut tally = Tally::new(&opened, self.carrier.log(), resumed, rejects, checkpoint);
        let (pieces, reading) =
            reader::start(opened, Arc::clone(&self.settings), join.is_some(), PIECES_WAITING_MAX);
        let mut queue =
            Queue { lanes: Lanes::default(), repeats: Repeats::default(), skip: tally.records };
        let pieces = stream::unfold(pieces, async |mut pieces| {
            let piece = pieces.recv().await?;
            Some((piece, pieces))
        });
        let settled = pieces
            .map(|piece| self.look_up(piece, join))
            .buffered(PIECES_LOOKED_UP_MAX)
            .map(|piece| piece.map(|piece| self.start(queue.line_up(piece))))
            .map(async |piece| -> Result<_, Failure> {
                piece?
                    .await
                    .map_err(|error| Failure::Other(format!("an import task died: {error}")))?
            })
            .buffered(PIECES_UNDER_WAY_MAX);
        let mut settled = std::pin::pin!(settled);
        while let Some(piece) = settled.next().await {
            tally.count(piece?).await?;
        }
        let report = match reading.await {
            Ok(read) => {
                read.map_err(|error| Failure::Other(format!("{name} cannot be read: {error}")))
            }
            Err(error) => Err(Failure::Other(format!("the reader of {name} died: {error}"))),
        };
        // What was carried out before a file became unreadable is kept in the checkpoint.
        tally.save(false).await?;
        tally.finish(report?).await
    }

    /// Completes the films of a piece, and gives those their ids that came another way.
    async fn look_up(&self, piece: Piece, join: Option<&Join>) -> Result<Piece, Failure> {
        let mut piece = match join {
            Some(join) => join.complete(piece).await.map_err(in_words)?,
            None => piece,
        };
        if let Some(catalogue) = &self.catalogue {
            let rows = piece.iter_mut().filter_map(|item| match item {
                Item::Film(row) => Some(row),
                _ => None,
            });
            catalogue.find(rows).await.map_err(|error| {
                Failure::Other(format!("known films cannot be looked up: {error}"))
            })?;
        }
        Ok(piece)
    }

    /// Carries the films of a piece out, all at a time as far as they are different films.
    fn start(&self, tasks: Vec<Task>) -> JoinHandle<Result<Vec<Settled>, Failure>> {
        let carrier = Arc::clone(&self.carrier);
        tokio::spawn(async move {
            let outcomes = tasks.into_iter().map(async |task| match task {
                Task::Settled(settled) => Ok(settled),
                Task::Carry { row, is_repeat, mut turn } => {
                    turn.come().await;
                    let outcome = carrier.carry(&row, is_repeat).await?;
                    Ok((Some(row.raw), Some(outcome)))
                }
            });
            join_all(outcomes).await.into_iter().collect()
        })
    }
}

fn in_words(error: impl std::error::Error) -> Failure {
    Failure::Other(error.to_string())
}

/// Puts records into their order.
struct Queue {
    lanes: Lanes,
    repeats: Repeats,
    /// How many records an earlier import has dealt with.
    skip: u64,
}

impl Queue {
    fn line_up(&mut self, piece: Piece) -> Vec<Task> {
        let task = |item| {
            let is_over = self.skip > 0;
            self.skip = self.skip.saturating_sub(1);
            match item {
                Item::Film(row) => {
                    let is_repeat = self.repeats.is_repeat(row.movie);
                    if is_over {
                        return Task::Settled((None, None));
                    }
                    let turn = self.lanes.line_up(row.movie);
                    Task::Carry { row, is_repeat, turn }
                }
                _ if is_over => Task::Settled((None, None)),
                // Every draft has been made a film by now, or refused.
                Item::LeftOut | Item::Draft(..) => Task::Settled((None, Some(Outcome::LeftOut))),
                Item::Refused(raw, complaints) => {
                    Task::Settled((Some(raw), Some(Outcome::Refused(complaints))))
                }
            }
        };
        piece.into_iter().map(task).collect()
    }
}

#[cfg(test)]
mod tests;
