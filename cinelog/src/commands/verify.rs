//! `cinelog verify`: the log folded afresh beside the live read model, and the two compared.

use std::process::ExitCode;

use projector::{Verification, verify as verify_read_model};

use super::{
    build::{self, Bar},
    print,
};
use crate::{config::Config, data_dir::DataDir, error::Failure, shutdown, telemetry, wire};

/// How many differing rows are printed. All are counted.
const SHOWN_MAX: usize = 100;

/// Verifies the live read model. Ends with 0 where all is as it should be, with 1 where it is not.
pub(crate) async fn verify(config: &Config) -> Result<ExitCode, Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let data = DataDir::of(config)?;
    let log = build::log(config, &data).await?;
    let read_models = wire::read_models(config, &data).await?;
    let bar = Bar::new();
    let progress = |step| bar.show(step);
    let verification = tokio::select! {
        done = verify_read_model(log.as_ref(), read_models.as_ref(), SHOWN_MAX, &progress) => done?,
        _ = shutdown::signal() => return Err(Failure::Other("interrupted".to_owned())),
    };
    bar.done();
    log.close().await;
    print(&report(&verification))?;
    Ok(if verification.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn report(verification: &Verification) -> String {
    let Verification { generation, position, folded, log, read_model, comparison } = verification;
    let mut text = format!("generation {generation} at position {position}\n\n");
    text.push_str(&build::tables(comparison));
    text.push_str(&match verification.digests_agree() {
        true => format!("\ndigest {folded}: log, read model and events agree\n"),
        false => format!(
            "\nthe digests differ:\n  events read now  {folded}\n  kept by the log  {log}\n  \
             kept by the read model  {read_model}\n"
        ),
    });
    text.push_str(match (verification.log_is_sound(), verification.is_clean()) {
        (false, _) => {
            "NOT CLEAN: the EVENT LOG was altered or damaged: its events are not those that it was given.\n\
             A rebuild does not help; restore a backup (`cinelog restore`)\n"
        }
        (true, true) => "clean: the read model is what the log says\n",
        (true, false) => "NOT CLEAN: `cinelog rebuild` makes a new read model from the log\n",
    });
    text
}
