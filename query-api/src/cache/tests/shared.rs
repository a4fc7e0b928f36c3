//! What nodes share is as good as what each would have made, whatever happens to Redis and what is in it.

use std::time::Instant;

use proving_ground::{CuttingProxy, PrivateRedis, RedisServer};
use redis::{Cmd, cmd};
use redis_link::{RedisLink, RedisLinkOptions};

use super::*;
use crate::testing::Kind;

/// A deadline that a busy machine cannot miss.
const LONG: Duration = Duration::from_secs(10);

/// Nodes of one read model on Postgres, which share answers on a Redis.
pub(super) struct World {
    pub(super) model: ReadModel,
    url: String,
    prefix: String,
    /// To look at what is in Redis.
    link: RedisLink,
}

async fn linked(url: &str, timeout: Duration) -> RedisLink {
    let options = RedisLinkOptions { timeout, ..RedisLinkOptions::at(url) };
    let link = RedisLink::new(options).unwrap();
    tokio::time::timeout(PATIENCE, link.becomes(true)).await.unwrap();
    link
}

fn options(prefix: &str) -> RedisAnswersOptions {
    let (deployment, ttl) = (prefix.to_owned(), Duration::from_secs(60));
    RedisAnswersOptions { deployment, cursor_key: [7; 32], bytes_max: 100_000, ttl }
}

impl World {
    pub(super) async fn of(films: &[MovieDocument]) -> Self {
        Self::on(RedisServer::running().url(), films).await
    }

    async fn on(url: &str, films: &[MovieDocument]) -> Self {
        let model = ReadModel::of(Kind::Postgres, films).await;
        let link = linked(url, LONG).await;
        Self { model, url: url.to_owned(), prefix: RedisServer::new_prefix(), link }
    }

    async fn node(&self) -> Node {
        self.node_with(&self.url, LONG, &options(&self.prefix)).await
    }

    /// A node that has answered before, so that it knows its routes and what the read model is.
    async fn node_with(&self, url: &str, timeout: Duration, how: &RedisAnswersOptions) -> Node {
        let answers = RedisAnswers::new(linked(url, timeout).await, how);
        let node = self.model.node_that_shares(ROOM, Some(Arc::new(answers)));
        let other = drama("Another");
        self.model.put_film(&other).await;
        node.get("/v1/tags").await;
        let position = self.model.store().checkpoint().await.unwrap().position.0;
        known(&node, position).await;
        node.get(&address(&other)).await;
        node
    }

    /// A node that has heard of the read model, and changes nothing in it.
    pub(super) async fn node_as_it_is(&self) -> Node {
        let answers = RedisAnswers::new(linked(&self.url, LONG).await, &options(&self.prefix));
        let node = self.model.node_that_shares(ROOM, Some(Arc::new(answers)));
        node.get("/v1/tags").await;
        known(&node, 0).await;
        node
    }

    async fn keys(&self) -> Vec<String> {
        let keys = cmd("KEYS").arg(format!("{}:*", self.prefix)).to_owned();
        self.link.query(&keys).await.unwrap()
    }

    /// Waits until so many answers are shared.
    async fn shared(&self, count: usize) -> Vec<String> {
        in_time(async || self.keys().await.len() >= count).await;
        self.keys().await
    }

    async fn run(&self, command: &Cmd) {
        self.link.query::<redis::Value>(command).await.unwrap();
    }
}

