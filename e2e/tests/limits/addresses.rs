//! Whose address a request counts for: what a stranger writes about itself is never believed.

use e2e::{Answer, Client};
use reqwest::Method;

use crate::ground::{Ground, NO_FILM};

const X: &str = "X-Forwarded-For";
const F: &str = "Forwarded";

/// With a limit of one, an address that has not asked yet is let in, and another is not.
async fn is_new(client: &Client, headers: &[(&str, &str)]) -> bool {
    let mut request = client.request(Method::GET, NO_FILM);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = Answer::to(request).await;
    assert!(matches!(answer.status, 404 | 429), "{answer:?}");
    answer.status == 404
}

#[tokio::test]
async fn without_trusted_proxies_nothing_that_a_client_writes_gives_it_another_address() {
    let ground = Ground::with(&[("read", "1 per hour")]);
    let client = ground.server.anyone();
    assert!(is_new(&client, &[]).await);
    for (name, value) in [
        (X, "203.0.113.1"),
        (X, "127.0.0.1"),
        (F, "for=203.0.113.1"),
        ("X-Real-IP", "203.0.113.1"),
        ("True-Client-IP", "203.0.113.1"),
        ("CF-Connecting-IP", "203.0.113.1"),
        ("X-Client-IP", "203.0.113.1"),
        ("Via", "1.1 203.0.113.1"),
    ] {
        assert!(!is_new(&client, &[(name, value)]).await, "{name}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_who_came_to_it_and_what_the_client_wrote_before_that_is_not_believed()
{
    let ground = Ground::with(&[
        ("read", "1 per hour"),
        ("server/trusted_proxies", "127.0.0.1, 10.0.0.0/8"),
    ]);
    let client = ground.server.anyone();
    assert!(is_new(&client, &[(X, "203.0.113.1")]).await);
    // The same client, who makes up others before itself.
    for value in [
        "203.0.113.1",
        "198.51.100.7, 203.0.113.1",
        "198.51.100.8, 198.51.100.9,203.0.113.1",
        "unknown, 203.0.113.1",
        "127.0.0.1, 203.0.113.1",
        "203.0.113.1:4711",
        "::ffff:203.0.113.1",
        "198.51.100.7, 203.0.113.1, 10.1.2.3",
        "203.0.113.1, 10.1.2.3, 127.0.0.1",
    ] {
        assert!(!is_new(&client, &[(X, value)]).await, "{value}");
    }
    assert!(!is_new(&client, &[(X, "198.51.100.7"), (X, "203.0.113.1")]).await, "two lines");
    assert!(!is_new(&client, &[(F, "for=198.51.100.7"), (X, "203.0.113.1")]).await, "the other");
    assert!(is_new(&client, &[(X, "203.0.113.2")]).await, "another one is another one");
    // What cannot be read ends the walk at the proxy: all of those are one.
    assert!(is_new(&client, &[(X, "198.51.100.7, what")]).await);
    for odd in ["198.51.100.8, ?", "198.51.100.9,", "198.51.100.10, 1.2.3", "_hidden", "unknown"] {
        assert!(!is_new(&client, &[(X, odd)]).await, "{odd}");
    }
}

#[tokio::test]
async fn whoever_has_one_address_of_an_ipv6_network_has_all_of_them() {
    let ground = Ground::with(&[("read", "1 per hour"), ("server/trusted_proxies", "127.0.0.0/8")]);
    let client = ground.server.anyone();
    assert!(is_new(&client, &[(X, "2001:db8:0:1::1")]).await);
    for same in ["2001:db8:0:1::2", "2001:db8:0:1:ffff:ffff:ffff:ffff", "[2001:db8:0:1::3]:443"] {
        assert!(!is_new(&client, &[(X, same)]).await, "{same}");
    }
    assert!(is_new(&client, &[(X, "2001:db8:0:2::1")]).await);
    assert!(is_new(&client, &[(X, "203.0.113.1")]).await);
    assert!(is_new(&client, &[(X, "203.0.113.2")]).await, "IPv4 is counted by address");
}

#[tokio::test]
async fn forwarded_is_read_where_it_is_what_proxies_write_and_then_nothing_else() {
    let ground = Ground::with(&[
        ("read", "1 per hour"),
        ("server/trusted_proxies", "127.0.0.1"),
        ("server/forwarded_header", "forwarded"),
    ]);
    let client = ground.server.anyone();
    assert!(is_new(&client, &[(F, "for=203.0.113.1;proto=https")]).await);
    for value in [
        "for=203.0.113.1",
        "for=198.51.100.7, For=\"203.0.113.1:80\";by=127.0.0.1",
        "for=198.51.100.7;host=\"a, for=198.51.100.8\", for=203.0.113.1",
    ] {
        assert!(!is_new(&client, &[(F, value)]).await, "{value}");
    }
    assert!(!is_new(&client, &[(X, "198.51.100.7"), (F, "for=203.0.113.1")]).await, "the other");
    assert!(is_new(&client, &[(F, "for=\"[2001:db8::1]\"")]).await);
    // What cannot be read, and nothing at all: the proxy itself.
    assert!(is_new(&client, &[(F, "for=198.51.100.9, for=\"203.0.113.1")]).await);
    assert!(!is_new(&client, &[]).await);
    assert!(!is_new(&client, &[(F, "for=198.51.100.9, for=unknown")]).await);
}
