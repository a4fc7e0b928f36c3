//! Imports: films from NDJSON into the log, through the same decisions as the API's commands.

mod film;
mod lanes;
mod row;
mod summary;

pub(crate) use summary::Summary;

use std::sync::Arc;

use command_api::Executor;
use event_log::{EventLog, LogError};
use events::Metadata;
use futures::{StreamExt, stream};
use http_kit::Clock;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};

use self::{
    film::import_film,
    lanes::{Lanes, Turn},
    row::Row,
};
use crate::error::Failure;

/// How many films are under way at once: enough for group commit to share its fsyncs.
const IN_FLIGHT: usize = 64;

/// The longest line, in bytes.
const LINE_BYTES_MAX: usize = 1 << 20;

/// What to do with a film that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Change it where the file says something else.
    Update,
    /// Leave it as it is, deleted ones too.
    LeaveAlone,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The film is new.
    Created,
    /// The film was known, and is different now.
    Changed,
    /// The film was known.
    Unchanged,
    /// The line was refused: why.
    Refused(Vec<String>),
}

/// Imports films into a log.
pub(crate) struct Importer {
    executor: Executor,
    clock: Clock,
    known: Known,
}

impl Importer {
    /// An importer into `log`.
    pub(crate) fn new(log: Arc<dyn EventLog>, clock: Clock, known: Known) -> Self {
        Self { executor: Executor::new(log, clock.clone()), clock, known }
    }

    /// Reads `input` to its end, a film a line; blank lines count for nothing. `name` and `bytes`, the
    /// length of the input, are for the progress bar.
    ///
    /// Memory stays flat, however long the input: only the lines under way are held.
    pub(crate) async fn import(
        &self,
        name: &str,
        bytes: u64,
        input: impl AsyncRead + Unpin,
    ) -> Result<Summary, Failure> {
        let progress = progress_bar(name, bytes);
        let lines = Box::pin(stream::try_unfold(
            (BufReader::new(input), 1),
            async |(mut input, number)| {
                let line = next_line(&mut input).await?;
                Ok::<_, std::io::Error>(line.map(|line| ((number, line), (input, number + 1))))
            },
        ));
        let mut lanes = Lanes::default();
        let mut outcomes = lines
            .map(|line| {
                let line = line.map(|(number, line)| {
                    let parsed = parse(&line);
                    let turn = match &parsed {
                        Ok(Some(row)) => Some(lanes.line_up(row.movie)),
                        _ => None,
                    };
                    (number, line.len(), parsed, turn)
                });
                async move {
                    let (number, length, row, turn) =
                        line.map_err(|error| unreadable(name, &error))?;
                    Ok::<_, Failure>((number, length, self.line(row, turn).await?))
                }
            })
            .buffered(IN_FLIGHT);
        let mut summary = Summary::default();
        while let Some(outcome) = outcomes.next().await {
            let (number, length, outcome) = outcome?;
            progress.inc(length as u64 + 1);
            if let Some(Outcome::Refused(reasons)) = &outcome {
                for reason in reasons {
                    progress.suspend(|| eprintln!("{name}:{number}: {reason}"));
                }
            }
            summary.count(outcome.as_ref());
        }
        progress.finish_and_clear();
        Ok(summary)
    }

    /// Imports one line when its turn has come. `None` for a blank one.
    async fn line(
        &self,
        row: Result<Option<Row>, Vec<String>>,
        turn: Option<Turn>,
    ) -> Result<Option<Outcome>, LogError> {
        let (row, mut turn) = match (row, turn) {
            (Ok(Some(row)), Some(turn)) => (row, turn),
            (Err(reasons), _) => return Ok(Some(Outcome::Refused(reasons))),
            _ => return Ok(None),
        };
        turn.come().await;
        let metadata = Metadata::at(self.clock.now());
        import_film(&self.executor, &metadata, self.known, &row).await.map(Some)
    }
}

/// Reads a line. `None` for a blank one; what is wrong, a sentence each, for one that is refused.
fn parse(line: &[u8]) -> Result<Option<Row>, Vec<String>> {
    if line.len() > LINE_BYTES_MAX {
        return Err(vec![format!("the line has more than {LINE_BYTES_MAX} bytes")]);
    }
    Row::parse(line)
}

/// The next line without its end. One that is too long comes cut, a byte longer than the limit, and
/// the rest of it is skipped.
async fn next_line(input: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let limit = LINE_BYTES_MAX as u64 + 1;
    if input.take(limit).read_until(b'\n', &mut line).await? == 0 {
        return Ok(None);
    }
    if line.ends_with(b"\n") {
        line.pop();
    } else if line.len() > LINE_BYTES_MAX {
        skip_line(input).await?;
    }
    Ok(Some(line))
}