async fn title(node: &Node, film: &MovieDocument) -> String {
    let answer = node.get(&address(film)).await;
    assert_eq!(answer.status, StatusCode::OK);
    let film: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    film["title"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_one_node_was_asked_another_one_does_not_read() {
    let ran = drama("Ran");
    let world = World::of(std::slice::from_ref(&ran)).await;
    let (one, other) = (world.node().await, world.node().await);
    let made = one.get(&address(&ran)).await;
    world.shared(2).await;
    meddle(&world.model, &retitled(&ran, "Kagemusha")).await;
    let given = other.get(&address(&ran)).await;
    assert_eq!(given.clone().essence(), made.essence());
    // And a part of it is another answer.
    let part = other.get(&format!("{}?fields=title", address(&ran))).await;
    assert!(String::from_utf8_lossy(&part.body).contains("Kagemusha"));
}

#[tokio::test]
async fn a_change_makes_what_is_shared_untrue_at_every_node_that_hears_of_it() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let world = World::of(&[ran.clone(), heat.clone()]).await;
    let (one, other) = (world.node().await, world.node().await);
    assert_eq!(title(&one, &ran).await, "Ran");
    assert_eq!(title(&one, &heat).await, "Heat");
    world.shared(3).await;
    let change = world.model.commit(&[retitled(&ran, "Kagemusha")]).await;
    world.model.publish(change).await;
    known(&other, 1).await;
    assert_eq!(title(&other, &ran).await, "Kagemusha");
    // What it is not about is as good as before.
    meddle(&world.model, &retitled(&heat, "Ronin")).await;
    assert_eq!(title(&other, &heat).await, "Heat");
}

#[tokio::test]
async fn where_the_news_is_lost_what_is_shared_is_no_older_than_what_a_node_keeps_by_itself() {
    let ran = drama("Ran");
    let world = World::of(std::slice::from_ref(&ran)).await;
    let (one, other) = (world.node().await, world.node().await);
    assert_eq!(title(&one, &ran).await, "Ran");
    world.shared(2).await;
    let _lost = world.model.commit(&[retitled(&ran, "Kagemusha")]).await;
    known(&other, 1).await;
    assert_eq!(title(&other, &ran).await, "Kagemusha");
    // Nor is it for a node that comes only now.
    assert_eq!(title(&world.node().await, &ran).await, "Kagemusha");
}

#[tokio::test]
async fn whoever_asks_for_a_position_gets_nothing_older_from_what_is_shared() {
    let ran = drama("Ran");
    let world = World::of(std::slice::from_ref(&ran)).await;
    let (one, other) = (world.node().await, world.node().await);
    assert_eq!(title(&one, &ran).await, "Ran");
    world.shared(2).await;
    let _untold = world.model.commit(&[retitled(&ran, "Kagemusha")]).await;
    for node in [&one, &other] {
        let newer = [("cinelog-min-position", "1")];
        let answer = node.ask("GET", &address(&ran), &newer).await;
        assert_eq!(answer.position(), Some(1));
        assert!(String::from_utf8_lossy(&answer.body).contains("Kagemusha"));
    }
}

#[tokio::test]
async fn what_was_changed_while_the_position_stood_still_is_not_hidden_by_what_is_shared() {
    let ran = drama("Ran");
    let world = World::of(std::slice::from_ref(&ran)).await;
    let one = world.node().await;
    assert_eq!(title(&one, &ran).await, "Ran");
    world.shared(2).await;
    // As a retry of what was parked does it; and the news of it is lost.
    meddle(&world.model, &retitled(&ran, "Kagemusha")).await;
    world.model.run("UPDATE checkpoint SET amended = amended + 1").await;
    assert_eq!(title(&world.node().await, &ran).await, "Kagemusha");
    in_time(async || title(&one, &ran).await != "Ran").await;
}

#[tokio::test]
async fn what_is_damaged_moved_or_put_there_by_others_is_not_there() {
    let (ran, heat) = (drama("Ran"), drama("Heat"));
    let world = World::of(&[ran.clone(), heat.clone()]).await;
    let one = world.node().await;
    let before = world.shared(1).await;
    assert_eq!(title(&one, &ran).await, "Ran");
    let all = world.shared(2).await;
    let key = all.iter().find(|key| !before.contains(key)).unwrap();
    let mut good: Vec<u8> = world.link.query(cmd("GET").arg(key)).await.unwrap();
    let other_s: Vec<u8> = world.link.query(cmd("GET").arg(&before[0])).await.unwrap();
    meddle(&world.model, &retitled(&ran, "Kagemusha")).await;
    let last = good.len() - 1;
    let mut odd = vec![Vec::new(), b"text".to_vec(), good[..last].to_vec(), other_s];
    odd.extend([[&good[..], b"x"].concat(), vec![b'x'; 1_000_000]]);
    for at in [0, last] {
        good[at] ^= 1;
        odd.push(good.clone());
        good[at] ^= 1;
    }
    for value in odd {
        world.run(cmd("SET").arg(key).arg(&value).arg("PX").arg(60_000)).await;
        assert_eq!(title(&world.node().await, &ran).await, "Kagemusha");
        // What the node has made takes its place.
        let kept = async || world.link.query::<Vec<u8>>(cmd("GET").arg(key)).await.unwrap();
        in_time(async || kept().await != value).await;
    }
    world.run(cmd("DEL").arg(key)).await;
    world.run(cmd("LPUSH").arg(key).arg("element")).await;
    assert_eq!(title(&world.node().await, &ran).await, "Kagemusha");
}

#[tokio::test]
async fn nodes_with_another_key_or_of_another_deployment_share_nothing_with_these() {
    let ran = drama("Ran");
    let world = World::of(std::slice::from_ref(&ran)).await;
    let one = world.node().await;
    assert_eq!(title(&one, &ran).await, "Ran");
    world.shared(2).await;
    let stranger = RedisAnswersOptions { cursor_key: [8; 32], ..options(&world.prefix) };
    let neighbour = options(&format!("{}-2", world.prefix));
    let strangers = [
        world.node_with(&world.url, LONG, &stranger).await,
        world.node_with(&world.url, LONG, &neighbour).await,
    ];
    meddle(&world.model, &retitled(&ran, "Kagemusha")).await;
    for stranger in strangers {
        assert_eq!(title(&stranger, &ran).await, "Kagemusha");
    }
}

#[tokio::test]
async fn what_is_shared_has_an_end_a_size_and_a_name_that_tells_nothing() {
    let long = {
        let mut film = drama("Long");
        film.details.synopsis = Some("Words and words. ".repeat(10_000));
        film
    };
    let ran = drama("Ran");
    let world = World::of(&[long.clone(), ran.clone()]).await;
    let node = world.node().await;
    // The first is too long.
    assert_eq!(title(&node, &long).await, "Long");
    assert_eq!(title(&node, &ran).await, "Ran");
    let keys = world.shared(2).await;
    let before = world.model.store().checkpoint().await.unwrap();
    assert_eq!(keys.len(), 2, "{keys:?} at {before:?}");
    for key in keys {
        let rest = key.strip_prefix(&format!("{}:answers.v1:", world.prefix)).unwrap();
        assert!(rest.len() == 32 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{key}");
        let left: i64 = world.link.query(cmd("PTTL").arg(&key)).await.unwrap();
        assert!((1..=60_000).contains(&left), "{left}");
    }
}

#[tokio::test]
async fn a_redis_that_hangs_is_killed_or_full_costs_no_answer_and_hardly_any_time() {
    let films: Vec<_> = (0..300).map(|number| drama(&format!("Film {number}"))).collect();
    let mut redis = PrivateRedis::start().await;
    let proxy = CuttingProxy::to(&redis.url()).await;
    let world = World::on(&redis.url(), &films).await;
    let how = options(&world.prefix);
    let behind = proxy.url_for(&redis.url());
    let node = world.node_with(&behind, Duration::from_secs(1), &how).await;
    // Each is asked for once: none is kept by the node itself.
    let ask = async |films: &[MovieDocument]| {
        let begun = Instant::now();
        for film in films {
            assert_eq!(title(&node, film).await, film.details.title);
        }
        begun.elapsed()
    };
    let usual = ask(&films[..100]).await;
    world.run(cmd("CONFIG").arg("SET").arg("maxmemory").arg("1")).await;
    let full = ask(&films[100..150]).await;
    proxy.pause(true);
    let paused = ask(&films[150..200]).await;
    proxy.pause(false);
    redis.halt();
    let halted = ask(&films[200..250]).await;
    redis.go_on();
    redis.kill().await;
    let dead = ask(&films[250..]).await;
    println!(
        "100: {usual:?}; 50 each: full {full:?}, paused {paused:?}, halted {halted:?}, dead {dead:?}"
    );
    for took in [full, paused, halted, dead] {
        // Three in a row wait; if each did, it would be for 50 s.
        assert!(took < usual + Duration::from_secs(20), "{took:?}");
    }
}
