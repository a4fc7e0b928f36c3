//! What is logged in this thread.

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tracing::{
    Dispatch,
    level_filters::LevelFilter,
    subscriber::{DefaultGuard, NoSubscriber},
};

/// All that was logged so far.
#[derive(Clone, Default)]
pub(crate) struct Said(Arc<Mutex<Vec<u8>>>);

/// Listens until it is dropped.
pub(crate) struct Listening {
    _in_this_thread: DefaultGuard,
    _beside: Dispatch,
}

impl Said {
    /// Listens in this thread.
    pub(crate) fn listen() -> (Self, Listening) {
        // Of a single listener it is taken for granted that it listens everywhere: what another thread, where
        // nobody does, said first would never be heard here.
        let beside = Dispatch::new(NoSubscriber::new());
        let said = Self::default();
        let writer = said.clone();
        let subscriber = tracing_subscriber::fmt().json().with_max_level(LevelFilter::DEBUG);
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        let in_this_thread = tracing::subscriber::set_default(subscriber);
        (said, Listening { _in_this_thread: in_this_thread, _beside: beside })
    }

    /// The lines of a level and of a module, with those in it.
    pub(crate) fn lines(&self, level: &str, module: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let is_meant = |line: &Value| {
            line["level"] == level && line["target"].as_str().unwrap().starts_with(module)
        };
        lines.filter(is_meant).collect()
    }
}

impl Write for Said {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
