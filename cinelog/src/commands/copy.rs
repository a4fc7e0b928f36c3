//! `cinelog log copy`: a log copied into another store, beside a server that writes to it or without one.

use std::{process::ExitCode, time::Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::print;
use crate::{
    cli::CopyArgs,
    config::{Config, LogUrl},
    copying::{Copied, CopyError, Step, copy as copy_log},
    error::Failure,
    shutdown, telemetry, wire,
};

/// Copies. Ends with 0 where the target holds what the source does, with 1 where it was refused since it
/// holds something else.
pub(crate) async fn copy(config: &Config, args: &CopyArgs) -> Result<ExitCode, Failure> {
    telemetry::warn_on_stderr(&config.logging)?;
    let started = Instant::now();
    let (source, target) = (url("--from", &args.from)?, url("--to", &args.to)?);
    let from = wire::log_to_copy(&source).await?;
    let to = wire::log_to_copy_into(&target).await?;
    let bar = bar();
    let told = |step| show(&bar, step);
    let copied = tokio::select! {
        copied = copy_log(from.as_ref(), to.as_ref(), &told) => copied,
        _ = shutdown::signal() => {
            let advice = "interrupted; what was copied stays, and the same command goes on from there";
            return Err(Failure::Other(advice.to_owned()));
        }
    };
    bar.finish_and_clear();
    from.close().await;
    to.close().await;
    match copied {
        Ok(copied) => {
            print(&report(&source, &target, &copied, started))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(refused @ CopyError::NoBeginning { .. }) => {
            eprintln!("cinelog: {refused}");
            Ok(ExitCode::from(1))
        }
        Err(error) => Err(Failure::Other(error.to_string())),
    }
}

/// Read here, and not by the command line's own parser: that one repeats what it refuses, passwords too.
fn url(flag: &str, text: &str) -> Result<LogUrl, Failure> {
    LogUrl::try_from(text.to_owned()).map_err(|reason| Failure::Other(format!("{flag}: {reason}")))
}

fn report(source: &LogUrl, target: &LogUrl, copied: &Copied, started: Instant) -> String {
    let Copied { digest, held, keys, at, has_more, is_renumbered } = copied;
    let (events, seconds) = (digest.count - held, started.elapsed().as_secs_f64());
    let mut text = format!("copied {events} events and {keys} idempotency keys in {seconds:.1} s");
    if *held > 0 {
        text.push_str(&format!(", {held} events were there before"));
    }
    // As they are shown: with passwords masked.
    let (from, to) = (source.to_string(), target.to_string());
    let width = from.len().max(to.len());
    text.push_str(&format!(
        "\n\n{from:width$}  {digest}  up to position {at}\n{to:width$}  {digest}\n\n\
         the same: every event that was copied was read back\n"
    ));
    if *is_renumbered {
        text.push_str("positions are not the same, since one of the two gives its own\n");
    }
    if *has_more {
        text.push_str(&format!(
            "what was written to the source after position {at} is not copied; copy again for it\n"
        ));
    }
    text
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    // A template that cannot be read leaves the default one.
    match ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn show(bar: &ProgressBar, step: Step) {
    let (what, done, of) = match step {
        Step::Events(done, of) => ("copying events", done, of),
        Step::Keys(seen) => ("copying idempotency keys", seen, seen),
        Step::ReadBack(done, of) => ("reading back", done, of),
    };
    bar.set_message(what);
    bar.set_length(of.max(done));
    bar.set_position(done);
}
