//! Trouble, told of in the log: each reason once until all is well again, however often it is tried again
//! and whoever looks.

use std::time::Instant;

/// How many reasons are told of until all is well.
const REASONS_TOLD_MAX: usize = 8;

/// What was told of since all was well.
#[derive(Debug, Default)]
pub(super) struct Telling {
    since: Option<Instant>,
    reasons: Vec<String>,
}

impl Telling {
    /// Something keeps the relay from its work, for this reason.
    pub(super) fn trouble(&mut self, reason: &str) {
        self.since.get_or_insert_with(Instant::now);
        let told = without_numbers(reason);
        if self.reasons.len() >= REASONS_TOLD_MAX || self.reasons.contains(&told) {
            tracing::debug!(reason, "the relay fails still, trying again");
            return;
        }
        tracing::warn!(reason, "the relay fails, trying again");
        self.reasons.push(told);
    }

    /// Nothing does any more.
    pub(super) fn well(&mut self) {
        if let Some(since) = self.since.take() {
            self.reasons.clear();
            tracing::info!(failed_for = ?since.elapsed(), "the relay goes on");
        }
    }
}

/// Kafka's client says how many milliseconds it has waited, each time others: that is no news.
fn without_numbers(reason: &str) -> String {
    reason.chars().filter(|char| !char.is_ascii_digit()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use std::{
        io::{Result, Write},
        sync::{Arc, Mutex},
    };

    use tracing::{Level, subscriber::with_default};

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Logged(Arc<Mutex<Vec<u8>>>);

    impl Write for Logged {
        fn write(&mut self, bytes: &[u8]) -> Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> Result<()> {
            Ok(())
        }
    }

    /// The lines that are logged meanwhile, of INFO and above, without their time.
    pub(in super::super) fn logged(meanwhile: impl FnOnce()) -> Vec<String> {
        let logged = Logged::default();
        let writer = logged.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::INFO)
            .with_writer(move || writer.clone())
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .finish();
        with_default(subscriber, meanwhile);
        let text = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| line.trim().to_owned()).collect()
    }

    #[test]
    fn each_reason_is_told_of_once_until_all_is_well_and_not_without_end() {
        let mut telling = Telling::default();
        let lines = logged(|| {
            telling.well();
            telling.trouble("refused (after 3ms)");
            telling.trouble("refused (after 41ms)");
            telling.trouble("wrong password");
            telling.trouble("refused (after 7ms)");
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines.iter().all(|line| line.starts_with("WARN")), "{lines:?}");
        assert!(lines[1].contains("wrong password"), "{lines:?}");
        let lines = logged(|| {
            telling.well();
            telling.well();
            telling.trouble("refused (after 3ms)");
        });
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("INFO the relay goes on"), "{lines:?}");
        assert!(lines[1].starts_with("WARN"), "{lines:?}");
        let lines = logged(|| {
            for letter in 'a'..='z' {
                telling.trouble(&letter.to_string());
            }
        });
        assert_eq!(lines.len(), REASONS_TOLD_MAX - 1, "{lines:?}");
    }
}
