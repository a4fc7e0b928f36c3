//! Changes what is stored behind the program's back, to see whether it notices or mends it.

use std::{fs, future::Future, path::Path, thread};

use sqlx::{
    AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection,
    sqlite::SqliteConnectOptions,
};

use crate::store;

/// Carries out a statement on the tables of the event log; one that both stores understand.
pub async fn execute_on_log(data: &Path, statement: &str) {
    execute(data, "log.db", "cinelog_log", statement).await;
}

/// Appends an event, to the stream of the first, of a type that only a newer Cinelog knows: as that one
/// would have written it. The log must have one event in that stream.
pub async fn append_unknown_event(data: &Path) {
    execute_on_log(data, if store::is_postgres() { UNKNOWN_ON_POSTGRES } else { UNKNOWN_IN_FILE })
        .await;
}

/// It is hashed at the next start.
const UNKNOWN_IN_FILE: &str =
    "INSERT INTO event (position, stream, revision, id, type, schema_version, recorded_at, data)
     SELECT max(position) + 1, (SELECT stream FROM event WHERE position = 1), 2, randomblob(16),
         'MovieCrowned', 7, 0, '{}' FROM event";

/// It is hashed as it is written.
const UNKNOWN_ON_POSTGRES: &str = r"
    WITH last AS (SELECT position, hash FROM digest ORDER BY position DESC LIMIT 1),
    written AS (
        INSERT INTO event (position, stream, revision, id, type, schema_version, recorded_at, data)
        SELECT last.position + 1, (SELECT stream FROM event WHERE position = 1), 2,
            gen_random_uuid(), 'MovieCrowned', 7, 0, '{}' FROM last
        RETURNING position, stream, revision, id, type, data
    )
    INSERT INTO digest (position, hash)
    SELECT written.position, sha256(
        last.hash
        || int8send(octet_length(stream)::bigint) || convert_to(stream, 'UTF8')
        || int8send(revision) || uuid_send(id)
        || int8send(octet_length(type)::bigint) || convert_to(type, 'UTF8')
        || int4send(7) || int8send(0)
        -- No actor, correlation, causation, trace or key.
        || '\x0000000000'::bytea
        || int8send(octet_length(data)::bigint) || convert_to(data, 'UTF8')
    ) FROM written, last";

/// Carries out a statement on the tables of the read model's first generation; one that both stores
/// understand.
pub async fn execute_on_read_model(data: &Path, statement: &str) {
    execute(data, "read-model.db", "cinelog_read_model_1", statement).await;
}

async fn execute(data: &Path, file: &str, schema: &str, statement: &str) {
    let sql = AssertSqlSafe(statement.to_owned());
    let rows = if store::is_postgres() {
        let mut database = connect(data).await;
        let path = AssertSqlSafe(format!("SET search_path = {schema}"));
        database.execute(path).await.expect("there is a search path");
        database.execute(sql).await.expect(statement).rows_affected()
    } else {
        let options = SqliteConnectOptions::new().filename(data.join(file));
        let mut database = SqliteConnection::connect_with(&options).await.expect("it is there");
        let rows = database.execute(sql).await.expect(statement).rows_affected();
        database.close().await.expect("it can be closed");
        rows
    };
    assert!(rows > 0, "{statement}");
}

/// Deletes the event log of a stopped server.
pub fn delete_log(data: &Path) {
    delete(data, "log.db", "cinelog\\_log");
}

/// Deletes the read model of a stopped server, all generations of it.
pub fn delete_read_model(data: &Path) {
    delete(data, "read-model", "cinelog\\_read\\_model%");
}

fn delete(data: &Path, prefix: &str, schemas: &'static str) {
    if store::is_postgres() {
        let data = data.to_path_buf();
        blocking(async move {
            let mut database = connect(&data).await;
            let drop: Vec<String> = sqlx::query_scalar(
                "SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace WHERE nspname LIKE $1",
            )
            .bind(schemas)
            .fetch_all(&mut database)
            .await
            .expect("schemas can be listed");
            for statement in drop {
                database.execute(AssertSqlSafe(statement)).await.expect("it can be dropped");
            }
        });
        return;
    }
    for file in fs::read_dir(data).expect("the data folder is there") {
        let file = file.expect("it can be read");
        if file.file_name().to_string_lossy().starts_with(prefix) {
            fs::remove_file(file.path()).expect("it can be removed");
        }
    }
}

async fn connect(data: &Path) -> PgConnection {
    PgConnection::connect(&store::database_of(data)).await.expect("its database is there")
}

/// For callers that are not asynchronous, or that block anyway.
fn blocking(work: impl Future<Output = ()> + Send + 'static) {
    let working = thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(work);
    });
    working.join().expect("it is done");
}
