//! Connections: how one is opened, what is set in it, and how long one waits for it.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions};
use tokio::time::timeout;

/// How much longer than the server's own time limit a statement is waited for. After that the network is
/// taken for dead.
pub(super) const GRACE: Duration = Duration::from_secs(2);

/// Opens a connection and sets what all of ours have.
pub(super) async fn connect(
    options: &PgConnectOptions,
    connect_timeout: Duration,
    statement_timeout: Duration,
) -> Result<PgConnection, sqlx::Error> {
    let connect = async {
        let mut connection = options.connect().await?;
        settings(&mut connection, statement_timeout).await?;
        Ok(connection)
    };
    timeout(connect_timeout, connect).await.unwrap_or_else(|_| Err(no_answer(connect_timeout)))
}

/// Waits for what a statement gives, a little longer than the server may take for it.
pub(super) async fn answered<T>(
    statement_timeout: Duration,
    statement: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let wait = statement_timeout + GRACE;
    timeout(wait, statement).await.unwrap_or_else(|_| Err(no_answer(wait)))
}

/// Lets go of a connection in good order, if the server takes part in that.
pub(super) async fn close(connection: PgConnection) {
    const PATIENCE: Duration = Duration::from_secs(1);
    if timeout(PATIENCE, connection.close()).await.is_err() {
        tracing::debug!("a connection to the event log did not close cleanly");
    }
}

pub(super) fn no_answer(wait: Duration) -> sqlx::Error {
    let what = format!("the server did not answer within {} s", wait.as_secs_f32());
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, what))
}

/// Sets what all of our sessions have, whatever the role or the database has set.
///
/// A network that is gone is noticed by both sides within seconds, so that a transaction of a process
/// that is gone holds nobody up. Every query of ours is to go by an index, from the few to the many, also
/// where the planner has only ever seen an empty table; so plans are made once and never scan.
///
/// Names are looked up where nobody but the database's owner can put any. That comes first, and looks
/// nothing up itself.
pub(super) async fn settings(
    connection: &mut PgConnection,
    statement_timeout: Duration,
) -> Result<(), sqlx::Error> {
    sqlx::query("SET search_path = pg_catalog, pg_temp").execute(&mut *connection).await?;
    let milliseconds = statement_timeout.as_millis().max(1).to_string();
    sqlx::query(
        "SELECT set_config('statement_timeout', $1, false),
                set_config('lock_timeout', $1, false),
                set_config('idle_in_transaction_session_timeout', $1, false),
                set_config('default_transaction_isolation', 'read committed', false),
                set_config('tcp_user_timeout', '10000', false),
                set_config('tcp_keepalives_idle', '5', false),
                set_config('tcp_keepalives_interval', '2', false),
                set_config('tcp_keepalives_count', '3', false),
                set_config('enable_seqscan', 'off', false),
                set_config('plan_cache_mode', 'force_generic_plan', false),
                set_config('jit', 'off', false),
                set_config('synchronous_commit',
                    CASE WHEN current_setting('synchronous_commit') = 'remote_apply'
                         THEN 'remote_apply' ELSE 'on' END, false)",
    )
    .bind(milliseconds)
    .execute(connection)
    .await
    .map(drop)
}
