//! Requests whose bodies would not be heard.

use axum::body::Body;
use futures::{StreamExt, stream};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use http_kit::ProblemDocument;
use tower::ServiceExt;

use crate::server::{service, start};

#[tokio::test]
async fn a_body_that_says_nothing_is_as_good_as_none_and_any_other_is_refused() {
    let server = start().await;
    for (body, status) in [
        ("", 204),
        (" \n", 204),
        ("{}", 204),
        (" {}\r\n", 204),
        ("null", 204),
        ("null\n", 204),
        ("nil", 400),
        ("{}{}", 400),
        ("null null", 400),
        ("{\"expected_version\":1}", 400),
    ] {
        let (length, chunk) = (body.len().to_string(), format!("{:x}\r\n{body}\r\n", body.len()));
        let chunks = if body.is_empty() { "0\r\n\r\n".to_owned() } else { chunk + "0\r\n\r\n" };
        for (header, sent) in [
            (("Content-Length", length.as_str()), body),
            (("Transfer-Encoding", "chunked"), &chunks),
        ] {
            let answer =
                server.send_body("DELETE", "/v1/films/1", &[header], sent.as_bytes()).await;
            assert_eq!(answer.status, status, "{header:?} {body:?}");
            if status == 400 {
                let refused = &answer.problem().errors[0].detail;
                assert!(refused.contains("must be left out"), "{refused}");
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_not_taken_for_one_that_says_something() {
    let cut = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let body = stream::iter([Ok("{")]).chain(stream::iter([Err(cut)]));
    let request = Request::delete("/v1/films/1").body(Body::from_stream(body)).unwrap();
    let answer = service().oneshot(request).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    let problem: ProblemDocument = serde_json::from_slice(&body).unwrap();
    assert_eq!(problem.detail.as_deref(), Some("The body did not arrive whole."));
}