/// Reads up to the end of the line and keeps nothing.
async fn skip_line(input: &mut (impl AsyncBufReadExt + Unpin)) -> std::io::Result<()> {
    loop {
        let read = input.fill_buf().await?;
        if read.is_empty() {
            return Ok(());
        }
        let end = read.iter().position(|&byte| byte == b'\n');
        let count = end.map_or(read.len(), |at| at + 1);
        input.consume(count);
        if end.is_some() {
            return Ok(());
        }
    }
}

fn unreadable(name: &str, error: &std::io::Error) -> Failure {
    Failure::Other(format!("{name} cannot be read: {error}"))
}

/// A bar on a terminal; nothing where standard error is no terminal.
fn progress_bar(name: &str, bytes: u64) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg} [{bar:40}] {percent}%, {bytes_per_sec}, {eta} left")
            .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr())
        .with_style(style)
        .with_message(name.to_owned())
}

#[cfg(test)]
mod tests {
    use event_log::sqlite::{SqliteLog, SqliteLogOptions};
    use events::{Position, RecordedEvent};

    use super::*;

    async fn log(folder: &tempfile::TempDir) -> Arc<dyn EventLog> {
        let options = SqliteLogOptions::at(folder.path().join("log.db"));
        Arc::new(SqliteLog::open(options).await.unwrap())
    }

    async fn import(log: &Arc<dyn EventLog>, known: Known, text: &str) -> Summary {
        let importer = Importer::new(Arc::clone(log), Clock::system(), known);
        importer.import("test", text.len() as u64, text.as_bytes()).await.unwrap()
    }

    async fn events(log: &Arc<dyn EventLog>) -> Vec<RecordedEvent> {
        let forwards = event_log::Direction::Forwards;
        log.read_all(Position::START, forwards, 1_000).await.unwrap()
    }

    #[tokio::test]
    async fn importing_the_same_file_twice_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder).await;
        let text = "{\"title\": \"Stalker\", \"year\": 1979}\n\n{\"title\": \"Mirror\"}";
        let first = import(&log, Known::Update, text).await;
        assert_eq!((first.created, first.refused), (2, 0));
        let second = import(&log, Known::Update, text).await;
        assert_eq!((second.created, second.changed, second.unchanged), (0, 0, 2));
        assert_eq!(events(&log).await.len(), 2);
    }

    #[tokio::test]
    async fn a_changed_row_makes_one_event_with_what_changed() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder).await;
        let film = |rest: &str| {
            format!("{{\"title\": \"Ran\", \"external_ids\": {{\"imdb\": \"tt0089881\"}}{rest}}}\n")
        };
        import(&log, Known::Update, &film(", \"year\": 1985, \"synopsis\": \"Lear\"")).await;
        let summary = import(&log, Known::Update, &film(", \"runtime_minutes\": 162")).await;
        assert_eq!(summary.changed, 1);
        let events = events(&log).await;
        assert_eq!(events.len(), 2);
        assert!(events[1].data.get().contains("{\"runtime_minutes\":162}"), "{:?}", events[1]);
    }

    #[tokio::test]
    async fn one_bad_line_in_the_middle_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder).await;
        let long = format!("{{\"title\": \"{}\"}}", "x".repeat(LINE_BYTES_MAX));
        let text = format!(
            "{{\"title\": \"A\"}}\nrubbish\n{long}\n{{\"year\": 3}}\n{{\"title\": \"B\"}}\r\n"
        );
        let summary = import(&log, Known::Update, &text).await;
        assert_eq!((summary.created, summary.refused), (2, 3));
    }

    #[tokio::test]
    async fn a_film_that_is_to_be_left_alone_stays_as_somebody_made_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder).await;
        import(&log, Known::Update, "{\"title\": \"Ran\", \"year\": 1985}").await;
        let summary = import(&log, Known::LeaveAlone, "{\"title\": \"ran\", \"year\": 1985}").await;
        assert_eq!((summary.created, summary.changed, summary.unchanged), (0, 0, 1));
    }

    #[tokio::test]
    async fn of_several_lines_about_a_film_the_last_one_counts() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder).await;
        let line = |minutes| {
            format!("{{\"title\": \"Ran\", \"year\": 1985, \"runtime_minutes\": {minutes}}}\n")
        };
        let text: String = (1..=50).map(line).collect();
        let summary = import(&log, Known::Update, &text).await;
        assert_eq!((summary.created, summary.changed), (1, 49));
        for (event, minutes) in events(&log).await.iter().zip(1..) {
            let said = format!("\"runtime_minutes\":{minutes}}}");
            assert!(event.data.get().contains(&said), "{said} in {event:?}");
        }
    }

    #[tokio::test]
    async fn the_same_film_twice_in_one_file_is_one_film() {
        let folder = tempfile::tempdir().unwrap();
        let log = log(&folder).await;
        let text = "{\"title\": \"Ran\", \"year\": 1985}\n".repeat(100);
        let summary = import(&log, Known::Update, &text).await;
        assert_eq!((summary.created, summary.unchanged), (1, 99));
    }
}
