//! Keeps the connection, in the background: connects again and again, and checks a connection that is idle.

use std::{sync::Arc, time::Duration};

use redis::{AsyncConnectionConfig, RedisError, aio::MultiplexedConnection};
use tokio::time::{Instant, sleep, timeout};

use crate::{LinkError, link::Inner};

/// How long to wait before connecting after Redis went away or could not be reached. It doubles each time.
const PAUSE_MIN: Duration = Duration::from_millis(50);

/// The longest wait.
const PAUSE_MAX: Duration = Duration::from_secs(1);

/// If a connection has lasted this long, the next wait is the shortest again.
const LASTS: Duration = Duration::from_secs(10);

/// How often a connection is asked whether it still lives.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// Works without end.
pub(crate) async fn run(link: Arc<Inner>) {
    let (mut pause, mut told) = (PAUSE_MIN, None);
    loop {
        match connect(&link).await {
            Ok(connection) => {
                let since = Instant::now();
                link.take_up(connection);
                tracing::info!("Redis answers");
                let reason = lost(&link).await;
                tracing::warn!(reason, "Redis is away, done without it");
                told = Some(reason);
                if since.elapsed() >= LASTS {
                    pause = PAUSE_MIN;
                }
            }
            Err(error) => {
                let reason = error.to_string();
                link.stays_away(&reason);
                if told.as_ref() != Some(&reason) {
                    tracing::warn!(reason, "Redis cannot be reached, done without it");
                }
                told = Some(reason);
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// A connection that answers in time.
async fn connect(link: &Inner) -> Result<MultiplexedConnection, LinkError> {
    let options = &link.options;
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(options.connect_timeout))
        // Commands bring their own.
        .set_response_timeout(None)
        .set_pipeline_buffer_size(options.in_flight_max.max(1));
    let connecting = link.client.get_multiplexed_async_connection_with_config(&config);
    let mut connection = within(options.connect_timeout, connecting).await?;
    // With the deadline of a command: a Redis that is too slow counts as away.
    within(options.timeout, ping(&mut connection)).await?;
    Ok(connection)
}

async fn ping(connection: &mut MultiplexedConnection) -> Result<(), RedisError> {
    redis::cmd("PING").exec_async(connection).await
}

async fn within<T>(
    patience: Duration,
    asked: impl Future<Output = Result<T, RedisError>>,
) -> Result<T, LinkError> {
    match timeout(patience, asked).await {
        Ok(answered) => answered.map_err(|error| LinkError::of(&error)),
        Err(_) => Err(LinkError::Late),
    }
}

/// Waits until the connection is lost; gives the reason. Sends heartbeats, so that a loss is noticed while
/// nobody uses the connection.
async fn lost(link: &Inner) -> String {
    let mut states = link.states();
    loop {
        let away = async {
            let state = states.wait_for(|state| state.away.is_some()).await;
            // It fails only when the link is gone, and then this task is aborted.
            state.ok().and_then(|state| state.away.clone()).unwrap_or_default()
        };
        match timeout(HEARTBEAT, away).await {
            Ok(reason) => return reason,
            Err(_) => {
                let beat = |mut connection| async move { ping(&mut connection).await };
                // If it fails, the state says so.
                let _ = link.ask(link.options.timeout, beat).await;
            }
        }
    }
}
