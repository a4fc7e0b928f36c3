//! What a starting server prints: where it is, and what to try.

use events::MovieId;

use crate::config::Roles;

/// The film that the demo's lines rate: Seven Samurai.
const SAMPLE_FILM: &str = "imdb:tt0047478";

/// Where everything can be reached. `base` is where the API is, if this process answers anybody.
pub(crate) fn addresses(roles: &Roles, base: Option<&str>, admin: &str) -> String {
    let mut text = "Cinelog is running.\n\n".to_owned();
    if !roles.is_all() {
        text.push_str(&format!("  roles     {roles}\n"));
    }
    match base {
        Some(base) => text.push_str(&format!(
            "  API       {base}/v1/movies\n  \
             docs      {base}/docs\n  \
             OpenAPI   {base}/openapi.json\n"
        )),
        None => text.push_str("  API       none: this process answers no requests\n"),
    }
    text.push_str(&format!("  admin     {admin}/readyz  {admin}/metrics\n\n"));
    text
}

/// Said where the read model has far to go.
pub(crate) const CATCHING_UP: &str =
    "\nThe read model is still catching up with the log; /readyz says when it has.\n";

/// A token, and three lines that work when pasted.
pub(crate) fn demo(base: &str, token: &str) -> String {
    let film = MovieId::from_source(SAMPLE_FILM);
    format!(
        "A token with the role editor, good for a day:\n\n  {token}\n\n\
         Three lines to try:\n\n  \
         curl '{base}/v1/movies?genre=drama&country=JP&sort=-year&limit=3&fields=title,year'\n\n  \
         curl -X PUT {base}/v1/movies/{film}/ratings/me -H 'Authorization: Bearer {token}' \
         -H 'Content-Type: application/json' -d '{{\"value\": 10}}'\n\n  \
         curl -X POST {base}/v1/movies -H 'Authorization: Bearer {token}' \
         -H 'Content-Type: application/json' -d '{{\"title\": \"Playtime\", \"year\": 1967, \"directors\": [\"Jacques Tati\"]}}'\n"
    )
}

/// How to get a token, where none is printed.
pub(crate) fn first_token() -> &'static str {
    "A token for the write API: cinelog token --role editor\n\
     An account of an admin:    cinelog account create --role admin --email ADDRESS\n"
}
