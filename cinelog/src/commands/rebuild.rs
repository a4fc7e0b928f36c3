//! `cinelog rebuild`: a new generation of the read model, built beside the live one.

use projector::{RebuildOptions, Rebuilt, rebuild as rebuild_read_model};

use super::{
    build::{self, Bar},
    print,
};
use crate::{
    cli::RebuildArgs, config::Config, data_dir::DataDir, error::Failure, shutdown, telemetry, wire,
};

/// How many differing rows are printed. All are counted.
const SHOWN_MAX: usize = 20;

/// Builds, compares, switches; says what came of it.
pub(crate) async fn rebuild(config: &Config, args: &RebuildArgs) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let data = DataDir::of(config)?;
    let log = build::log(config, &data).await?;
    let read_models = wire::read_models(config, &data).await?;
    let options = RebuildOptions {
        poison: config.projector.poison.into(),
        switch: !args.no_switch,
        shown_max: SHOWN_MAX,
    };
    let bar = Bar::new();
    let progress = |step| bar.show(step);
    let rebuilt = tokio::select! {
        done = rebuild_read_model(log.as_ref(), read_models.as_ref(), options, &progress) => done?,
        _ = shutdown::signal() => return Err(Failure::Other("interrupted".to_owned())),
    };
    bar.done();
    log.close().await;
    print(&report(&rebuilt))
}

fn report(rebuilt: &Rebuilt) -> String {
    let Rebuilt { checkpoint, compared, ahead, switched } = rebuilt;
    let generation = checkpoint.generation;
    let mut text =
        format!("built generation {generation}, up to position {}\n", checkpoint.position);
    match (compared, ahead) {
        (Some((at, comparison)), _) => {
            text.push_str(&format!(
                "compared with generation {} at position {}:\n\n{}\n",
                at.generation,
                at.position,
                build::tables(comparison)
            ));
            if comparison.differences() > 0 {
                text.push_str("the new generation has what a fresh fold of the log gives\n");
            }
        }
        (None, Some(old)) => text.push_str(&format!(
            "generation {} is at position {}, ahead of the log, and cannot be compared: an older log was put \
             in place, or it is damaged\nwith the new generation, the positions that clients see go back\n",
            old.generation, old.position
        )),
        (None, None) => text.push_str("there is no live read model to compare it with\n"),
    }
    text.push_str(&match switched {
        // A running server would wait for the new one to come as far as the old one.
        true if ahead.is_some() => {
            format!("switched to generation {generation}; restart a server that is running\n")
        }
        true => {
            format!("switched to generation {generation}; a running server follows by itself\n")
        }
        false => format!("not switched; `cinelog generation switch {generation}` does that\n"),
    });
    text
}
