//! Requests of which all is said by method and address: what else they say is refused, not passed over.

use axum::body::Body;
use futures::stream;

use crate::testing::{Answered, Api};

/// The routes that read no body, below a film.
const ROUTES: [(&str, &str); 8] = [
    ("PUT", "/tags/new"),
    ("DELETE", "/tags/slow"),
    ("PUT", "/platforms/MUBI"),
    ("DELETE", "/platforms/MUBI"),
    ("DELETE", "/ratings/me"),
    ("POST", ""),
    ("POST", "/restore"),
    ("DELETE", ""),
];

async fn sent(api: &Api, (method, below): (&str, &str), film: &str, body: Body) -> Answered {
    api.ask(method, &format!("{film}{below}")).lines(body).send().await
}

/// A body whose length nobody says before it is there.
fn chunked(pieces: &'static [&'static str]) -> Body {
    Body::from_stream(stream::iter(pieces.iter().map(|piece| Ok::<_, std::io::Error>(*piece))))
}

#[tokio::test]
async fn a_body_that_nobody_would_read_is_refused() {
    let api = Api::start().await;
    let film = api.film().await;
    for route in ROUTES {
        let junk = "x".repeat(2_000_000);
        let bodies =
            [r#"{"expected_version":999}"#.into(), junk.into(), chunked(&["", "{}", "{}"])];
        for body in bodies {
            let answer = sent(&api, route, &film, body).await;
            answer.is_problem(400, "malformed-request");
            assert_eq!(answer.wrong(), [""], "{route:?}");
        }
    }
    let announced = api.ask("DELETE", &film).header("content-length", "17").send().await;
    announced.is_problem(400, "malformed-request");
    assert_eq!(api.happened().await, ["MovieCreated"]);
}

#[tokio::test]
async fn a_body_that_is_empty_or_an_empty_object_says_nothing() {
    let api = Api::start().await;
    let film = api.film().await;
    for route in ROUTES {
        for body in [chunked(&[]), chunked(&[""]), chunked(&[" {", "}\n"])] {
            let answer = sent(&api, route, &film, body).await;
            assert!(answer.status.is_success(), "{route:?}: {answer:?}");
        }
    }
    let announced = api.ask("DELETE", &film).header("content-length", "0").send().await;
    assert!(announced.status.is_success());
}

#[tokio::test]
async fn where_a_version_must_be_named_is_said_so_that_it_can_be() {
    let api = Api::strict().await;
    let film = api.film().await;
    for (method, below) in ROUTES {
        if below == "/ratings/me" || (method == "POST") {
            continue;
        }
        let answer = api.ask(method, &format!("{film}{below}")).send().await;
        answer.is_problem(428, "precondition-required");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains("If-Match; where a body holds the film"), "{detail}");
    }
    let film_itself = api.ask("PATCH", &film).json(r#"{"year":2000,"expected_version":1}"#);
    assert!(film_itself.send().await.status.is_success());
}
