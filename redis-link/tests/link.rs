//! Whatever becomes of Redis, whoever asks it loses a deadline at most, and mostly nothing.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without fails it")]

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use proving_ground::{CuttingProxy, PrivateRedis, RedisServer, free_port};
use redis::{Cmd, cmd};
use redis_link::{Keys, LinkError, RedisLink, RedisLinkOptions};

/// Ends a test that hangs, by an error.
const PATIENCE: Duration = Duration::from_secs(60);

/// The deadline of commands in tests that are not about its being missed: a busy machine cannot miss it.
const LONG: Duration = Duration::from_secs(10);

/// As in production.
const SHORT: Duration = Duration::from_millis(5);

fn link(url: &str, timeout: Duration) -> RedisLink {
    RedisLink::new(RedisLinkOptions { timeout, ..RedisLinkOptions::at(url) }).unwrap()
}

async fn is_up(link: &RedisLink, up: bool) {
    tokio::time::timeout(PATIENCE, link.becomes(up)).await.unwrap();
}

async fn connected(url: &str, timeout: Duration) -> RedisLink {
    let link = link(url, timeout);
    is_up(&link, true).await;
    link
}

fn set(key: &str, value: &str) -> Cmd {
    let mut command = cmd("SET");
    command.arg(key).arg(value).arg("PX").arg(60_000);
    command
}

fn get(key: &str) -> Cmd {
    let mut command = cmd("GET");
    command.arg(key);
    command
}

/// What so many commands, one after the other, come to, and how long all of them take.
async fn asked(link: &RedisLink, times: usize) -> (Vec<Result<(), LinkError>>, Duration) {
    let (started, mut results) = (Instant::now(), Vec::new());
    for _ in 0..times {
        results.push(link.query::<()>(&cmd("PING")).await);
    }
    (results, started.elapsed())
}

#[tokio::test]
async fn what_one_link_has_set_another_one_gets() {
    let server = RedisServer::running();
    let key = Keys::of(&RedisServer::new_prefix(), "tests", 1).key("film");
    let (one, other) = (connected(server.url(), LONG).await, connected(server.url(), LONG).await);
    one.query::<()>(&set(&key, "Ran")).await.unwrap();
    assert_eq!(other.query::<Option<String>>(&get(&key)).await, Ok(Some("Ran".to_owned())));
}

#[tokio::test]
async fn before_there_is_a_connection_a_command_fails_at_once() {
    let link = link("redis://127.0.0.1:1/", LONG);
    let (results, took) = asked(&link, 1_000).await;
    assert!(results.iter().all(|result| *result == Err(LinkError::Away)));
    assert!(took < PATIENCE, "{took:?} for a thousand");
    assert!(!link.is_up());
}

#[tokio::test]
async fn a_redis_that_hangs_costs_a_few_commands_their_deadline_and_the_others_nothing() {
    let redis = PrivateRedis::start().await;
    let link = connected(&redis.url(), Duration::from_millis(200)).await;
    redis.halt();
    let (results, took) = asked(&link, 1_000).await;
    let late = results.iter().filter(|result| **result == Err(LinkError::Late)).count();
    let away = results.iter().filter(|result| **result == Err(LinkError::Away)).count();
    assert!((1..=3).contains(&late) && late + away == 1_000, "{late} late, {away} away");
    // A thousand deadlines are minutes.
    assert!(took < PATIENCE, "{took:?}");
    redis.go_on();
    let answered = async {
        // A busy machine may miss such a deadline, too.
        while link.query::<()>(&cmd("PING")).await.is_err() {
            is_up(&link, true).await;
        }
    };
    tokio::time::timeout(PATIENCE, answered).await.unwrap();
}

