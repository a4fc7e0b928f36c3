//! What is shown while an import runs: on a terminal a bar, elsewhere nothing; and the first lines that
//! are refused.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::format::{Complaint, Raw};

/// How many refused records of a file are shown; all are in its file of rejects.
const SHOWN_MAX: u64 = 10;

/// How often the bar moves where nothing is read.
const TICK: Duration = Duration::from_millis(200);

/// The progress of one file.
pub(super) struct Progress {
    bar: ProgressBar,
    name: String,
    read: Arc<AtomicU64>,
    started: Instant,
    films: u64,
    shown: u64,
}

impl Progress {
    /// Progress through a source of `size` bytes, of which `read` have been read.
    pub(super) fn new(name: &str, size: Option<u64>, read: Arc<AtomicU64>) -> Self {
        let template = match size {
            Some(_) => "{prefix} [{bar:30}] {percent}%, {msg}, {eta} left",
            None => "{prefix} {spinner} {msg}",
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::with_draw_target(size, ProgressDrawTarget::stderr())
            .with_style(style)
            .with_prefix(name.to_owned());
        bar.enable_steady_tick(TICK);
        let started = Instant::now();
        Self { bar, name: name.to_owned(), read, started, films: 0, shown: 0 }
    }

    /// So many more records have been dealt with.
    pub(super) fn advance(&mut self, films: u64) {
        self.films += films;
        if self.bar.is_hidden() {
            return;
        }
        self.bar.set_position(self.read.load(Ordering::Relaxed));
        let rate = per_second(self.films, self.started.elapsed());
        let message = format!("{} films, {}/s", HumanCount(self.films), HumanCount(rate));
        self.bar.set_message(message);
    }

    /// Shows a record that was refused.
    pub(super) fn refused(&mut self, raw: &Raw, complaints: &[Complaint]) {
        self.shown += 1;
        if self.shown > SHOWN_MAX {
            return;
        }
        self.bar.suspend(|| {
            for Complaint { field, reason } in complaints {
                let field = field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
                eprintln!("{}:{}: {field}{reason}", self.name, raw.line);
            }
            if self.shown == SHOWN_MAX {
                eprintln!("{}: further lines that are refused are not shown here", self.name);
            }
        });
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

/// How many a second that is.
pub(crate) fn per_second(count: u64, elapsed: Duration) -> u64 {
    let milliseconds = elapsed.as_millis().max(1);
    u64::try_from(u128::from(count) * 1_000 / milliseconds).unwrap_or(u64::MAX)
}
