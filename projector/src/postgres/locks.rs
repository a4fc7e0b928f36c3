//! Advisory locks, for what file locks serve elsewhere. A connection holds a lock, which ends with the connection.
//!
//! A pooler that shares a connection of the server between several clients would break them, so Cinelog needs
//! connections of its own.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use sqlx::{Connection, PgConnection};
use tokio::{
    sync::Mutex,
    task::JoinHandle,
    time::{Duration, sleep},
};

use super::{
    failure::store_error,
    line::within,
    options::{PostgresReadModelsOptions, Session},
};
use crate::{
    GenerationError, StoreError,
    port::{Guard, Work},
};

/// The first half of the keys of all locks on generations: 'cing' as a number. The second is the
/// generation's own number.
const GENERATION: i32 = 0x6369_6e67;

/// The first half of the keys of all locks on work: 'cinw' as a number.
const WORK: i32 = 0x6369_6e77;

/// The second half for changing which generations there are. The numbers after it are for [`Work`].
const CHANGE: i32 = 0;

/// How often the connection that holds a generation is checked.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Waits until nobody else changes which generations there are, and keeps others from it until
/// [`release_change`], or for as long as this connection lives.
pub(super) async fn wait_to_change(db: &mut PgConnection) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT pg_advisory_lock($1, $2)").bind(WORK).bind(CHANGE);
    query.execute(db).await.map(drop).map_err(store_error)
}

/// Lets others change which generations there are.
pub(super) async fn release_change(db: &mut PgConnection) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT pg_advisory_unlock($1, $2)").bind(WORK).bind(CHANGE);
    query.execute(db).await.map(drop).map_err(store_error)
}

/// The same as [`wait_to_change`], until the end of the transaction.
pub(super) async fn wait_to_change_in(db: &mut PgConnection) -> Result<(), StoreError> {
    let query = sqlx::query("SELECT pg_advisory_xact_lock($1, $2)").bind(WORK).bind(CHANGE);
    query.execute(db).await.map(drop).map_err(store_error)
}

/// Whether nobody holds a generation. If so, nobody can until the end of the transaction.
pub(super) async fn is_free(db: &mut PgConnection, number: u64) -> Result<bool, StoreError> {
    let query = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1, $2)")
        .bind(GENERATION)
        .bind(half(number));
    query.fetch_one(db).await.map_err(store_error)
}

/// The second half of a generation's key. Numbers that are 2^31 apart share one; the worst that can follow is a
/// removal that is refused.
fn half(number: u64) -> i32 {
    i32::try_from(number % (1 << 31)).unwrap_or_default()
}

/// A lock on some work. It is lost with its connection, so its holder asks before relying on it.
pub(super) struct WorkLock {
    name: String,
    connection: Mutex<PgConnection>,
    answer_timeout: Duration,
}

impl WorkLock {
    pub(super) async fn take(
        options: &PostgresReadModelsOptions,
        work: Work,
    ) -> Result<Self, GenerationError> {
        let (key, name) = match work {
            Work::Opening => (1, "the lock for opening the read model"),
            Work::Building => (2, "the lock for building a generation"),
            Work::Verifying => (3, "the lock for verifying"),
        };
        let mut db = options.connect(&Session::holding(None)).await?;
        let answer_timeout = options.answer_timeout;
        let asked = async {
            let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1, $2)");
            query.bind(WORK).bind(key).fetch_one(&mut db).await.map_err(store_error)
        };
        match within(answer_timeout, asked).await? {
            true => Ok(Self { name: name.to_owned(), connection: Mutex::new(db), answer_timeout }),
            false => Err(GenerationError::Busy(format!("{name}, in the database"))),
        }
    }
}

#[async_trait]
impl Guard for WorkLock {
    async fn still_held(&self) -> Result<(), GenerationError> {
        // If the server does not answer, it may have released the lock.
        match answers(&mut *self.connection.lock().await, self.answer_timeout).await {
            true => Ok(()),
            false => Err(GenerationError::Lost(self.name.clone())),
        }
    }
}

/// Whether the server answers on a connection in time.
async fn answers(connection: &mut PgConnection, most: Duration) -> bool {
    let asked = async { connection.ping().await.map_err(store_error) };
    within(most, asked).await.is_ok()
}

/// A shared lock on a generation. Its connection is checked, and made anew if it is lost, since a server holds
/// a generation for as long as it runs.
pub(super) struct Hold {
    number: u64,
    was_lost: Arc<AtomicBool>,
    keeper: JoinHandle<()>,
}

impl Hold {
    pub(super) async fn take(
        options: &PostgresReadModelsOptions,
        number: u64,
    ) -> Result<Self, GenerationError> {
        let connection = share(options, number).await?;
        let was_lost = Arc::new(AtomicBool::new(false));
        let keeper = keep(options.clone(), number, connection, Arc::clone(&was_lost));
        Ok(Self { number, was_lost, keeper: tokio::spawn(keeper) })
    }
}

async fn share(
    options: &PostgresReadModelsOptions,
    number: u64,
) -> Result<PgConnection, StoreError> {
    let mut db = options.connect(&Session::holding(None)).await?;
    // It may wait for somebody who removes the generation, which takes moments.
    let query =
        sqlx::query("SELECT pg_advisory_lock_shared($1, $2)").bind(GENERATION).bind(half(number));
    let asked = async { query.execute(&mut db).await.map(drop).map_err(store_error) };
    within(options.answer_timeout, asked).await?;
    Ok(db)
}

async fn keep(
    options: PostgresReadModelsOptions,
    number: u64,
    mut connection: PgConnection,
    was_lost: Arc<AtomicBool>,
) {
    let mut is_told = false;
    loop {
        sleep(LOOK_EVERY).await;
        if answers(&mut connection, options.answer_timeout).await {
            is_told = false;
            continue;
        }
        was_lost.store(true, Ordering::SeqCst);
        match share(&options, number).await {
            Ok(anew) => connection = anew,
            Err(error) if !is_told => {
                is_told = true;
                tracing::warn!(number, %error, "the generation is not held, trying again");
            }
            Err(_) => {}
        }
    }
}

#[async_trait]
impl Guard for Hold {
    async fn still_held(&self) -> Result<(), GenerationError> {
        if self.was_lost.load(Ordering::SeqCst) || self.keeper.is_finished() {
            return Err(GenerationError::Lost(format!("generation {}", self.number)));
        }
        Ok(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}