#[tokio::test]
async fn a_connection_that_is_silently_dead_costs_no_more_than_one_that_hangs() {
    let redis = PrivateRedis::start().await;
    let proxy = CuttingProxy::to(&redis.url()).await;
    let link = connected(&proxy.url_for(&redis.url()), Duration::from_millis(200)).await;
    proxy.pause(true);
    let (results, took) = asked(&link, 1_000).await;
    assert!(results.iter().all(Result::is_err));
    // A thousand deadlines are minutes.
    assert!(took < PATIENCE, "{took:?}");
    proxy.pause(false);
    is_up(&link, true).await;
}

#[tokio::test]
async fn many_who_ask_at_once_while_redis_hangs_wait_for_one_deadline_together() {
    let redis = PrivateRedis::start().await;
    let link = connected(&redis.url(), Duration::from_millis(200)).await;
    redis.halt();
    let started = Instant::now();
    let asking: Vec<_> = (0..500)
        .map(|_| {
            let link = link.clone();
            tokio::spawn(async move { link.query::<()>(&cmd("PING")).await })
        })
        .collect();
    for asked in asking {
        assert!(asked.await.unwrap().is_err());
    }
    // A deadline for each of them would be more than a minute.
    assert!(started.elapsed() < PATIENCE, "{:?}", started.elapsed());
    redis.go_on();
}

#[tokio::test]
async fn a_death_is_noticed_although_nobody_asks_and_so_is_the_return() {
    let mut redis = PrivateRedis::start().await;
    let link = connected(&redis.url(), LONG).await;
    redis.kill().await;
    is_up(&link, false).await;
    redis.start_again().await;
    is_up(&link, true).await;
    assert_eq!(asked(&link, 1).await.0, [Ok(())]);
}

#[tokio::test]
async fn a_connection_that_is_cut_is_made_anew() {
    let redis = PrivateRedis::start().await;
    let proxy = CuttingProxy::to(&redis.url()).await;
    let link = connected(&proxy.url_for(&redis.url()), LONG).await;
    for connections in 2..5 {
        proxy.cut();
        is_up(&link, false).await;
        is_up(&link, true).await;
        assert!(proxy.connections() >= connections);
    }
    assert_eq!(asked(&link, 1).await.0, [Ok(())]);
}

#[tokio::test]
async fn a_wrong_password_is_an_absence_that_says_why_and_not_with_which_password() {
    let redis = PrivateRedis::start_with(&[("requirepass", "right")]).await;
    let url = redis.url().replace("://", "://default:sesame@");
    let link = link(&url, LONG);
    let said = why_away(&link).await;
    assert!(!said.contains("sesame") && !said.is_empty(), "{said}");
    assert_eq!(link.query::<()>(&cmd("PING")).await, Err(LinkError::Away));
    let right = connected(&redis.url().replace("://", "://default:right@"), LONG).await;
    assert!(right.is_up());
}

#[tokio::test]
async fn a_full_redis_refuses_what_is_new_and_gives_what_it_has() {
    let redis =
        PrivateRedis::start_with(&[("maxmemory", "2mb"), ("maxmemory-policy", "noeviction")]).await;
    let link = connected(&redis.url(), LONG).await;
    let value = "x".repeat(10_000);
    link.query::<()>(&set("first", "there")).await.unwrap();
    let mut refused = None;
    for number in 0..1_000 {
        if let Err(error) = link.query::<()>(&set(&format!("key {number}"), &value)).await {
            refused = Some(error);
            break;
        }
    }
    assert!(matches!(refused, Some(LinkError::Refused(_))), "{refused:?}");
    assert!(link.is_up());
    assert_eq!(link.query::<String>(&get("first")).await, Ok("there".to_owned()));
}

#[tokio::test]
async fn something_else_under_a_key_is_a_refusal_and_harms_nobody() {
    let redis = PrivateRedis::start().await;
    let link = connected(&redis.url(), LONG).await;
    let mut push = cmd("LPUSH");
    link.query::<()>(push.arg("key").arg("element")).await.unwrap();
    let wrong = link.query::<Option<String>>(&get("key")).await;
    assert!(matches!(wrong, Err(LinkError::Refused(_))), "{wrong:?}");
    assert_eq!(asked(&link, 1).await.0, [Ok(())]);
}

