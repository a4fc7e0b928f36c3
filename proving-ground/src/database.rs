//! A database for one test.

use std::thread;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tokio::{runtime, sync::OnceCell};

use crate::{
    PostgresServer,
    owner::{Owner, new_name, owner_of},
};

/// How many databases of dead runs one run drops. The next drops the rest.
const LEFTOVERS_MAX: usize = 50;

/// The lock that keeps two runs from dropping the same databases.
const SWEEP_LOCK: i64 = 0x0063_696e_656c_6f67;

static SWEPT: OnceCell<()> = OnceCell::const_new();

/// An empty database of its own. Dropped with everybody connected to it when the value is dropped; where
/// the process did not get to that, by a later run.
#[derive(Debug)]
pub struct Database {
    server: PostgresServer,
    name: String,
    url: String,
}

impl Database {
    /// A new one, on [`PostgresServer::running`].
    ///
    /// # Panics
    ///
    /// Where no server runs, or it refuses.
    pub async fn new() -> Self {
        let server = PostgresServer::running();
        SWEPT.get_or_init(|| drop_leftovers(server.url())).await;
        Self::on(&server).await
    }

    /// A new one, on `server`.
    ///
    /// # Panics
    ///
    /// Where it refuses.
    pub async fn on(server: &PostgresServer) -> Self {
        let name = new_name();
        let mut admin = connect(server.url()).await;
        let create = format!(r#"CREATE DATABASE "{name}""#);
        admin.execute(AssertSqlSafe(create)).await.expect("a database can be created");
        admin.close().await.expect("the connection can be closed");
        Self { server: server.clone(), url: server.url_of(&name), name }
    }

    /// Its URL, of a superuser.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is on.
    pub fn server(&self) -> &PostgresServer {
        &self.server
    }

    /// A connection to it, to look at what is there.
    ///
    /// # Panics
    ///
    /// Where the server refuses.
    pub async fn connect(&self) -> PgConnection {
        connect(&self.url).await
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.url().to_owned(), self.name.clone());
        // A thread and a runtime of its own: the test's runtime may be ending, and cannot be waited on.
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut admin = PgConnection::connect(&server).await?;
                drop_database(&mut admin, &name).await
            })
        });
        // A server that is gone has nothing to drop; what could not be dropped, a later run finds.
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("the database {} stays until another run: {error}", self.name);
        }
    }
}

async fn connect(url: &str) -> PgConnection {
    let connected = PgConnection::connect(url).await;
    connected.unwrap_or_else(|error| {
        panic!("Postgres cannot be reached ({error}): run scripts/services up postgres")
    })
}

async fn drop_database(admin: &mut PgConnection, name: &str) -> Result<(), sqlx::Error> {
    let drop = format!(r#"DROP DATABASE IF EXISTS "{name}" WITH (FORCE)"#);
    admin.execute(AssertSqlSafe(drop)).await?;
    Ok(())
}

/// Drops what dead runs left. Of other machines' runs it cannot be known whether they are dead: theirs
/// go after a day.
async fn drop_leftovers(url: &str) {
    let mut admin = connect(url).await;
    let locked = sqlx::query_scalar::<_, bool>("SELECT pg_try_advisory_lock($1)").bind(SWEEP_LOCK);
    if !locked.fetch_one(&mut admin).await.expect("a lock can be asked for") {
        return;
    }
    let databases: Vec<(String, bool)> = sqlx::query_as(
        "SELECT datname::text,
                coalesce((pg_stat_file('base/' || oid || '/PG_VERSION', true)).modification
                         < now() - interval '1 day', false)
           FROM pg_database",
    )
    .fetch_all(&mut admin)
    .await
    .expect("databases can be listed");
    let dead = databases.into_iter().filter(|(name, old)| match owner_of(name) {
        Some(Owner::Dead) => true,
        Some(Owner::Elsewhere) => *old,
        Some(Owner::Alive) | None => false,
    });
    for (name, _) in dead.take(LEFTOVERS_MAX) {
        if let Err(error) = drop_database(&mut admin, &name).await {
            eprintln!("the database {name} of a dead run stays: {error}");
        }
    }
}
