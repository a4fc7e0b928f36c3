//! The processes of Cinelog, and what is done to them.

use std::{sync::Arc, time::Duration};

use e2e::{Random, Server};
use proving_ground::CuttingProxy;
use tokio::{task::spawn_blocking, time::Instant};

use super::{clients::Clients, schedule::Harm};

/// How long a connection lives that is cut again and again, at most.
const BETWEEN_CUTS_MAX: Duration = Duration::from_millis(400);

/// How many ways lead to a node's API: who finds one cut tries the other.
const DOORS: usize = 2;

/// Starts a process, and returns when it is ready.
pub(super) type Start = Arc<dyn Fn() -> Server + Send + Sync>;

/// One process.
pub(super) struct Node {
    pub(super) name: &'static str,
    /// Its role; all where it is empty.
    pub(super) role: &'static str,
    start: Start,
    /// None while it is dead.
    server: Option<Server>,
    /// What stands between clients and its API, where it has one.
    doors: Vec<CuttingProxy>,
    /// What stands between it and the servers that it uses.
    links: Vec<Arc<CuttingProxy>>,
}

impl Node {
    /// Starts it.
    pub(super) async fn start(
        name: &'static str,
        role: &'static str,
        start: Start,
        links: Vec<Arc<CuttingProxy>>,
    ) -> Self {
        let mut node = Self { name, role, start, server: None, doors: Vec::new(), links };
        node.start_again().await;
        node
    }

    /// The process, which runs.
    pub(super) fn server(&self) -> &Server {
        self.server.as_ref().expect("it runs")
    }

    /// Where clients ask it.
    pub(super) fn urls(&self) -> Vec<String> {
        let url = &self.server().url;
        self.doors.iter().map(|door| door.url_for(url)).collect()
    }

    /// Does it this harm for so long, and makes it good again.
    pub(super) async fn suffer(
        &mut self,
        harm: Harm,
        lasts: Duration,
        random: &mut Random,
        clients: &Clients,
    ) {
        match harm {
            Harm::Killed => {
                drop(self.server.take().expect("it runs").kill());
                tokio::time::sleep(lasts).await;
                self.start_again().await;
                clients.moved(self.name, self.role, self.urls());
            }
            Harm::Paused => {
                self.server().halt();
                tokio::time::sleep(lasts).await;
                self.server().go_on();
            }
            Harm::Cut => cut(&self.connections(), lasts, random).await,
            Harm::Silenced => silence(&self.connections(), lasts).await,
        }
    }

    fn connections(&self) -> Vec<&CuttingProxy> {
        self.doors.iter().chain(self.links.iter().map(|link| &**link)).collect()
    }

    async fn start_again(&mut self) {
        let start = Arc::clone(&self.start);
        let server = spawn_blocking(move || start()).await.expect("it starts");
        self.doors.clear();
        if matches!(self.role, "" | "command" | "query") {
            for _ in 0..DOORS {
                self.doors.push(CuttingProxy::to(&server.url).await);
            }
        }
        self.server = Some(server);
    }
}

/// Cuts connections again and again for so long.
pub(super) async fn cut(connections: &[&CuttingProxy], lasts: Duration, random: &mut Random) {
    let end = Instant::now() + lasts;
    while Instant::now() < end {
        connections.iter().for_each(|connection| connection.cut());
        tokio::time::sleep(random.shorter_than(BETWEEN_CUTS_MAX)).await;
    }
}

/// Lets nothing through for so long.
pub(super) async fn silence(connections: &[&CuttingProxy], lasts: Duration) {
    connections.iter().for_each(|connection| connection.pause(true));
    tokio::time::sleep(lasts).await;
    connections.iter().for_each(|connection| connection.pause(false));
}
