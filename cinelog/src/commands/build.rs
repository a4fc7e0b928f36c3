//! What verifying and rebuilding share on the command line: the log beside a server, the bar, and how a
//! comparison reads.

use std::sync::Arc;

use event_log::EventLog;
use indicatif::{ProgressBar, ProgressStyle};
use projector::{Comparison, Step};

use crate::{config::Config, data_dir::DataDir, error::Failure, wire};

/// Opens the log beside whoever writes to it.
pub(super) async fn log(config: &Config, data: &DataDir) -> Result<Arc<dyn EventLog>, Failure> {
    let log = wire::event_log_reader(config, data).await?;
    log.ok_or_else(|| Failure::Other("there is no event log in the data folder".to_owned()))
}

/// How far it is, on a terminal. Nothing is shown where there is none.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::new(0).with_message("folding the log");
        // A template that cannot be read leaves the default one.
        let style = ProgressStyle::with_template(
            "{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}",
        );
        Self(match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    pub(super) fn show(&self, step: Step) {
        match step {
            Step::Folding { reached, target } => {
                self.0.set_length(target.0);
                self.0.set_position(reached.0);
            }
            Step::Comparing => self.0.set_message("comparing all rows"),
        }
    }

    pub(super) fn done(self) {
        self.0.finish_and_clear();
    }
}

/// Each table with its rows and what is wrong with them, then the first of the differing rows.
pub(super) fn tables(comparison: &Comparison) -> String {
    let mut text = String::new();
    for table in &comparison.tables {
        let differ = match table.differences {
            0 => "the same".to_owned(),
            1 => "1 DIFFERS".to_owned(),
            differences => format!("{differences} DIFFER"),
        };
        text.push_str(&format!("  {:<17} {:>12} rows  {differ}\n", table.name, table.rows));
    }
    if comparison.differences() == 0 {
        return text;
    }
    text.push('\n');
    for difference in &comparison.shown {
        text.push_str(&format!("{difference}\n"));
    }
    let more = comparison.differences() - comparison.shown.len() as u64;
    if more > 0 {
        text.push_str(&format!("… and {more} more\n"));
    }
    text
}
