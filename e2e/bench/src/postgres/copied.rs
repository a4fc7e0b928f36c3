//! The rows of a finished read model, or of a log, copied into the same tables by `COPY`.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::Postgres;

/// The order in which rows came, as far as a table knows it: that is how a log has them.
const CAME: [&str; 4] = ["key", "movie_key", "rated_at", "position"];

/// How much is sent at once.
const CHUNK_BYTES: usize = 256 << 10;

/// What `COPY` gives, and takes again.
#[derive(Debug)]
pub(crate) struct Text(Vec<u8>);

impl From<Vec<u8>> for Text {
    fn from(lines: Vec<u8>) -> Self {
        Self(lines)
    }
}

/// All rows of the tables of a schema, in memory.
#[derive(Debug)]
pub(crate) struct Rows {
    schema: String,
    /// Table, how many rows, and the rows.
    tables: Vec<(String, u64, Text)>,
}

impl Rows {
    /// Reads all of it.
    pub(crate) async fn of(postgres: &Postgres, database: &str, schema: &str) -> Self {
        let mut connection = postgres.connect(database).await;
        let names: Vec<String> = sqlx::query_scalar(
            "SELECT tablename::text FROM pg_tables
             WHERE schemaname = $1 AND tablename NOT LIKE '\\_sqlx%' ORDER BY tablename",
        )
        .bind(schema)
        .fetch_all(&mut connection)
        .await
        .expect("a schema has tables");
        let mut tables = Vec::new();
        for name in names {
            let (count, text) = copy_out(&mut connection, schema, &name).await;
            tables.push((name, count, text));
        }
        connection.close().await.expect("the connection closes");
        Self { schema: schema.to_owned(), tables }
    }

    /// Empties the same tables in another database, and switches off what they do by themselves.
    pub(crate) async fn make_room(&self, postgres: &Postgres, database: &str) {
        let mut statements = String::new();
        for (name, ..) in &self.tables {
            let table = format!("{}.{name}", self.schema);
            statements += &format!("ALTER TABLE {table} DISABLE TRIGGER USER; TRUNCATE {table};");
        }
        postgres.execute(database, &statements).await;
    }

    /// Copies all of it in, table by table, each in one transaction; gives how long that took.
    pub(crate) async fn copy_into(&self, postgres: &Postgres, database: &str) -> Duration {
        let mut connection = postgres.connect(database).await;
        let begun = Instant::now();
        for (name, count, text) in &self.tables {
            let table = format!("{}.{name}", self.schema);
            let before = begun.elapsed();
            let copied = copy_in(&mut connection, &table, None, text).await;
            assert_eq!(copied, *count, "{table} takes all rows");
            empty_pending_lists(&mut connection, &table).await;
            let took = (begun.elapsed() - before).as_secs_f64();
            eprintln!("  {name}: {copied} rows in {took:.1} s");
        }
        begun.elapsed()
    }
}

async fn copy_out(connection: &mut PgConnection, schema: &str, name: &str) -> (u64, Text) {
    let columns = "SELECT column_name::text FROM information_schema.columns
                   WHERE table_schema = $1 AND table_name = $2";
    let columns = sqlx::query_scalar(columns).bind(schema).bind(name);
    let columns: Vec<String> = columns.fetch_all(&mut *connection).await.expect("it has columns");
    let came = CAME.iter().find(|order| columns.iter().any(|column| column == *order));
    let order = came.map(|column| format!(" ORDER BY {column}")).unwrap_or_default();
    let count = AssertSqlSafe(format!("SELECT count(*) FROM {schema}.{name}"));
    let count: i64 = sqlx::query_scalar(count).fetch_one(&mut *connection).await.expect("a count");
    let statement = format!("COPY (SELECT * FROM {schema}.{name}{order}) TO STDOUT");
    let mut lines = Vec::new();
    let mut parts = connection.copy_out_raw(&statement).await.expect("it can be read");
    while let Some(part) = parts.try_next().await.expect("it can be read") {
        lines.extend_from_slice(&part);
    }
    (u64::try_from(count).unwrap_or_default(), Text(lines))
}

/// Puts into the indexes of words what only waits for that so far: the projector does so as well.
async fn empty_pending_lists(connection: &mut PgConnection, table: &str) {
    let pages: Result<Vec<i64>, _> = sqlx::query_scalar(
        "SELECT gin_clean_pending_list(i.indexrelid)
         FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid JOIN pg_am AS a ON a.oid = c.relam
         WHERE i.indrelid = $1::regclass AND a.amname = 'gin'",
    )
    .bind(table)
    .fetch_all(connection)
    .await;
    pages.expect("the indexes are ours");
}

/// Copies lines into a table; gives how many rows they were.
pub(crate) async fn copy_in(
    connection: &mut PgConnection,
    table: &str,
    columns: Option<&str>,
    Text(lines): &Text,
) -> u64 {
    let columns = columns.map(|columns| format!(" ({columns})")).unwrap_or_default();
    let statement = format!("COPY {table}{columns} FROM STDIN");
    let mut copy = connection.copy_in_raw(&statement).await.expect("the table takes rows");
    for chunk in lines.chunks(CHUNK_BYTES) {
        copy.send(chunk).await.expect("the table takes rows");
    }
    copy.finish().await.expect("the rows fit")
}
