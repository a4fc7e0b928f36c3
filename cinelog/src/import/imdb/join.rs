//! What the other files say of IMDb's titles, in a database of its own that is gone at the end.
//!
//! Files of any size and in any order can be joined so, and the memory that it takes stays the same.

use std::{collections::HashMap, io, path::Path};

use domain::{Field, movie::MovieDraft};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, QueryBuilder, Row as _, Sqlite, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use tokio::sync::{Mutex, mpsc};

use super::Kind;
use crate::import::{
    format::{Fields, Layout},
    opened::Opened,
    reader::{Item, Piece},
};

/// How many rows go into the database with one statement.
const INSERT_ROWS: usize = 400;

/// How many statements go into one transaction.
const TRANSACTION_INSERTS: usize = 100;

/// How many statements' rows wait for the database.
const WAITING_INSERTS_MAX: usize = 4;

/// What stands for nothing in IMDb's files.
const NOTHING: &str = "\\N";

/// The files that go with the titles, as far as they were given.
#[derive(Default)]
pub(crate) struct Sides(Vec<(Kind, Opened)>);

/// What the files say, ready to be looked up.
pub(crate) struct Join {
    database: Mutex<SqliteConnection>,
    has_directors: bool,
    votes_min: Option<u64>,
    /// What is worth saying about the files.
    pub(crate) notes: Vec<String>,
}

/// Why files cannot be joined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JoinError {
    /// A file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Read(String, io::Error),
    /// The database cannot be used.
    #[error("what IMDb's files say together cannot be kept on the disk: {0}")]
    Database(#[from] sqlx::Error),
    /// The file itself cannot be made or taken away.
    #[error("what IMDb's files say together cannot be kept on the disk: {0}")]
    File(#[from] io::Error),
}

impl Sides {
    /// Takes a file, if it goes with the titles; else gives it back.
    pub(crate) fn take(&mut self, opened: Opened) -> Option<Opened> {
        match opened.imdb {
            Some(kind) if kind != Kind::Basics => {
                self.0.push((kind, opened));
                None
            }
            _ => Some(opened),
        }
    }

    /// What the files are called.
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(_, opened)| opened.source.to_string()).collect()
    }

    /// Whether one of them has votes.
    pub(crate) fn has_votes(&self) -> bool {
        self.has(Kind::Ratings)
    }

    fn has(&self, kind: Kind) -> bool {
        self.0.iter().any(|(known, _)| *known == kind)
    }
}

impl Join {
    /// Reads the files into a database in `folder`. `None` where there is nothing to join.
    pub(crate) async fn load(
        sides: Sides,
        votes_min: Option<u64>,
        folder: &Path,
    ) -> Result<Option<Self>, JoinError> {
        let has_directors = sides.has(Kind::Crew) && sides.has(Kind::Names);
        let mut notes = Vec::new();
        let mut wanted = Vec::new();
        for (kind, opened) in sides.0 {
            let unused = match kind {
                Kind::Ratings if votes_min.is_none() => Some(
                    "IMDb's averages are no ratings of people here, so nothing of it was taken; --min-votes N takes only titles with so many votes",
                ),
                Kind::Crew if !has_directors => Some("it needs name.basics.tsv beside it"),
                Kind::Names if !has_directors => Some("it needs title.crew.tsv beside it"),
                _ => None,
            };
            match unused {
                Some(why) => notes.push(format!("{} was not used: {why}", opened.source)),
                None => wanted.push((kind, opened)),
            }
        }
        if wanted.is_empty() && notes.is_empty() {
            return Ok(None);
        }
        let mut database = temporary(folder).await?;
        for (kind, opened) in wanted {
            let name = opened.source.to_string();
            let refused = load(&mut database, kind, opened).await?;
            if refused > 0 {
                notes.push(format!("{refused} lines of {name} cannot be read and were left out"));
            }
        }
        let database = Mutex::new(database);
        Ok(Some(Self { database, has_directors, votes_min, notes }))
    }

    /// Adds to the drafts of a piece what the files say of them, and makes them films.
    pub(in crate::import) async fn complete(&self, piece: Piece) -> Result<Piece, JoinError> {
        let titles: Vec<&str> = piece.iter().filter_map(draft).filter_map(imdb_id).collect();
        let mut database = self.database.lock().await;
        let votes = match self.votes_min {
            Some(_) => look_up(&mut database, Kind::Ratings, &titles).await?,
            None => HashMap::new(),
        };
        let crew = match self.has_directors {
            true => look_up(&mut database, Kind::Crew, &titles).await?,
            false => HashMap::new(),
        };
        let people: Vec<&str> = crew.values().flat_map(|people| people.split(',')).collect();
        let names = match people.is_empty() {
            true => HashMap::new(),
            false => look_up(&mut database, Kind::Names, &people).await?,
        };
        drop(database);
        let complete = |item| match item {
            Item::Draft(raw, mut draft) => {
                let id = imdb_id(&draft);
                let voted = id.and_then(|id| votes.get(id)).and_then(|votes| votes.parse().ok());
                if self.votes_min.is_some_and(|least| voted.unwrap_or(0) < least) {
                    return Item::LeftOut;
                }
                let directors = id.and_then(|id| crew.get(id));
                let name = |id| names.get(id).map(|name| Field::Given(name.trim().to_owned()));
                let directors: Vec<_> =
                    directors.iter().flat_map(|ids| ids.split(',')).filter_map(name).collect();
                if !directors.is_empty() {
                    draft.directors = Field::Given(directors);
                }
                Item::checked(raw, *draft)
            }
            other => other,
        };
        Ok(piece.into_iter().map(complete).collect())
    }
}

