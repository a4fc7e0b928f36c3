//! Listens on a connection of its own.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};

use super::CHANNEL;
use crate::hearing::Wire;

/// `LISTEN` at a database.
pub(super) struct PostgresWire {
    pub(super) options: PgConnectOptions,
    /// How long connecting may take.
    pub(super) patience: Duration,
}

impl Wire for PostgresWire {
    type Connection = PgListener;

    async fn connect(&self) -> Result<PgListener, String> {
        // A pool since sqlx listens through one; it has this connection and no other.
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .acquire_timeout(self.patience)
            .connect_lazy_with(self.options.clone());
        let listening = async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.eager_reconnect(false);
            listener.listen(CHANNEL).await?;
            Ok(listener)
        };
        listening.await.map_err(|error: sqlx::Error| error.to_string())
    }

    async fn next(&self, connection: &mut PgListener) -> Result<String, String> {
        match connection.try_recv().await {
            Ok(Some(heard)) => Ok(heard.payload().to_owned()),
            Ok(None) => Err("the connection was closed".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn ask(&self, connection: &mut PgListener) -> Result<(), String> {
        let asked = sqlx::raw_sql("SELECT 1").execute(connection).await;
        asked.map(drop).map_err(|error| error.to_string())
    }
}
