//! What nobody does to a read model, and tests do.

use std::path::Path;

use events::Digest;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::Ground;

impl Ground {
    /// Does to the first generation what no projector does; gives how many rows that touched.
    pub(crate) async fn change(&self, statement: &str) -> u64 {
        let Some(database) = &self.database else {
            return change_file(&self.path(), statement).await;
        };
        let mut db = database.connect().await;
        sqlx::query("SET search_path = cinelog_read_model_1").execute(&mut db).await.unwrap();
        let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut db).await.unwrap();
        db.close().await.unwrap();
        done.rows_affected()
    }

    /// The tables of the first generation, in the order of their names; of SQLite's own none.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let Some(database) = &self.database else {
            let options = SqliteConnectOptions::new().filename(self.path()).read_only(true);
            let mut db = SqliteConnection::connect_with(&options).await.unwrap();
            let list = "SELECT name FROM sqlite_master WHERE type = 'table' \
                AND name NOT LIKE 'movie_search\\_%' ESCAPE '\\' ORDER BY name";
            return sqlx::query_scalar(list).fetch_all(&mut db).await.unwrap();
        };
        let list = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'cinelog_read_model_1' \
            ORDER BY tablename::text COLLATE \"C\"";
        sqlx::query_scalar(list).fetch_all(&mut database.connect().await).await.unwrap()
    }

    /// Takes a generation away as nobody should.
    pub(crate) async fn lose_generation(&self, number: u64) {
        let Some(database) = &self.database else {
            let path = self.path().with_file_name(format!("read-model.{number}.db"));
            return std::fs::remove_file(path).unwrap();
        };
        let lose = format!("DROP SCHEMA cinelog_read_model_{number} CASCADE");
        let mut db = database.connect().await;
        sqlx::raw_sql(AssertSqlSafe(lose)).execute(&mut db).await.unwrap();
    }

    /// Lets every batch fail at its end.
    pub(crate) async fn fail(&self) {
        self.change_as(
            "CREATE TRIGGER failing BEFORE UPDATE ON checkpoint \
             BEGIN SELECT RAISE(ABORT, 'the power is gone'); END",
            "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION 'the power is gone'; END $$; \
             CREATE TRIGGER failing BEFORE UPDATE ON checkpoint \
             FOR EACH ROW EXECUTE FUNCTION fail()",
        )
        .await;
    }

    /// Undoes [`fail`](Self::fail).
    pub(crate) async fn fail_no_more(&self) {
        self.change_as("DROP TRIGGER failing", "DROP TRIGGER failing ON checkpoint").await;
    }

    /// The same, where each store says it in its own words.
    pub(crate) async fn change_as(&self, sqlite: &str, postgres: &str) -> u64 {
        self.change(if self.database.is_some() { postgres } else { sqlite }).await
    }

    /// A hash of zeros.
    pub(crate) async fn spoil_digest(&self) {
        let touched = self.change_as(
            "UPDATE checkpoint SET digest_hash = zeroblob(32)",
            "UPDATE checkpoint SET digest_hash = decode(repeat('00', 32), 'hex')",
        );
        assert_eq!(touched.await, 1);
    }

    /// Sets the digest's hash.
    pub(crate) async fn set_digest(&self, digest: Digest) {
        let hash: String = digest.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let sqlite = format!("UPDATE checkpoint SET digest_hash = x'{hash}'");
        let postgres = format!("UPDATE checkpoint SET digest_hash = '\\x{hash}'");
        assert_eq!(self.change_as(&sqlite, &postgres).await, 1);
    }
}

/// Does to a file what nobody does; gives how many rows that touched.
pub(crate) async fn change_file(path: &Path, statements: &str) -> u64 {
    let file = SqliteConnectOptions::new().filename(path).foreign_keys(false);
    let mut db = SqliteConnection::connect_with(&file).await.unwrap();
    let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    done.rows_affected()
}
