//! `cinelog import`: films from files into the log, while no server runs on the folder.

use http_kit::Clock;
use tokio::fs::File;

use super::print;
use crate::{
    cli::ImportArgs,
    config::Config,
    data_dir::DataDir,
    error::Failure,
    import::{Importer, Known, Summary},
    telemetry, wire,
};

/// Reads the files in order. The read model catches up when the server starts.
pub(crate) async fn import(config: &Config, args: &ImportArgs) -> Result<(), Failure> {
    telemetry::log_to_stderr(&config.logging)?;
    let data = DataDir::open(&config.server.data)?;
    let _lock = data.lock()?;
    // All of them before any is imported: a typing error is found at once.
    let mut files = Vec::with_capacity(args.files.len());
    for path in &args.files {
        let name = path.display().to_string();
        let file = File::open(path)
            .await
            .map_err(|error| Failure::Other(format!("{name} cannot be read: {error}")))?;
        files.push((name, file));
    }
    let log = wire::event_log(config, &data).await?;
    let importer = Importer::new(log.clone(), Clock::system(), Known::Update);
    let mut total = Summary::default();
    for (name, file) in files {
        let bytes = file.metadata().await.map_or(0, |metadata| metadata.len());
        total += importer.import(&name, bytes, file).await?;
    }
    log.close().await;
    print(&format!("{total}\n"))?;
    match total.refused {
        0 => Ok(()),
        1 => Err(Failure::Other("a line was refused; see above".to_owned())),
        refused => Err(Failure::Other(format!("{refused} lines were refused; see above"))),
    }
}
