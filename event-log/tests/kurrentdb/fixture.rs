//! A log of its own for each test, on a server that all tests share: a namespace that nobody else has.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use event_log::{
    CopyableLog, EventLog,
    kurrentdb::{KurrentLog, KurrentLogOptions},
    suite::{CopyableFixture, Fixture},
};

use crate::ordinal::Ordinal;

/// A log of its own.
pub(crate) struct KurrentFixture {
    options: KurrentLogOptions,
    log: Arc<KurrentLog>,
    ordinal: Ordinal,
}

/// The options of a log in a namespace, as the tests want them.
pub(crate) fn options(url: &str, namespace: String) -> KurrentLogOptions {
    KurrentLogOptions {
        namespace: Some(namespace),
        // Subscriptions are woken by appends: a test that polling has to help is to hang.
        poll_interval: Duration::from_secs(24 * 60 * 60),
        ..KurrentLogOptions::at(url)
    }
}

impl KurrentFixture {
    pub(crate) async fn open(options: KurrentLogOptions) -> Self {
        let log = Arc::new(KurrentLog::open(options.clone()).await.unwrap());
        Self { options, ordinal: Ordinal::of(Arc::clone(&log)), log }
    }
}

#[async_trait]
impl Fixture for KurrentFixture {
    fn log(&self) -> Arc<dyn EventLog> {
        Arc::new(self.ordinal.clone())
    }

    async fn reopen(&mut self) {
        self.log.close().await;
        *self = Self::open(self.options.clone()).await;
    }
}

impl CopyableFixture for KurrentFixture {
    fn copyable(&self) -> Arc<dyn CopyableLog> {
        Arc::new(self.ordinal.clone())
    }
}