fn draft(item: &Item) -> Option<&MovieDraft> {
    match item {
        Item::Draft(_, draft) => Some(draft),
        _ => None,
    }
}

fn imdb_id(draft: &MovieDraft) -> Option<&str> {
    match &draft.external_ids {
        Field::Given(ids) => match &ids.imdb {
            Field::Given(id) => Some(id),
            _ => None,
        },
        _ => None,
    }
}

/// A database for as long as it is open: nobody needs it after a crash, so it waits for no disk.
async fn temporary(folder: &Path) -> Result<SqliteConnection, JoinError> {
    let path = folder.join(format!("imdb-{}.db", std::process::id()));
    // Of a process of that number that was killed before it could remove it.
    remove(&path)?;
    let mut database = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .pragma("locking_mode", "EXCLUSIVE")
        .pragma("cache_size", "-32768")
        .disable_statement_logging()
        .connect()
        .await?;
    for kind in [Kind::Ratings, Kind::Crew, Kind::Names] {
        let statement = format!(
            "CREATE TABLE {} (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
            table(kind)
        );
        sqlx::query(AssertSqlSafe(statement)).execute(&mut database).await?;
    }
    // On Unix an open file needs no name, so that none is left behind however this ends.
    #[cfg(unix)]
    remove(&path)?;
    Ok(database)
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn table(kind: Kind) -> &'static str {
    match kind {
        Kind::Basics => "title",
        Kind::Ratings => "rating",
        Kind::Crew => "crew",
        Kind::Names => "name",
    }
}

/// Reads a file into its table; gives how many lines of it cannot be read.
async fn load(
    database: &mut SqliteConnection,
    kind: Kind,
    opened: Opened,
) -> Result<u64, JoinError> {
    let name = opened.source.to_string();
    let (sender, mut pairs) = mpsc::channel::<Vec<(String, String)>>(WAITING_INSERTS_MAX);
    let reading = tokio::task::spawn_blocking(move || read_pairs(kind, opened, &sender));
    let mut transaction = database.begin().await?;
    let mut inserts = 0;
    while let Some(rows) = pairs.recv().await {
        let head = format!("INSERT OR IGNORE INTO {} (key, value) ", table(kind));
        let mut insert = QueryBuilder::<Sqlite>::new(head);
        insert.push_values(&rows, |mut row, (key, value)| {
            row.push_bind(key).push_bind(value);
        });
        insert.build().execute(&mut *transaction).await?;
        inserts += 1;
        if inserts % TRANSACTION_INSERTS == 0 {
            transaction.commit().await?;
            transaction = database.begin().await?;
        }
    }
    transaction.commit().await?;
    match reading.await {
        Ok(read) => read.map_err(|error| JoinError::Read(name, error)),
        Err(error) => Err(JoinError::Read(name, io::Error::other(error))),
    }
}

/// Reads what a file says, in pieces; gives how many lines cannot be read.
fn read_pairs(
    kind: Kind,
    mut opened: Opened,
    pairs: &mpsc::Sender<Vec<(String, String)>>,
) -> io::Result<u64> {
    let place = |name: &str| match &opened.layout {
        Layout::Cells { columns, .. } => columns.iter().position(|column| column == name),
        Layout::Objects => None,
    };
    let places = kind.columns().and_then(|(key, value)| place(key).zip(place(value)));
    let Some((key, value)) = places else { return Ok(0) };
    let (mut refused, mut rows) = (0, Vec::with_capacity(INSERT_ROWS));
    while let Some(record) = opened.records.next()? {
        let Ok(Fields::Cells(mut cells)) = record.fields else {
            refused += 1;
            continue;
        };
        let taken = |cells: &mut Vec<String>, index| cells.get_mut(index).map(std::mem::take);
        let (key, value) = (taken(&mut cells, key), taken(&mut cells, value));
        if let (Some(key), Some(value)) = (key, value)
            && value != NOTHING
        {
            rows.push((key, value));
        }
        if rows.len() == INSERT_ROWS {
            let full = std::mem::replace(&mut rows, Vec::with_capacity(INSERT_ROWS));
            if pairs.blocking_send(full).is_err() {
                return Ok(refused);
            }
        }
    }
    if !rows.is_empty() {
        // Nobody takes them where the database has failed, which is said there.
        pairs.blocking_send(rows).ok();
    }
    Ok(refused)
}

/// What the file says about each of `keys`.
async fn look_up(
    database: &mut SqliteConnection,
    kind: Kind,
    keys: &[&str],
) -> Result<HashMap<String, String>, JoinError> {
    let statement = format!(
        "SELECT key, value FROM {} WHERE key IN (SELECT value FROM json_each(?))",
        table(kind)
    );
    let keys = serde_json::Value::from(keys).to_string();
    let rows = sqlx::query(AssertSqlSafe(statement)).bind(keys).fetch_all(database).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
