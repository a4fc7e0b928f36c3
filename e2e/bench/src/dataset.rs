//! Data folders full of films, made once and kept: a log that was filled directly, and the read model
//! that the server under test made of it.

use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

use event_log::{
    Append, EventLog, Expected,
    sqlite::{SqliteLog, SqliteLogOptions},
};
use events::{Event, EventId, Metadata, MovieRated, NewEvent, StreamName};
use futures::{StreamExt, stream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    films::{self, BEGINNING_MS},
    random::Random,
    server::{QUIET, Server},
};

/// The log's file in a data folder.
pub(crate) const LOG: &str = "log.db";

/// The read model's file in a data folder.
pub(crate) const READ_MODEL: &str = "read-model.db";

/// Written last: a folder with it is complete.
const CONTENTS: &str = "contents.json";

/// Appends that are under way at once.
const IN_FLIGHT: usize = 1024;

/// A film is rated when at least this many others have come after it, so that its creation is certainly
/// in the log by then.
const RATED_AFTER: u64 = 4 * IN_FLIGHT as u64;

/// A complete data folder. It is only read; what writes works on a copy.
#[derive(Debug, Clone)]
pub(crate) struct Dataset {
    /// The data folder.
    pub(crate) folder: PathBuf,
    /// What is in it.
    pub(crate) contents: Contents,
}

/// What a data set holds, and how it came about.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Contents {
    /// Films.
    pub(crate) films: u64,
    /// Events: films and ratings.
    pub(crate) events: u64,
    /// How long the read model took to catch up, in seconds.
    pub(crate) caught_up_s: f64,
}

impl Dataset {
    /// The data set with so many films; made where it is not kept in `cache` already.
    pub(crate) async fn of(films: u64, cache: &Path, binary: &Path) -> Self {
        let folder = cache.join(format!("films-{films}.v{}", films::VERSION));
        if let Ok(json) = fs::read(folder.join(CONTENTS)) {
            let contents = serde_json::from_slice(&json).expect("what was written here");
            return Self { folder, contents };
        }
        eprintln!("making {films} films in {} …", folder.display());
        match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("{folder:?}: {error}"),
            _ => fs::create_dir_all(&folder).expect("the cache folder can be written"),
        }
        let begun = Instant::now();
        let events = fill(&folder.join(LOG), films).await;
        eprintln!("  {events} events in the log after {:.0} s", begun.elapsed().as_secs_f64());
        let server = Server::start_unready(binary, &folder, &[QUIET]).await;
        let caught_up_s = server.reached(events).await.as_secs_f64();
        server.ready().await;
        server.stop().await;
        eprintln!("  caught up in {caught_up_s:.0} s");
        let contents = Contents { films, events, caught_up_s };
        let json = serde_json::to_vec(&contents).expect("numbers are JSON");
        fs::write(folder.join(CONTENTS), json).expect("the cache folder can be written");
        Self { folder, contents }
    }

    /// A copy that may be written to, in a new folder `name` within `scratch`.
    pub(crate) fn copy(&self, scratch: &Path, name: &str) -> PathBuf {
        self.copy_files(scratch, name, |_| true)
    }

    /// A copy without a read model.
    pub(crate) fn copy_log(&self, scratch: &Path, name: &str) -> PathBuf {
        self.copy_files(scratch, name, |file| file.starts_with(LOG))
    }

    fn copy_files(&self, scratch: &Path, name: &str, wanted: impl Fn(&str) -> bool) -> PathBuf {
        let target = scratch.join(name);
        fs::create_dir(&target).expect("a new folder");
        for entry in fs::read_dir(&self.folder).expect("the data set can be read") {
            let entry = entry.expect("the data set can be read");
            let name = entry.file_name();
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            if is_file && wanted(&name.to_string_lossy()) {
                fs::copy(entry.path(), target.join(name)).expect("there is space for a copy");
            }
        }
        target
    }

    /// The bytes of the files whose names begin so.
    pub(crate) fn bytes(&self, prefix: &str) -> u64 {
        let entries = fs::read_dir(&self.folder).expect("the data set can be read").flatten();
        let files = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
        files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
    }
}

/// Fills a new log with films; gives the number of events.
async fn fill(path: &Path, films: u64) -> u64 {
    let log = SqliteLog::open(SqliteLogOptions::at(path)).await.expect("a log can be made");
    let log: Arc<dyn EventLog> = Arc::new(log);
    let head = append(&log, 0..films).await;
    log.close().await;
    head
}

/// Appends the films with these numbers, and ratings in between, of films that are in the log already; gives the
/// last position. Those before them were appended before.
pub(crate) async fn append(log: &Arc<dyn EventLog>, films: Range<u64>) -> u64 {
    let appends = stream::iter(films.flat_map(|number| {
        std::iter::once(creation(number)).chain((number % 2 == 0).then(|| rating(number)).flatten())
    }));
    let mut appending = appends
        .map(|append| {
            let log = Arc::clone(log);
            async move { log.append(append).await.expect("the log appends").position.0 }
        })
        .buffer_unordered(IN_FLIGHT);
    let mut head = 0;
    while let Some(position) = appending.next().await {
        head = head.max(position);
    }
    head
}

fn creation(number: u64) -> Append {
    let film = films::film(number);
    let stream = StreamName::movie(film.movie_id);
    Append::new(stream, Expected::NoStream, vec![event(number, 0, film.into())])
}

/// A rating of an earlier film: a few films have most of them.
fn rating(number: u64) -> Option<Append> {
    let random = &mut Random::of(number ^ 0x7261_7465_0000_0000);
    let rated = random.zipf(number.checked_sub(RATED_AFTER)?);
    let (movie_id, account_id) = (films::movie_id(rated), films::account(random));
    // Opinions differ about a film, but not by all that much.
    let value = 4 + (rated % 4) + random.below(4);
    let value = u8::try_from(value).ok()?;
    let rated = MovieRated { movie_id, account_id, value };
    let stream = StreamName::rating(movie_id, account_id);
    Some(Append::new(stream, Expected::Any, vec![event(number, 1, rated.into())]))
}

fn event(number: u64, which: u64, event: Event) -> NewEvent {
    let milliseconds = BEGINNING_MS + number;
    let id = EventId(Random::of((number << 1 | which) ^ 0x6576_0000_0000_0000).id(milliseconds));
    let at = i64::try_from(milliseconds).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    NewEvent::encode(id, &event, Metadata::at(at.unwrap_or_default())).expect("events are JSON")
}
