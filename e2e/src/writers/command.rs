//! What a writer asks for, and what answers tell of it.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{Answer, Client, Random};

/// Tags that films get: few, so that many commands have nothing to change.
const TAGS: [&str; 4] = ["classic", "restored", "silent", "colour"];

/// A command that can be sent as often as need be.
pub(super) struct Command {
    method: Method,
    path: String,
    content_type: &'static str,
    body: Value,
    /// The most events that it can lead to.
    pub(super) events_max: usize,
}

impl Command {
    /// Something to do: a new film, or something with one of `films`, which others change too.
    pub(super) fn choose(random: &mut Random, key: &str, films: &[String]) -> Self {
        const JSON: &str = "application/json";
        let create = || Self {
            method: Method::POST,
            path: "/v1/movies".to_owned(),
            content_type: JSON,
            body: json!({"title": format!("The film of {key}"), "genres": ["Drama"]}),
            events_max: 1,
        };
        if films.is_empty() {
            return create();
        }
        // The newest few, so that writers meet.
        let film = random.one_of(&films[films.len().saturating_sub(8)..]).clone();
        let tag = *random.one_of(&TAGS);
        match random.below(100) {
            0..40 => create(),
            40..60 => Self {
                method: Method::PUT,
                path: format!("{film}/ratings/me"),
                content_type: JSON,
                body: json!({"value": 1 + random.below(10)}),
                events_max: 1,
            },
            60..75 => Self {
                method: Method::PUT,
                path: format!("{film}/tags/{tag}"),
                content_type: JSON,
                body: json!({}),
                events_max: 1,
            },
            _ => Self {
                method: Method::PATCH,
                path: film,
                content_type: "application/merge-patch+json",
                body: json!({"synopsis": format!("As {key} tells it."), "tags": [tag]}),
                // Details, what is taken off, what is put on.
                events_max: 3,
            },
        }
    }

    /// The request, but for its key.
    pub(super) fn request(&self, client: &Client) -> RequestBuilder {
        client
            .request(self.method.clone(), &self.path)
            .header("Content-Type", self.content_type)
            .body(self.body.to_string())
    }
}

/// The ids of the events that a receipt names, as the log's file has them, and its position.
pub(super) fn told(receipt: &Value) -> (Vec<String>, u64) {
    let events = receipt["events"].as_array().expect("a receipt has events");
    let id = |event: &Value| event["id"].as_str().expect("an event has an id").replace('-', "");
    let position = receipt["position"].as_u64().expect("a receipt has a position");
    (events.iter().map(id).collect(), position)
}

/// The address of a film that has just been made.
pub(super) fn film(answer: &Answer) -> Option<String> {
    let location = answer.header("Location");
    (location.matches('/').count() == 3).then(|| location.to_owned())
}
