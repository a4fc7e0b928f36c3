//! A database for one test.
//!
//! To make and to drop one costs Postgres hundreds of synced files. So those that are given back are
//! emptied and kept as spares, under other names: whoever still knows the old name cannot reach them.

use std::thread;

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, postgres::PgDatabaseError};
use tokio::{runtime, sync::OnceCell};

use crate::{
    PostgresServer,
    owner::{Owner, new_name, owner_of},
};

/// How many databases of dead runs one run gives back. The next does the rest.
const LEFTOVERS_MAX: usize = 50;

/// How many spares are kept.
const SPARES_MAX: i64 = 32;

/// How often it is tried to take a database from whoever is connected to it.
const ATTEMPTS_MAX: u32 = 5;

/// The lock that keeps two runs from giving back the same databases.
const SWEEP_LOCK: i64 = 0x0063_696e_656c_6f67;

/// What Postgres calls it that somebody is connected, or that there is no such database (any more).
const TAKEN: [&str; 2] = ["55006", "3D000"];

static SWEPT: OnceCell<()> = OnceCell::const_new();

/// An empty database of its own. Gone when the value is dropped, and everybody connected to it with it;
/// where the process did not get to that, a later run sees to it.
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
        SWEPT.get_or_init(|| give_back_leftovers(&server)).await;
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
        if !take_spare(&mut admin, &name).await.expect("spares can be taken") {
            let create = format!(r#"CREATE DATABASE "{name}""#);
            admin.execute(AssertSqlSafe(create)).await.expect("a database can be created");
        }
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
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread and a runtime of its own: the test's runtime may be ending, and cannot be waited on.
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(give_back(&server, &name))
        });
        // A server that is gone has nothing to give back to; what is left, a later run finds.
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

/// Whether a spare became `name`.
async fn take_spare(admin: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let spares =
        "SELECT datname::text FROM pg_database WHERE starts_with(datname, 'cinelog_spare_')
                  ORDER BY random()";
    let spares: Vec<String> = sqlx::query_scalar(spares).fetch_all(&mut *admin).await?;
    for spare in spares {
        match rename(admin, &spare, name).await {
            Ok(()) => return Ok(true),
            // Another test was faster.
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Makes a spare of a database, and strangers of all who are connected to it.
async fn give_back(server: &PostgresServer, name: &str) -> Result<(), sqlx::Error> {
    let mut admin = PgConnection::connect(server.url()).await?;
    let cleaning = new_name();
    let mut attempts = 0;
    loop {
        attempts += 1;
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
        sqlx::query(end).bind(name).execute(&mut admin).await?;
        match rename(&mut admin, name, &cleaning).await {
            // Somebody connected again meanwhile.
            Err(error) if is_taken(&error) && attempts < ATTEMPTS_MAX => {}
            result => break result?,
        }
    }
    empty(&server.url_of(&cleaning), &cleaning).await?;
    let spares = "SELECT count(*) FROM pg_database WHERE starts_with(datname, 'cinelog_spare_')";
    let spares: i64 = sqlx::query_scalar(spares).fetch_one(&mut admin).await?;
    if spares < SPARES_MAX {
        return rename(&mut admin, &cleaning, &cleaning.replace("_test_", "_spare_")).await;
    }
    let drop = format!(r#"DROP DATABASE "{cleaning}" WITH (FORCE)"#);
    admin.execute(AssertSqlSafe(drop)).await?;
    Ok(())
}

/// Leaves of a database what a new one has.
async fn empty(url: &str, name: &str) -> Result<(), sqlx::Error> {
    let mut database = PgConnection::connect(url).await?;
    database
        .execute(
            "DO $$ DECLARE statement text; BEGIN
                 FOR statement IN
                     SELECT format('DROP EXTENSION %I CASCADE', extname)
                       FROM pg_extension WHERE extname <> 'plpgsql'
                 LOOP EXECUTE statement; END LOOP;
                 FOR statement IN
                     SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
                      WHERE NOT starts_with(nspname, 'pg_') AND nspname <> 'information_schema'
                 LOOP EXECUTE statement; END LOOP;
                 CREATE SCHEMA public;
             END $$",
        )
        .await?;
    let reset = format!(r#"ALTER DATABASE "{name}" RESET ALL"#);
    database.execute(AssertSqlSafe(reset)).await?;
    database.close().await
}

async fn rename(admin: &mut PgConnection, from: &str, to: &str) -> Result<(), sqlx::Error> {
    let rename = format!(r#"ALTER DATABASE "{from}" RENAME TO "{to}""#);
    admin.execute(AssertSqlSafe(rename)).await?;
    Ok(())
}

fn is_taken(error: &sqlx::Error) -> bool {
    let error = error.as_database_error();
    let error = error.and_then(|error| error.try_downcast_ref::<PgDatabaseError>());
    error.is_some_and(|error| TAKEN.contains(&error.code()))
}

/// Gives back what dead runs left. Of other machines' runs it cannot be known whether they are dead:
/// theirs go after a day.
async fn give_back_leftovers(server: &PostgresServer) {
    let mut admin = connect(server.url()).await;
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
        if let Err(error) = give_back(server, &name).await {
            eprintln!("the database {name} of a dead run stays: {error}");
        }
    }
}
