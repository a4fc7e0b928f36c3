//! A Postgres server of the benchmark's own, with its files where the data sets are, and what is put into
//! its databases. Nothing of it outlives the run.

pub(crate) mod bare;
pub(crate) mod copied;

use std::path::{Path, PathBuf};

use proving_ground::PrivatePostgres;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};

use crate::{
    dataset::{Dataset, LOG},
    server::{QUIET, Server, run},
};

/// Beside the defaults. What Cinelog is compared with runs on the same server, and so with the same.
const SETTINGS: [(&str, &str); 4] = [
    ("max_connections", "300"),
    ("shared_buffers", "1GB"),
    // Checkpoints come by time, and not in the midst of a turn.
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "30min"),
];

/// Where the generation is that a new read model begins with.
pub(crate) const READ_MODEL: &str = "cinelog_read_model_1";

/// A running server, which is ended and deleted when it is dropped.
#[derive(Debug)]
pub(crate) struct Postgres(PrivatePostgres);

/// A catalogue on Postgres: databases that others are made after, and that nobody writes to.
#[derive(Debug)]
pub(crate) struct Catalogue {
    /// The same on SQLite.
    pub(crate) data: Dataset,
    /// Log and read model.
    pub(crate) whole: String,
    /// Only the log.
    pub(crate) log: String,
}

impl Postgres {
    /// Starts one in a new folder within `parent`.
    pub(crate) async fn start(parent: &Path) -> Self {
        let parent = parent.canonicalize().expect("the folder is there");
        Self(PrivatePostgres::start_in(&parent, &SETTINGS).await)
    }

    /// Where a database is.
    pub(crate) fn url(&self, database: &str) -> String {
        let (server, _) = self.0.url().rsplit_once('/').expect("a URL names a database");
        format!("{server}/{database}")
    }

    /// Where pgbench is.
    pub(crate) fn pgbench(&self) -> PathBuf {
        let path = self.0.program("pgbench");
        assert!(path.is_file(), "{path:?} is missing: apt-get install postgresql");
        path
    }

    /// A connection to a database.
    pub(crate) async fn connect(&self, database: &str) -> PgConnection {
        let options: PgConnectOptions = self.url(database).parse().expect("a URL");
        options.disable_statement_logging().connect().await.expect("the server lets us in")
    }

    /// Does what gives nothing back.
    pub(crate) async fn execute(&self, database: &str, statements: &str) {
        let mut connection = self.connect(database).await;
        let done = sqlx::raw_sql(AssertSqlSafe(statements)).execute(&mut connection).await;
        done.unwrap_or_else(|error| panic!("{statements}: {error}"));
        connection.close().await.expect("the connection closes");
    }

    /// Makes an empty database; gives its URL.
    pub(crate) async fn create(&self, database: &str) -> String {
        self.execute("postgres", &format!("CREATE DATABASE {database}")).await;
        self.url(database)
    }

    /// Makes a database that holds what another does, to which nobody is connected; gives its URL.
    pub(crate) async fn create_like(&self, template: &str, database: &str) -> String {
        let how = "STRATEGY file_copy";
        let statement = format!("CREATE DATABASE {database} TEMPLATE {template} {how}");
        self.execute("postgres", &statement).await;
        self.url(database)
    }

    /// Deletes a database.
    pub(crate) async fn delete(&self, database: &str) {
        self.execute("postgres", &format!("DROP DATABASE {database} WITH (FORCE)")).await;
    }

    /// Writes to the files what is only in memory and in the write-ahead log, so that it does not burden
    /// what is measured next.
    pub(crate) async fn settle(&self) {
        self.execute("postgres", "CHECKPOINT").await;
    }

    /// The catalogue with what this data set has; made where this server does not hold it yet.
    pub(crate) async fn catalogue(
        &self,
        data: &Dataset,
        binary: &Path,
        scratch: &Path,
    ) -> Catalogue {
        let films = data.contents.films;
        let (log, whole) = (format!("log_of_{films}"), format!("films_{films}"));
        let catalogue = Catalogue { data: data.clone(), whole, log };
        let mut connection = self.connect("postgres").await;
        let known = sqlx::query_scalar("SELECT count(*) FROM pg_database WHERE datname = $1");
        let known: i64 =
            known.bind(&catalogue.whole).fetch_one(&mut connection).await.expect("it knows");
        if known == 0 {
            eprintln!("making {films} films on Postgres …");
            self.fill(&catalogue, binary, &scratch.join(&catalogue.whole)).await;
        }
        catalogue
    }

    async fn fill(&self, catalogue: &Catalogue, binary: &Path, folder: &Path) {
        let source = format!("sqlite:{}", catalogue.data.folder.join(LOG).display());
        let url = self.create(&catalogue.log).await;
        run(binary, folder, &["log", "copy", "--from", &source, "--to", &url]);
        let url = self.create_like(&catalogue.log, &catalogue.whole).await;
        let server = Server::start_unready(binary, folder, &on(&url)).await;
        server.reached(catalogue.data.contents.events).await;
        server.stop().await;
        // What the server would do by itself, a minute later.
        self.execute(&catalogue.whole, "VACUUM (ANALYZE)").await;
        self.execute(&catalogue.log, "VACUUM (ANALYZE)").await;
        self.settle().await;
    }
}

/// The settings of a server whose log and read model are in this database.
pub(crate) fn on(url: &str) -> [(&'static str, &str); 3] {
    [QUIET, ("CINELOG__LOG__URL", url), ("CINELOG__READ_MODEL__URL", url)]
}
