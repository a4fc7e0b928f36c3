//! A query node keeps answers in memory, and a projector elsewhere makes them untrue. However the news of
//! that is lost, the node does not go on giving them out. About Postgres, whatever store the others run on.

use std::time::{Duration, Instant};

use e2e::{Client, Cluster, Server};
use proving_ground::{CuttingProxy, Database};
use serde_json::{Value, json};

/// How long an answer may be out of date where news of changes was lost: `LOOK_EVERY`, twice, in
/// query-api/src/cache.rs; and much more for a machine that has other things to do.
const OUT_OF_DATE_MAX: Duration = Duration::from_secs(15);

/// For how long an old answer must not have been given to be gone for good, and how many times in a row.
const GONE: (Duration, u32) = (Duration::from_secs(6), 20);

const ASK_AGAIN: Duration = Duration::from_millis(20);

struct World {
    _database: Database,
    proxy: CuttingProxy,
    editor: Client,
    reader: Client,
    _nodes: [Server; 3],
}

impl World {
    /// A node for commands and a projector, and behind a proxy a node for queries.
    async fn start() -> Self {
        let database = Database::new().await;
        let proxy = CuttingProxy::to(database.url()).await;
        let cluster = Cluster::on(database.url());
        let commands = cluster.node("c", "command", None);
        let projector = cluster.node("p", "projector", None);
        let behind = proxy.url_for(database.url());
        let queries = cluster.node("q", "query", Some(&behind));
        queries.becomes_ready(true).await;
        let editor = commands.anyone().with_token(&cluster.token("editor"));
        let reader = queries.anyone();
        Self { _database: database, proxy, editor, reader, _nodes: [commands, projector, queries] }
    }

    /// Adds a film and has its answer kept; gives where it is.
    async fn film_that_is_kept(&self) -> String {
        let made = self.editor.post("/v1/movies", json!({"title": "Before"})).await.expect(201);
        let film = made.header("Location").to_owned();
        let position = made.header("Cinelog-Position").to_owned();
        self.reader.get_at(&film, &position).await.expect(200);
        // The next one is kept, the one after it is given from there.
        for _ in 0..2 {
            assert_eq!(self.reader.get(&film).await.expect(200).json()["title"], "Before");
        }
        film
    }

    async fn retitle(&self, film: &str) -> Instant {
        self.editor.patch(film, "*", json!({"title": "After"})).await.expect(200);
        Instant::now()
    }

    /// What the reader is told now; `None` where nothing can be told.
    async fn title(&self, film: &str) -> Option<Value> {
        let asked = tokio::time::timeout(Duration::from_millis(300), self.reader.get(film)).await;
        let answer = asked.ok().filter(|answer| answer.status == 200)?;
        Some(answer.json()["title"].clone())
    }

    /// Asks until the old answer has not been given for a while; fails if it is given for too long.
    async fn forgets_what_was(&self, film: &str, changed: Instant) {
        let (mut last_given, mut others_in_a_row) = (changed, 0);
        while last_given.elapsed() < GONE.0 || others_in_a_row < GONE.1 {
            others_in_a_row += 1;
            if self.title(film).await == Some(json!("Before")) {
                (last_given, others_in_a_row) = (Instant::now(), 0);
                assert!(changed.elapsed() < OUT_OF_DATE_MAX, "{:?}", changed.elapsed());
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        println!("the old answer was given for {:.1?}", last_given - changed);
    }

    /// Waits until the reader is told what is.
    async fn comes_back(&self, film: &str) {
        let deadline = Instant::now() + e2e::PATIENCE;
        while self.title(film).await != Some(json!("After")) {
            assert!(Instant::now() < deadline, "it does not come back");
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

#[tokio::test]
async fn a_node_whose_connections_are_silently_dead_stops_giving_out_what_it_kept() {
    let world = World::start().await;
    let film = world.film_that_is_kept().await;
    world.proxy.pause(true);
    let changed = world.retitle(&film).await;
    world.forgets_what_was(&film, changed).await;
    world.proxy.pause(false);
    world.proxy.cut();
    world.comes_back(&film).await;
}

#[tokio::test]
async fn a_node_whose_connections_are_cut_again_and_again_gives_out_nothing_old_for_long() {
    let world = World::start().await;
    let film = world.film_that_is_kept().await;
    world.proxy.cut();
    let changed = world.retitle(&film).await;
    world.proxy.cut();
    world.forgets_what_was(&film, changed).await;
    world.comes_back(&film).await;
}
