//! For each route a request that is right in all but who sends it, made anew each time; so that what
//! lets somebody in is nothing but their right to it.

use e2e::Client;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::{
    callers::Who,
    ground::{Ground, unique},
    recipes_of_accounts,
    table::Row,
};

/// A request, and what somebody is told who may send it.
pub(crate) struct Recipe {
    method: String,
    pub(crate) target: String,
    body: Option<(&'static str, String)>,
    pub(crate) expected: u16,
    /// Who sends it in place of whoever is asked about: one of theirs whose undoing harms nobody else.
    pub(crate) instead: Option<Client>,
}

impl Recipe {
    pub(crate) fn new(row: &Row, target: impl Into<String>, expected: u16) -> Self {
        let (method, target) = (row.method.clone(), target.into());
        Self { method, target, body: None, expected, instead: None }
    }

    pub(crate) fn json(self, body: Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn body(self, media_type: &'static str, body: String) -> Self {
        Self { body: Some((media_type, body)), ..self }
    }

    pub(crate) fn sent_by(self, client: Client) -> Self {
        Self { instead: Some(client), ..self }
    }

    /// The request, as `client` sends it.
    pub(crate) fn request(&self, client: Client) -> RequestBuilder {
        let client = self.instead.as_ref().unwrap_or(&client);
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        let request = client.request(method, &self.target);
        match &self.body {
            Some((media_type, body)) => {
                request.header("Content-Type", *media_type).body(body.clone())
            }
            None => request,
        }
    }
}

/// The recipe of a route, with all that must be there for it to succeed.
pub(crate) async fn of(ground: &Ground, row: &Row, who: Who) -> Recipe {
    let told = |target: &str, expected: u16| Recipe::new(row, target, expected);
    let editor = ground.client(Who::Role("editor")).await;
    let film = || film(&editor);
    match row.name().as_str() {
        "GET /" => told("/", 307),
        "GET /docs" => told("/docs", 303),
        "GET /docs/{*rest}" => told("/docs/swagger-ui.css", 200),
        "GET /problems/{slug}" => told("/problems/forbidden", 200),
        "GET /v1" | "GET /openapi.json" | "GET /docs/" | "GET /problems" | "GET /livez"
        | "GET /readyz" | "GET /v1/movies" | "GET /v1/genres" | "GET /v1/tags"
        | "GET /v1/platforms" | "GET /v1/people" | "GET /v1/schemas" => told(&row.path, 200),
        "GET /v1/schemas/{type}/{version}" => told("/v1/schemas/MovieRated/1", 200),
        "POST /v1/movies" => told("/v1/movies", 201).json(json!({"title": unique()})),
        "POST /v1/movies/bulk" => {
            let line = json!({"title": unique()}).to_string();
            told("/v1/movies/bulk", 200).body("application/x-ndjson", line)
        }
        "GET /v1/jobs/{id}" | "DELETE /v1/jobs/{id}" => told(&job(ground, row, who).await, 200),
        "GET /v1/jobs/{id}/results" => {
            told(&format!("{}/results", job(ground, row, who).await), 200)
        }
        "GET /v1/movies/{id}" => told(&film().await, 200),
        "PUT /v1/movies/{id}" => told(&film().await, 200).json(json!({"title": unique()})),
        "PATCH /v1/movies/{id}" => told(&film().await, 200).json(json!({"year": 1999})),
        "DELETE /v1/movies/{id}" => told(&film().await, 204),
        "POST /v1/movies/{id}" => told(&deleted(&editor).await, 200),
        "POST /v1/movies/{id}/restore" => told(&format!("{}/restore", deleted(&editor).await), 200),
        "GET /v1/movies/{id}/ratings" => told(&format!("{}/ratings", film().await), 200),
        "GET /v1/movies/{id}/ratings/me" => {
            let mine = format!("{}/ratings/me", film().await);
            let rater = ground.client(who).await;
            if who.refusal(row).is_none() {
                rater.put(&mine, json!({"value": 7})).await.expect(201);
            }
            told(&mine, 200)
        }
        "PUT /v1/movies/{id}/ratings/me" => {
            told(&format!("{}/ratings/me", film().await), 201).json(json!({"value": 8}))
        }
        "DELETE /v1/movies/{id}/ratings/me" => told(&format!("{}/ratings/me", film().await), 204),
        "PUT /v1/movies/{id}/tags/{tag}" => told(&format!("{}/tags/slow", film().await), 200),
        "DELETE /v1/movies/{id}/tags/{tag}" => told(&format!("{}/tags/slow", film().await), 204),
        "PUT /v1/movies/{id}/platforms/{platform}" => {
            told(&format!("{}/platforms/mubi", film().await), 200)
        }
        "DELETE /v1/movies/{id}/platforms/{platform}" => {
            told(&format!("{}/platforms/mubi", film().await), 204)
        }
        "POST /v1/genres" => told("/v1/genres", 201).json(json!({"name": unique()})),
        "PUT /v1/genres/{slug}" => {
            told(&format!("/v1/genres/{}", unique()), 201).json(json!({"name": "Noir"}))
        }
        name => match noun(name) {
            Some(pattern) => told(&of_noun(&editor, &row.path, pattern).await, 200),
            None => recipes_of_accounts::of(ground, row, who).await,
        },
    }
}

/// Which of the four routes of genres, tags, platforms and people it is.
fn noun(name: &str) -> Option<&str> {
    let path = name.strip_prefix("GET /v1/")?;
    let nouns = ["genres", "tags", "platforms", "people"];
    let rest = path.strip_prefix("movies/{id}/").filter(|rest| nouns.contains(rest));
    rest.or_else(|| path.split('/').next().filter(|noun| nouns.contains(noun)))
}

/// An address of that route under which something is.
async fn of_noun(editor: &Client, path: &str, noun: &str) -> String {
    let name = unique();
    let body = match noun {
        "genres" => json!({"title": unique(), "genres": [name]}),
        "tags" => json!({"title": unique(), "tags": [name]}),
        "platforms" => json!({"title": unique(), "platforms": [name]}),
        _ => json!({"title": unique(), "directors": [name]}),
    };
    let film = editor.post("/v1/movies", body).await.expect(201);
    let id = film.json()["id"].as_str().unwrap().to_owned();
    path.replace("{id}", &id).replace("{slug}", &name)
}

/// A new film.
pub(crate) async fn film(editor: &Client) -> String {
    let body = json!({"title": unique(), "tags": ["slow"], "platforms": ["Mubi"]});
    editor.post("/v1/movies", body).await.expect(201).header("Location").to_owned()
}

/// A film that has been deleted.
async fn deleted(editor: &Client) -> String {
    let film = film(editor).await;
    editor.delete(&film).await.expect(204);
    film
}

/// A job of whoever may have one; of an editor, for others.
async fn job(ground: &Ground, row: &Row, who: Who) -> String {
    let owner = if who.refusal(row).is_none() { who } else { Who::Role("editor") };
    new_job(&ground.client(owner).await).await
}

/// A new job of this caller.
pub(crate) async fn new_job(owner: &Client) -> String {
    let line = json!({"title": unique()}).to_string();
    let request = owner.request(Method::POST, "/v1/movies/bulk").header("Prefer", "respond-async");
    let request = request.header("Content-Type", "application/x-ndjson").body(line);
    e2e::Answer::to(request).await.expect(202).header("Location").to_owned()
}