#[tokio::test]
async fn a_redis_that_always_takes_longer_than_the_deadline_is_left_alone() {
    let redis = PrivateRedis::start().await;
    let link = link(&redis.url(), Duration::ZERO);
    let (results, _) = asked(&link, 100).await;
    assert!(results.iter().all(|result| *result == Err(LinkError::Away)));
}

#[tokio::test]
async fn beyond_a_number_under_way_a_command_fails_at_once() {
    let redis = PrivateRedis::start().await;
    let options =
        RedisLinkOptions { timeout: LONG, in_flight_max: 1, ..RedisLinkOptions::at(redis.url()) };
    let link = RedisLink::new(options).unwrap();
    is_up(&link, true).await;
    let mut blocking = cmd("BLPOP");
    blocking.arg("nothing").arg(0);
    let ping = cmd("PING");
    tokio::select! {
        biased;
        unblocked = link.query::<()>(&blocking) => panic!("{unblocked:?}"),
        second = link.query::<()>(&ping) => assert_eq!(second, Err(LinkError::Busy)),
    }
}

/// A certificate for 127.0.0.1 that vouches for itself, and its key.
fn certificate(folder: &Path) -> [String; 2] {
    let [certificate, key] =
        ["certificate.pem", "key.pem"].map(|name| folder.join(name).to_str().unwrap().to_owned());
    let subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"];
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
        .args(subject)
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output();
    assert!(made.unwrap().status.success());
    [certificate, key]
}

#[tokio::test]
async fn a_server_is_spoken_to_over_tls_only_where_somebody_known_vouches_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let [certificate, key] = certificate(folder.path());
    let port = free_port();
    let _redis = PrivateRedis::start_with(&[
        ("tls-port", &port.to_string()),
        ("tls-cert-file", &certificate),
        ("tls-key-file", &key),
        ("tls-ca-cert-file", &certificate),
        ("tls-auth-clients", "no"),
    ])
    .await;
    let url = format!("rediss://127.0.0.1:{port}/");
    let ca_pem = Some(std::fs::read(&certificate).unwrap());
    let options = RedisLinkOptions { timeout: LONG, ..RedisLinkOptions::at(&url) };
    let trusting = RedisLink::new(RedisLinkOptions { ca_pem, ..options.clone() }).unwrap();
    is_up(&trusting, true).await;
    assert_eq!(asked(&trusting, 1).await.0, [Ok(())]);
    let wary = RedisLink::new(options).unwrap();
    let said = why_away(&wary).await;
    assert!(said.contains("certificate"), "{said}");
    let nonsense = Some(b"no certificate".to_vec());
    let wrong = RedisLinkOptions { ca_pem: nonsense, ..RedisLinkOptions::at(&url) };
    let wrong = RedisLink::new(wrong);
    assert!(match wrong {
        Err(_) => true,
        Ok(link) => !why_away(&link).await.is_empty(),
    });
}

/// Why a link is away, after the first attempt.
async fn why_away(link: &RedisLink) -> String {
    let said = async {
        loop {
            match link.away() {
                Some(reason) if reason.contains("connected yet") => tokio::task::yield_now().await,
                reason => return reason.unwrap(),
            }
        }
    };
    tokio::time::timeout(PATIENCE, said).await.unwrap()
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_without_being_repeated() {
    for url in ["redis://me:secret@host:none/", "postgres://me:secret@host/", "secret"] {
        let options = RedisLinkOptions::at(url);
        assert!(!format!("{options:?}").contains("secret"));
        let refused = RedisLink::new(options).unwrap_err().to_string();
        assert!(!refused.contains("secret"), "{refused}");
    }
    assert_eq!(RedisLinkOptions::at("redis://host").timeout, SHORT);
}
