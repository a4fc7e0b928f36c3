//! The rows of a finished read model, inserted into the same tables by a plain loop.
//!
//! Knows no table by name but the search index, whose texts have to be put together from its tokens:
//! it keeps none itself.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};

/// Rows in one transaction.
const TRANSACTION_ROWS: usize = 10_000;

/// Rows in one statement, where they are few columns; fewer where there are many.
const STATEMENT_VALUES: usize = 1_024;

/// A finished read model, in memory.
pub(crate) struct Rows {
    definitions: Vec<String>,
    tables: Vec<Table>,
}

struct Table {
    name: String,
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
}

#[derive(Debug, Clone)]
enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Rows {
    /// Reads all of it.
    pub(crate) async fn of(read_model: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(read_model).disable_statement_logging();
        let mut from = options.connect().await.expect("the read model can be opened");
        // Tables first, then what depends on them; without what SQLite makes by itself.
        let parts: Vec<(String, String, String)> = sqlx::query_as(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL
               AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND name NOT LIKE 'movie\\_search\\_%' ESCAPE '\\'
             ORDER BY type <> 'table', rowid",
        )
        .fetch_all(&mut from)
        .await
        .expect("a database has a catalogue");
        let mut tables = Vec::new();
        for (kind, name, _) in &parts {
            if kind == "table" && name == "movie_search" {
                tables.push(search_texts(&mut from).await);
            } else if kind == "table" {
                tables.push(Table::read(&mut from, name).await);
            }
        }
        from.close().await.expect("the file closes");
        let definitions = parts.into_iter().map(|(.., definition)| definition).collect();
        Self { definitions, tables }
    }

    /// Inserts all of it into a new file, opened as the projector opens its own; gives how long that
    /// took.
    pub(crate) async fn insert_into(&self, path: &Path) -> Duration {
        let begun = Instant::now();
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .pragma("cache_size", "-32768")
            .disable_statement_logging();
        let mut into = options.connect().await.expect("a new file");
        for definition in &self.definitions {
            let made = sqlx::query(AssertSqlSafe(definition.clone())).execute(&mut into).await;
            made.unwrap_or_else(|error| panic!("{definition}: {error}"));
        }
        for table in &self.tables {
            table.insert(&mut into).await;
        }
        into.close().await.expect("the file closes");
        begun.elapsed()
    }
}

impl Table {
    async fn read(from: &mut SqliteConnection, name: &str) -> Self {
        let columns = sqlx::query_scalar("SELECT name FROM pragma_table_info(?)").bind(name);
        let columns: Vec<String> = columns.fetch_all(&mut *from).await.expect("it has columns");
        // In the order in which films came, as far as a table knows it: that is how a log has them.
        let came = ["movie_key", "rated_at", "position"];
        let came = came.iter().find(|order| columns.iter().any(|column| column == *order));
        let order = came.map(|column| format!(" ORDER BY {column}")).unwrap_or_default();
        let select = AssertSqlSafe(format!("SELECT * FROM {name}{order}"));
        let mut found = sqlx::query(select).fetch(from);
        let mut rows = Vec::new();
        while let Some(row) = found.try_next().await.expect("it can be read") {
            rows.push((0..row.columns().len()).map(|at| Value::read(&row, at)).collect());
        }
        Self { name: name.to_owned(), columns, rows }
    }

    async fn insert(&self, into: &mut SqliteConnection) {
        let per_statement = (STATEMENT_VALUES / self.columns.len()).max(1);
        let statement = |rows: usize| {
            let row = format!("({})", vec!["?"; self.columns.len()].join(","));
            let (name, columns) = (&self.name, self.columns.join(","));
            let values = vec![row; rows].join(",");
            Arc::<str>::from(format!("INSERT INTO {name} ({columns}) VALUES {values}"))
        };
        let whole = statement(per_statement);
        for transaction in self.rows.chunks(TRANSACTION_ROWS) {
            sqlx::query("BEGIN").execute(&mut *into).await.expect("a transaction");
            for rows in transaction.chunks(per_statement) {
                let is_whole = rows.len() == per_statement;
                let sql = if is_whole { Arc::clone(&whole) } else { statement(rows.len()) };
                let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(is_whole);
                for value in rows.iter().flatten() {
                    query = match value {
                        Value::Null => query.bind(None::<i64>),
                        Value::Integer(number) => query.bind(*number),
                        Value::Real(number) => query.bind(*number),
                        Value::Text(text) => query.bind(text),
                        Value::Bytes(bytes) => query.bind(bytes),
                    };
                }
                query.execute(&mut *into).await.expect("the rows fit");
            }
            sqlx::query("COMMIT").execute(&mut *into).await.expect("a commit");
        }
    }
}

impl Value {
    fn read(row: &SqliteRow, at: usize) -> Self {
        let raw = row.try_get_raw(at).expect("a column");
        let kind = raw.type_info().name().to_owned();
        match (raw.is_null(), kind.as_str()) {
            (true, _) => Self::Null,
            (_, "REAL") => Self::Real(row.get(at)),
            (_, "TEXT") => Self::Text(row.get(at)),
            (_, "BLOB") => Self::Bytes(row.get(at)),
            _ => Self::Integer(row.get(at)),
        }
    }
}

/// The texts of the search index, put together again from what it knows of each token.
async fn search_texts(from: &mut SqliteConnection) -> Table {
    let view = "CREATE VIRTUAL TABLE temp.token USING fts5vocab (main, movie_search, instance)";
    sqlx::query(view).execute(&mut *from).await.expect("the index has a vocabulary");
    let columns = ["title", "people", "other"].map(str::to_owned).to_vec();
    let mut texts: BTreeMap<i64, Vec<BTreeMap<i64, String>>> = BTreeMap::new();
    let select = sqlx::query_as("SELECT doc, col, \"offset\", term FROM temp.token");
    let mut tokens = select.fetch(&mut *from);
    while let Some((film, column, at, term)) = tokens.try_next().await.expect("tokens") {
        let (column, term): (String, String) = (column, term);
        let column = columns.iter().position(|name| *name == column).expect("a known column");
        let text = texts.entry(film).or_insert_with(|| vec![BTreeMap::new(); columns.len()]);
        text[column].insert(at, term);
    }
    drop(tokens);
    sqlx::query("DROP TABLE temp.token").execute(from).await.expect("it is ours");
    let rows = texts.into_iter().map(|(film, text)| {
        let joined = |tokens: BTreeMap<i64, String>| {
            Value::Text(tokens.into_values().collect::<Vec<_>>().join(" "))
        };
        std::iter::once(Value::Integer(film)).chain(text.into_iter().map(joined)).collect()
    });
    let rows = rows.collect();
    let columns = std::iter::once("rowid".to_owned()).chain(columns).collect();
    Table { name: "movie_search".to_owned(), columns, rows }
}
