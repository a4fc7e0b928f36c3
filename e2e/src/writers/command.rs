//! What a writer asks for.

use std::ops::RangeInclusive;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{Client, Random, catalogue::Catalogue};

/// Tags that films get: few, so that many commands have nothing to change.
const TAGS: [&str; 4] = ["classic", "restored", "silent", "colour"];

/// Lines of a bulk request, at most.
const LINES_MAX: u64 = 6;

const JSON: &str = "application/json";

/// A request that can be sent as often as need be.
pub(super) struct Command {
    method: Method,
    pub(super) path: String,
    content_type: &'static str,
    body: String,
    /// The commands in it: one, or one a line.
    pub(super) parts: Vec<Part>,
    pub(super) is_bulk: bool,
}

/// A command on its own.
pub(super) struct Part {
    /// Its key in the log.
    pub(super) key: String,
    /// How many events it leads to.
    pub(super) events: RangeInclusive<usize>,
    /// The revision that it is meant for.
    pub(super) meant_for: Option<u64>,
}

impl Command {
    /// Something to do: a new film, or something with one that others change too.
    pub(super) fn choose(random: &mut Random, key: &str, catalogue: &Catalogue) -> Self {
        let one = |method, path: String, body: Value, events| Self {
            method,
            path,
            content_type: JSON,
            body: body.to_string(),
            parts: vec![Part { key: key.to_owned(), events, meant_for: None }],
            is_bulk: false,
        };
        let create = || one(Method::POST, "/v1/movies".to_owned(), new_film(key), 1..=1);
        let Some(film) = catalogue.to_change(random) else { return create() };
        let address = film.address;
        let tag = *random.one_of(&TAGS);
        match random.below(100) {
            0..30 => create(),
            30..46 => {
                let value = json!({"value": 1 + random.below(10)});
                one(Method::PUT, format!("{address}/ratings/me"), value, 0..=1)
            }
            46..50 => {
                one(Method::DELETE, format!("{address}/ratings/me"), Value::Null, 0..=1).empty()
            }
            50..60 => one(Method::PUT, format!("{address}/tags/{tag}"), json!({}), 0..=1),
            60..64 => one(Method::DELETE, address, Value::Null, 0..=1).empty(),
            64..68 => one(Method::POST, format!("{address}/restore"), Value::Null, 0..=1).empty(),
            68..76 => Self::bulk(random, key, &address, film.revision),
            number => {
                // Details, what is taken off, and what is put on: a tag that no other film has.
                let tags = [tag.to_owned(), format!("by {key}")];
                let change = json!({"synopsis": format!("As {key} tells it."), "tags": tags});
                let mut patch = one(Method::PATCH, address, change, 2..=3);
                patch.content_type = "application/merge-patch+json";
                // Half of them say what they are meant for.
                patch.parts[0].meant_for = (number % 2 == 0).then_some(film.revision);
                patch
            }
        }
    }

    /// New films in one request, and a change of one that is there.
    fn bulk(random: &mut Random, key: &str, address: &str, revision: u64) -> Self {
        let lines = 2 + random.below(LINES_MAX - 1);
        let id = address.rsplit('/').next();
        let name = |line: u64| format!("{key} line {line}");
        let mut parts = Vec::new();
        let mut body = String::new();
        for line in 1..=lines {
            let key = name(line);
            let (asked, events, meant_for) = if line < lines {
                (new_film(&key), 1..=1, None)
            } else {
                let change = json!({"synopsis": format!("As {key} tells it.")});
                let patch =
                    json!({"op": "patch", "id": id, "movie": change, "expected_version": revision});
                (patch, 1..=1, Some(revision))
            };
            parts.push(Part { key, events, meant_for });
            body.push_str(&format!("{asked}\n"));
        }
        let (path, content_type) = ("/v1/movies/bulk".to_owned(), "application/x-ndjson");
        Self { method: Method::POST, path, content_type, body, parts, is_bulk: true }
    }

    fn empty(mut self) -> Self {
        self.body.clear();
        self
    }

    /// The request, with its key.
    pub(super) fn request(&self, client: &Client, key: &str) -> RequestBuilder {
        let request =
            client.request(self.method.clone(), &self.path).header("Idempotency-Key", key);
        let request = match self.parts[0].meant_for {
            Some(revision) if !self.is_bulk => {
                request.header("If-Match", format!("\"r{revision}\""))
            }
            _ => request,
        };
        match self.body.is_empty() {
            true => request,
            false => request.header("Content-Type", self.content_type).body(self.body.clone()),
        }
    }
}

fn new_film(key: &str) -> Value {
    json!({"title": format!("The film of {key}"), "genres": ["Drama"]})
}
