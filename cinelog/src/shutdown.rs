//! Stopping in two stages: first no new work is taken, then work stops.

use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// The two stages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shutdown {
    /// First: servers take no new connections and finish what is under way.
    pub(crate) stop_taking: CancellationToken,
    /// Then: the projector and other background work end.
    pub(crate) stop_working: CancellationToken,
    /// The public server, which the second stage waits for.
    pub(crate) server: TaskTracker,
}

impl Shutdown {
    /// Waits until the public server has answered its last request.
    pub(crate) async fn drained(&self) {
        self.server.close();
        self.server.wait().await;
    }
}

/// Waits for Ctrl-C or SIGTERM; gives which.
pub(crate) async fn signal() -> std::io::Result<&'static str> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result.map(|()| "interrupt"),
            _ = terminate.recv() => Ok("terminate"),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map(|()| "interrupt")
}
