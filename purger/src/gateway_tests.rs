//! A gateway that takes what it is told, refuses, fails, or is silent; over real connections.

use std::{collections::VecDeque, sync::Mutex};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::mpsc,
    task::JoinHandle,
};
use uuid::Uuid;

use super::*;
use crate::pending::GROUPS_MAX;
use http_kit::CacheGroup;

/// What one request said.
#[derive(Debug, PartialEq)]
struct Asked {
    first_line: String,
    groups: Vec<String>,
    authorization: String,
}

/// A server that answers with these statuses, one after another, and with 200 after that. It gives no
/// answer in the place of 0.
async fn server(statuses: &[u16]) -> (GatewayAddress, mpsc::UnboundedReceiver<Asked>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let statuses = Mutex::new(VecDeque::from(statuses.to_vec()));
    let (tell, told) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut silent = Vec::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                match line.trim() {
                    "" => break,
                    line => lines.push(line.to_owned()),
                }
            }
            let header = |name: &str| {
                let line = lines.iter().find_map(|line| line.strip_prefix(name));
                line.unwrap_or_default().trim_start_matches(": ").to_owned()
            };
            let asked = Asked {
                first_line: lines[0].clone(),
                groups: header("surrogate-key").split(' ').map(str::to_owned).collect(),
                authorization: header("authorization"),
            };
            let status = statuses.lock().unwrap().pop_front().unwrap_or(200);
            if tell.send(asked).is_err() {
                return;
            }
            match status {
                0 => silent.push(stream),
                _ => {
                    let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n");
                    stream.write_all(answer.as_bytes()).await.unwrap();
                }
            }
        }
    });
    (address, told)
}

/// Tells a gateway; ends with the test.
fn telling(address: GatewayAddress, repeat_after: Duration) -> (Pending, JoinHandle<()>) {
    let options = PurgerOptions {
        gateways: Vec::new(),
        token: Some("0123456789abcdef".to_owned()),
        timeout: Duration::from_millis(200),
        repeat_after,
    };
    let gateway = Gateway::new(address, &options);
    (gateway.pending(), tokio::spawn(gateway.run()))
}

fn film(number: u128) -> Groups {
    Groups::of([CacheGroup::one(Uuid::from_u128(number))])
}

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_gateway_is_told_the_groups_and_shown_the_token() {
    let (address, mut told) = server(&[]).await;
    let (pending, _task) = telling(address, LONG);
    pending.add(Groups::of([CacheGroup::all("movies"), CacheGroup::one(Uuid::nil())]));
    let asked = told.recv().await.unwrap();
    assert_eq!(asked.first_line, "PURGE / HTTP/1.1");
    assert_eq!(asked.groups, ["movies", "00000000000000000000000000000000"]);
    assert_eq!(asked.authorization, "Bearer 0123456789abcdef");
    pending.add(Groups::All);
    assert_eq!(told.recv().await.unwrap().groups, ["*"]);
}

#[tokio::test]
async fn what_a_gateway_did_not_take_is_sent_again_with_what_came_since() {
    let (address, mut told) = server(&[503, 0]).await;
    let (pending, _task) = telling(address, LONG);
    pending.add(film(1));
    assert_eq!(told.recv().await.unwrap().groups.len(), 1);
    pending.add(film(2));
    assert_eq!(told.recv().await.unwrap().groups.len(), 2, "after a failure");
    assert_eq!(told.recv().await.unwrap().groups.len(), 2, "after no answer at all");
}

#[tokio::test]
async fn a_gateway_that_is_not_there_yet_is_told_when_it_is() {
    let (address, told) = server(&[]).await;
    drop(told);
    // The listener goes with its first request; its port is free then.
    let (pending, _task) = telling(address.clone(), LONG);
    pending.add(film(1));
    let (host, port) = address.endpoint();
    let listener = loop {
        tokio::task::yield_now().await;
        if let Ok(listener) = TcpListener::bind((host, port)).await {
            break listener;
        }
    };
    listener.accept().await.unwrap();
}

#[tokio::test]
async fn what_was_purged_is_purged_a_second_time_and_no_more() {
    let (address, mut told) = server(&[]).await;
    let (pending, _task) = telling(address, Duration::from_millis(50));
    pending.add(film(1));
    let first = told.recv().await.unwrap();
    assert_eq!(told.recv().await.unwrap(), first);
    // Were it purged a third time, that would come before what is added two rounds later.
    let mut rounds = interval(Duration::from_millis(50));
    for _ in 0..4 {
        rounds.tick().await;
    }
    pending.add(film(2));
    assert_ne!(told.recv().await.unwrap(), first);
}

#[tokio::test]
async fn many_groups_go_in_several_requests_and_too_many_are_everything() {
    let (address, mut told) = server(&[]).await;
    let (pending, _task) = telling(address, LONG);
    let films =
        |count: usize| Groups::of((0..count).map(|n| CacheGroup::one(Uuid::from_u128(n as u128))));
    pending.add(films(450));
    let mut counts = Vec::new();
    for _ in 0..3 {
        counts.push(told.recv().await.unwrap().groups.len());
    }
    assert_eq!(counts, [200, 200, 50]);
    pending.add(films(GROUPS_MAX + 1));
    assert_eq!(told.recv().await.unwrap().groups, ["*"]);
}

#[tokio::test]
async fn a_gateway_that_refuses_is_left_alone_for_a_while() {
    let (address, mut told) = server(&[403]).await;
    let (pending, _task) = telling(address, LONG);
    pending.add(film(1));
    told.recv().await.unwrap();
    let soon = tokio::time::timeout(4 * AGAIN_AFTER, told.recv()).await;
    assert!(soon.is_err(), "it was asked again at once");
    assert_eq!(pending.count(), 1);
}
