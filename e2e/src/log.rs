//! Reads the event log from outside, as far as the history checker needs it: SQLite's file, or the
//! tables on Postgres.

use std::path::Path;

use sqlx::{
    ColumnIndex, ConnectOptions, Connection, Decode, PgConnection, Row, Type,
    sqlite::SqliteConnectOptions,
};

use crate::{history::Fact, store};

const FACTS_IN_FILE: &str =
    "SELECT position, stream, revision, lower(hex(id)), type, idempotency_key, data
     FROM event ORDER BY position";

const FACTS_ON_POSTGRES: &str =
    "SELECT position, stream, revision, replace(id::text, '-', ''), type, idempotency_key, data
     FROM cinelog_log.event ORDER BY position";

/// The whole log of a data folder, also while a server runs on it.
pub async fn facts(data: &Path) -> Vec<Fact> {
    if store::is_postgres() {
        facts_on(&store::database_of(data)).await
    } else {
        facts_in(&data.join("log.db")).await
    }
}

/// The whole log in a Postgres database.
pub async fn facts_on(url: &str) -> Vec<Fact> {
    let mut database = PgConnection::connect(url).await.expect("the database is there");
    let rows = sqlx::query(FACTS_ON_POSTGRES).fetch_all(&mut database).await;
    database.close().await.expect("the connection can be closed");
    rows.expect("the log can be read").iter().map(fact).collect()
}

/// The whole log in a file of SQLite's.
pub async fn facts_in(file: &Path) -> Vec<Fact> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut file = options.connect().await.expect("the log can be opened");
    let rows = sqlx::query(FACTS_IN_FILE).fetch_all(&mut file).await;
    file.close().await.expect("the log can be closed");
    rows.expect("the log can be read").iter().map(fact).collect()
}

/// The URL of the log of a data folder, as `cinelog log copy` takes it.
pub fn log_url(data: &Path) -> String {
    if store::is_postgres() {
        store::database_of(data)
    } else {
        format!("sqlite:{}", data.join("log.db").display())
    }
}

fn fact<'r, R>(row: &'r R) -> Fact
where
    R: Row,
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    let number =
        |column: usize| u64::try_from(row.get::<i64, _>(column)).expect("no negative numbers");
    Fact {
        position: number(0),
        stream: row.get(1),
        revision: number(2),
        id: row.get(3),
        event_type: row.get(4),
        key: row.get(5),
        data: row.get(6),
    }
}
