//! What is shown on a terminal while it takes its time. Nothing is where there is no terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// A bar over so many events.
pub(super) fn of_events(what: &'static str, events: u64) -> ProgressBar {
    bar(what, events, "{msg} {wide_bar} {human_pos}/{human_len} {eta}")
}

/// A bar over so many bytes.
pub(super) fn of_bytes(what: &'static str, bytes: u64) -> ProgressBar {
    bar(what, bytes, "{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
}

fn bar(what: &'static str, length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length).with_message(what);
    // A template that cannot be read leaves the default one.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A sign that it is still at work.
pub(super) fn of_unknown_length(what: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(what);
    spinner.enable_steady_tick(TICK);
    spinner
}
