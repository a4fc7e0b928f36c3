//! A node with limits of its own, and what its answers say of them.

use std::{collections::BTreeMap, ffi::OsStr};

use e2e::{Answer, Client, Server};
use serde_json::json;
use tempfile::TempDir;

/// What the problem's type is, as draft-ietf-httpapi-ratelimit-headers-11 has it.
pub(crate) const QUOTA_EXCEEDED: &str =
    "https://iana.org/assignments/http-problem-types#quota-exceeded";

/// A film that there is not: asking for it is cheap, and counts.
pub(crate) const NO_FILM: &str = "/v1/movies/0190a5d2-7c3e-7b1a-9f00-1c2d3e4f5a6b";

/// A node on a data folder of its own.
pub(crate) struct Ground {
    pub(crate) server: Server,
    _folder: TempDir,
}

impl Ground {
    /// With these keys of the section `limits`, or others where the name has a dot.
    pub(crate) fn with(keys: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let names: Vec<String> = keys.iter().map(|(key, _)| variable(key)).collect();
        let environment: Vec<(&str, &OsStr)> =
            names.iter().zip(keys).map(|(name, (_, value))| (&**name, OsStr::new(value))).collect();
        let server = Server::start_in(&environment, &folder.path().join("data"), &[]);
        Self { server, _folder: folder }
    }

    /// Adds a film; gives its address once it can be read.
    pub(crate) async fn film(&self) -> String {
        let editor = self.server.caller("editor");
        let made = editor.post("/v1/movies", json!({"title": "Ran"})).await.expect(201);
        let (address, position) = (made.header("Location"), made.header("Cinelog-Position"));
        let reader = self.server.caller("admin");
        let seen = reader.get_at(address, position).await;
        seen.expect(200);
        address.to_owned()
    }
}

/// The variable of a key.
pub(crate) fn variable(key: &str) -> String {
    let key = if key.contains('/') { key.replace('/', "__") } else { format!("limits__{key}") };
    format!("CINELOG__{}", key.to_uppercase())
}

/// What `RateLimit` says is left, by policy: `r` and `t`.
pub(crate) fn left(answer: &Answer) -> BTreeMap<String, (u64, u64)> {
    items(answer.header("ratelimit"), "r", "t")
}

/// What `RateLimit-Policy` says, by policy: `q` and `w`.
pub(crate) fn policies(answer: &Answer) -> BTreeMap<String, (u64, u64)> {
    items(answer.header("ratelimit-policy"), "q", "w")
}

/// A list of quoted names with two whole numbers each (RFC 9651).
fn items(field: &str, one: &str, other: &str) -> BTreeMap<String, (u64, u64)> {
    let item = |item: &str| {
        let mut parts = item.trim().split(';');
        let name = parts.next().unwrap();
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        let name = name.unwrap_or_else(|| panic!("{field}: no quoted name"));
        let numbers: BTreeMap<&str, u64> = parts
            .map(|part| part.split_once('=').unwrap())
            .map(|(name, number)| (name, number.parse().unwrap()))
            .collect();
        assert_eq!(numbers.keys().collect::<Vec<_>>(), [&one, &other], "{field}");
        (name.to_owned(), (numbers[one], numbers[other]))
    };
    if field.is_empty() { BTreeMap::new() } else { field.split(',').map(item).collect() }
}

/// How many of so many requests, one after the other, are let in.
pub(crate) async fn admitted(client: &Client, target: &str, times: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..times {
        let answer = client.get(target).await;
        assert!(matches!(answer.status, 200 | 404 | 429), "{answer:?}");
        admitted += usize::from(answer.status != 429);
    }
    admitted
}

/// A metric of a node; 0 where it is not there.
pub(crate) async fn metric(node: &Server, name: &str) -> f64 {
    let metrics = node.anyone().at(&node.admin_url).get("/metrics").await.expect(200).text;
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}
