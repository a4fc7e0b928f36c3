//! An HTTP client that speaks to one server, and answers that tell what they are when they surprise.

use std::time::Duration;

use reqwest::{
    Method, RequestBuilder,
    header::{HeaderMap, HeaderName},
};
use serde_json::Value;

use crate::PATIENCE;

/// Somebody who calls a server, with or without a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as text.
    pub text: String,
}

impl Client {
    pub(crate) fn new(base: &str, token: Option<String>) -> Self {
        Self { http: http_client(PATIENCE), base: base.to_owned(), token }
    }

    /// Somebody without a token who calls what is at `base`, which need not be a Cinelog.
    pub fn anyone_at(base: &str) -> Self {
        Self::new(base, None)
    }

    /// The same caller, who takes an answer for lost after `patience`.
    #[must_use]
    pub fn waiting_at_most(&self, patience: Duration) -> Self {
        Self { http: http_client(patience), ..self.clone() }
    }

    /// The same caller, speaking to another server.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The same, with this token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    /// Where the server is that this caller speaks to.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// A request to `target`, a path or a whole URL, to which more can be added.
    pub fn request(&self, method: Method, target: &str) -> RequestBuilder {
        let url = match target.starts_with("http") {
            true => target.to_owned(),
            false => format!("{}{target}", self.base),
        };
        let request = self.http.request(method, url);
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// GETs `target`.
    pub async fn get(&self, target: &str) -> Answer {
        Answer::to(self.request(Method::GET, target)).await
    }

    /// GETs `target` with one more header.
    pub async fn get_with(&self, target: &str, name: &'static str, value: &str) -> Answer {
        Answer::to(self.request(Method::GET, target).header(name, value)).await
    }

    /// GETs `target` as it is from `position` on, and waits for that as long as one may: a busy machine
    /// projects late.
    pub async fn get_at(&self, target: &str, position: impl std::fmt::Display) -> Answer {
        let request = self.request(Method::GET, target).header("Prefer", "wait=30");
        Answer::to(request.header("Cinelog-Min-Position", position.to_string())).await
    }

    /// POSTs `body` to `target`.
    pub async fn post(&self, target: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, target).json(&body)).await
    }

    /// PUTs `body` at `target`.
    pub async fn put(&self, target: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::PUT, target).json(&body)).await
    }

    /// PATCHes `target` with a merge patch, for the revision `if_match`.
    pub async fn patch(&self, target: &str, if_match: &str, body: Value) -> Answer {
        let request = self.request(Method::PATCH, target).header("If-Match", if_match);
        let request = request.header("Content-Type", "application/merge-patch+json");
        Answer::to(request.body(body.to_string())).await
    }

    /// DELETEs `target`.
    pub async fn delete(&self, target: &str) -> Answer {
        Answer::to(self.request(Method::DELETE, target)).await
    }
}

fn http_client(patience: Duration) -> reqwest::Client {
    let client = reqwest::Client::builder().timeout(patience);
    let client = client.redirect(reqwest::redirect::Policy::none());
    client.build().expect("a client can be made")
}

impl Answer {
    /// Sends `request` and reads the whole answer.
    pub async fn to(request: RequestBuilder) -> Self {
        Self::try_to(request).await.expect("the server answers")
    }

    /// The same where the server may be gone, before the answer or in the middle of it.
    pub async fn try_to(request: RequestBuilder) -> Result<Self, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Self { status, headers, text: response.text().await? })
    }

    /// The answer, if it has this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{:#?}\n{}", self.headers, self.text);
        self
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text))
    }

    /// A header's text; empty where there is none.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        let name: HeaderName = name.parse().expect("a header's name");
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible text"))
    }

    /// The target of the link with this relation, from the `Link` header (RFC 8288).
    pub fn link(&self, rel: &str) -> Option<String> {
        let wanted = format!("rel=\"{rel}\"");
        let link = self.header("Link").split(", <").find(|link| link.contains(&wanted))?;
        Some(link.trim_start_matches('<').split('>').next()?.to_owned())
    }
}
