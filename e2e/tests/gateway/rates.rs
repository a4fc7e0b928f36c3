//! What Cinelog says of how much somebody may still do goes to them and to nobody else; and it counts those who
//! stand before a gateway, not the gateway.

use std::net::IpAddr;

use proving_ground::GatewayKind;
use reqwest::{Client, Response, header::HeaderMap};

use crate::{
    on_every_gateway,
    site::{KEPT_LONG, Site},
};

const FIELDS: [&str; 5] = [
    "ratelimit",
    "ratelimit-policy",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// A site whose node believes its gateway, and lets each address read so often.
async fn site(kind: GatewayKind, rates: &str) -> Site {
    let mut more = KEPT_LONG.to_vec();
    more.push(("CINELOG__LIMITS__READ__ANONYMOUS", rates));
    more.push(("CINELOG__LIMITS__READ__VIEWER", "unlimited"));
    more.push(("CINELOG__SERVER__TRUSTED_PROXIES", "127.0.0.1"));
    Site::that_does_not_purge(kind, &more).await
}

/// Somebody who calls from an address of this machine.
fn from(address: &str) -> Client {
    let address: IpAddr = address.parse().unwrap();
    Client::builder().local_address(address).build().unwrap()
}

async fn get(client: &Client, site: &Site, target: &str, forged: Option<&str>) -> Response {
    let mut request = client.get(format!("{}{target}", site.gateway.url()));
    if let Some(forged) = forged {
        request = request.header("X-Forwarded-For", forged);
        request = request.header("Forwarded", format!("for={forged}")).header("X-Real-IP", forged);
    }
    request.send().await.unwrap()
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

async fn what_is_left_is_said_to_who_asked_and_not_with_what_is_kept(kind: GatewayKind) {
    let site = site(kind, "100 per hour").await;
    let film = site.add("Ran").await;
    let (one, other) = (from("127.0.0.2"), from("127.0.0.3"));
    let first = get(&one, &site, &film, None).await;
    assert_eq!(text(first.headers(), "x-cache"), "MISS");
    assert_eq!(text(first.headers(), "x-ratelimit-remaining"), "99");
    assert!(text(first.headers(), "ratelimit").starts_with("\"read-hour\";r=99;t="), "{first:?}");
    assert_eq!(text(first.headers(), "ratelimit-policy"), "\"read-hour\";q=100;w=3600");
    let mut hits = 0;
    for _ in 0..20 {
        let kept = get(&other, &site, &film, None).await;
        let headers = kept.headers();
        if text(headers, "x-cache") == "HIT" {
            hits += 1;
            let told: Vec<_> = FIELDS.iter().filter(|name| headers.contains_key(**name)).collect();
            assert!(told.is_empty(), "{told:?}");
        }
    }
    assert!(hits > 0, "nothing came from the cache");
}

async fn who_stands_before_the_gateway_is_counted_whatever_they_forge(kind: GatewayKind) {
    let site = site(kind, "3 per hour").await;
    // Addresses that no cache has.
    let mut number = 0;
    let mut next = || {
        number += 1;
        format!("/v1/movies/0190a5d2-7c3e-7b1a-9f00-{number:012}")
    };
    let (one, other) = (from("127.0.0.2"), from("127.0.0.3"));
    for (at, forged) in
        ["203.0.113.1", "203.0.113.2", "127.0.0.3", "203.0.113.4"].iter().enumerate()
    {
        let expected = if at < 3 { 404 } else { 429 };
        let answer = get(&one, &site, &next(), Some(forged)).await;
        assert_eq!(answer.status(), expected, "{forged}: {answer:?}");
    }
    let refused = get(&one, &site, &next(), None).await;
    assert_eq!(refused.status(), 429);
    assert_eq!(text(refused.headers(), "x-ratelimit-remaining"), "0");
    let wait: u64 = text(refused.headers(), "retry-after").parse().unwrap();
    assert!(wait > 3_000, "it is Cinelog that refuses: {wait}");
    // Neither was forged in the name of the other one, nor does the gateway count.
    for expected in [404, 404, 404, 429] {
        assert_eq!(get(&other, &site, &next(), None).await.status(), expected);
    }
}

on_every_gateway! {
    what_is_left_is_said_to_who_asked_and_not_with_what_is_kept,
    who_stands_before_the_gateway_is_counted_whatever_they_forge,
}
