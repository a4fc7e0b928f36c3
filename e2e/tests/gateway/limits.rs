//! Who asks too much is told so, and the others go on.

use e2e::PATIENCE;
use futures::future::join_all;
use proving_ground::{Gateway, GatewayKind};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::{on_every_gateway, origin::Origin};

async fn who_asks_more_than_a_gateway_allows_is_told_so(kind: GatewayKind) {
    let origin =
        Origin::start(|said| said.answer(200, "film", &[("cache-control", "public, max-age=600")]));
    let mut gateway = Gateway::new(kind).with_shipped_limit();
    gateway.start(&origin.nodes()).await;
    let reader = e2e::Client::anyone_at(&gateway.url());
    // Until it is too much: a slow machine gives back what is used up while it asks.
    let refused = loop {
        let answers = join_all((0..200).map(|_| reader.get("/v1/movies"))).await;
        assert!(answers.iter().all(|answer| matches!(answer.status, 200 | 429)), "{answers:?}");
        if let Some(refused) = answers.into_iter().find(|answer| answer.status == 429) {
            break refused;
        }
    };
    assert_eq!(refused.header("content-type"), "application/problem+json");
    assert_eq!(refused.json()["status"], 429);
    assert_eq!((refused.header("retry-after"), refused.header("cache-control")), ("1", "no-store"));
    // Purges are not counted.
    let purge = reader.request("PURGE".parse().unwrap(), "/").bearer_auth(gateway.token());
    e2e::Answer::to(purge.header("surrogate-key", "movies")).await.expect(200);
}

/// Asks as somebody at this address; gives the status.
async fn ask_as(gateway: &Gateway, address: &str) -> u16 {
    let (family, to) = if address.contains(':') { ("TCP6", "::1") } else { ("TCP4", "127.0.0.1") };
    let request = format!(
        "PROXY {family} {address} {to} 1000 80\r\n\
         GET /v1/movies HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    );
    let asked = async {
        let mut connection = TcpStream::connect(gateway.url().replace("http://", "")).await?;
        connection.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        std::io::Result::Ok(answer)
    };
    let answer = timeout(PATIENCE, asked).await.expect("it answers in time").unwrap();
    answer.get(9..12).and_then(|status| status.parse().ok()).expect("a status")
}

/// Whether somebody is refused who asks from all of these addresses in turn, far more than an address may.
async fn is_too_much(gateway: &Gateway, addresses: impl Fn(usize) -> String) -> bool {
    for round in 0..20 {
        let numbers = (round * 200)..(round * 200 + 200);
        let asked = numbers.map(async |number| ask_as(gateway, &addresses(number)).await);
        if join_all(asked).await.contains(&429) {
            return true;
        }
    }
    false
}

async fn who_has_a_network_of_ipv6_is_one_client(kind: GatewayKind) {
    let origin =
        Origin::start(|said| said.answer(200, "film", &[("cache-control", "public, max-age=600")]));
    let mut gateway = Gateway::new(kind).with_shipped_limit().told_of_clients();
    gateway.start(&origin.nodes()).await;
    // Each with networks next to it, which have nothing to do with it. Zeros are written in many ways.
    let networks = [
        ("2001:db8:1:2", ["2001:db8:1:3::1", "2001:db8:1::2", "203.0.113.1"]),
        ("2001:db8:7:0", ["2001:db8:7:1::1", "2001:db8::7", "2001:db8:0:7::1"]),
        ("2001:db9:0:0", ["2001:db9:0:1::1", "2001:db9:1::1", "2001:db9:1:0:1:1:1:1"]),
        ("2002:0:0:5", ["2002::1", "2002:0:0:6::1", "2002:0:5::1"]),
        ("2003:0:0:0", ["2003:0:0:1::1", "2003:1::1", "::ffff:203.0.113.2"]),
    ];
    for (network, others) in networks {
        let own = |number: usize| match number % 3 {
            0 => format!("{network}:0:0:0:{number:x}"),
            1 => format!("{network}:{number:x}:0:0:0"),
            _ => format!("{network}:{number:x}:1:1:1"),
        };
        assert!(is_too_much(&gateway, own).await, "{network} counts as many");
        for other in others {
            assert_eq!(ask_as(&gateway, other).await, 200, "{other} counts with {network}");
        }
    }
    // IPv4, each by itself, however it is written.
    assert!(is_too_much(&gateway, |_| "::ffff:203.0.113.3".to_owned()).await);
    assert_eq!(ask_as(&gateway, "::ffff:203.0.113.4").await, 200);
    assert!(is_too_much(&gateway, |_| "203.0.113.5".to_owned()).await);
    assert_eq!(ask_as(&gateway, "203.0.113.6").await, 200);
}

on_every_gateway! {
    who_has_a_network_of_ipv6_is_one_client,
    who_asks_more_than_a_gateway_allows_is_told_so,
}
