//! A change as the text of a message, and back.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use events::{MovieId, Position};
use read_model::{Checkpoint, FacetKey, FeedItem, ReadModelChanged};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Sent in place of changes that did not fit or could not be sent.
pub(super) const MISSED: &str = "missed";

/// A change. The names are short, since three hundred films have to fit into one notification of Postgres.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    /// The previous generation and position.
    p: (u64, u64),
    /// The current generation and position.
    c: (u64, u64),
    /// The concatenated ids of the films, in Base64.
    m: String,
    /// The facets.
    f: Vec<FacetKey>,
    /// The traceparent of the projector's span. Left out if none is recorded, since earlier versions do not
    /// understand a message with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    t: Option<String>,
}

/// The text for a change; [`MISSED`] if it would be longer than `bytes_max`.
pub(super) fn encode(change: &ReadModelChanged, bytes_max: usize) -> String {
    // Checked first, so that a change that cannot fit costs nothing.
    if change.movies.len() * 16 > bytes_max {
        return MISSED.to_owned();
    }
    let ids: Vec<u8> = change.movies.iter().flat_map(|id| id.0.into_bytes()).collect();
    let of = |checkpoint: Checkpoint| (checkpoint.generation, checkpoint.position.0);
    let told = Told {
        p: of(change.previous),
        c: of(change.checkpoint),
        m: STANDARD_NO_PAD.encode(ids),
        f: change.facets.clone(),
        t: change.traceparent.clone(),
    };
    serde_json::to_string(&told)
        .ok()
        .filter(|text| text.len() <= bytes_max)
        .unwrap_or_else(|| MISSED.to_owned())
}

/// What a text says. If it is not understood, perhaps since another version sent it, something was missed.
pub(super) fn decode(text: &str) -> FeedItem {
    match change(text) {
        Some(change) => FeedItem::Changed(change.into()),
        None => FeedItem::Missed,
    }
}

fn change(text: &str) -> Option<ReadModelChanged> {
    let Told { p, c, m, f, t } = serde_json::from_str(text).ok()?;
    let of = |(generation, position)| Checkpoint { generation, position: Position(position) };
    let bytes = STANDARD_NO_PAD.decode(m).ok()?;
    let (ids, rest) = bytes.as_chunks();
    let movies = ids.iter().map(|id| MovieId(Uuid::from_bytes(*id))).collect();
    rest.is_empty().then_some(ReadModelChanged {
        previous: of(p),
        checkpoint: of(c),
        movies,
        facets: f,
        traceparent: t,
    })
}

#[cfg(test)]
mod tests {
    use events::Slug;
    use read_model::{FacetKind, suite::change};

    use super::*;

    const BYTES_MAX: usize = 7_999;

    fn with(movies: u128, facets: usize) -> ReadModelChanged {
        let facet = |n: usize| (FacetKind::Person, Slug::of(&format!("Ingrid Bergman {n}")));
        ReadModelChanged {
            movies: (0..movies).map(|id| MovieId(Uuid::from_u128(id))).collect(),
            facets: (0..facets).map(facet).collect(),
            ..change(1, 2)
        }
    }

    #[test]
    fn three_hundred_films_and_some_facets_fit() {
        let change = with(300, 30);
        let text = encode(&change, BYTES_MAX);
        assert!(text.len() <= BYTES_MAX, "{}", text.len());
        assert_eq!(decode(&text), FeedItem::Changed(change.into()));
    }

    #[test]
    fn what_does_not_fit_is_missed_and_never_cut_off() {
        for (movies, facets) in [(375, 0), (1_000_000, 0), (300, 1000), (0, 1000)] {
            let text = encode(&with(movies, facets), BYTES_MAX);
            assert!(text == MISSED, "{movies} films, {facets} facets");
        }
    }

    #[test]
    fn what_is_not_understood_is_missed() {
        let good = encode(&with(2, 2), BYTES_MAX);
        assert!(matches!(decode(&good), FeedItem::Changed(_)));
        let odd = good.replace("\"m\":\"", "\"m\":\"AAAA");
        let newer = good.replace("{\"p\"", "{\"x\":1,\"p\"");
        for text in ["", MISSED, "{}", &good[1..], &odd, &newer] {
            assert_eq!(decode(text), FeedItem::Missed, "{text}");
        }
    }
}
