//! Read models on a server.

use std::{sync::Arc, time::Duration};

use projector::{
    ReadModels,
    postgres::{PostgresReadModels, PostgresReadModelsOptions},
};

/// The read model of a database.
pub(crate) fn on_postgres(url: &str, lease: Duration) -> Arc<dyn ReadModels> {
    let options = PostgresReadModelsOptions { lease, ..PostgresReadModelsOptions::at(url) };
    Arc::new(PostgresReadModels::at(options).unwrap())
}

/// The same, for whoever waits for no answer for long.
pub(crate) fn on_postgres_impatiently(url: &str, lease: Duration) -> Arc<dyn ReadModels> {
    let options = PostgresReadModelsOptions {
        lease,
        connect_timeout: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(5),
        answer_timeout: Duration::from_secs(5),
        ..PostgresReadModelsOptions::at(url)
    };
    Arc::new(PostgresReadModels::at(options).unwrap())
}
