//! The same tokens for Postgres: as the text of a `tsvector`, and a query as that of a `tsquery`.
//!
//! Neither goes through a text search configuration, which would cut and stem in its own way: both are
//! cast from text as they are, so that Postgres finds the very films that FTS5 finds. Tokens hold only
//! letters, digits and marks, so nothing in them needs escaping between the quotes.

use std::fmt::Write;

use events::text::plain;

use super::{SearchText, phrases};

/// The longest token in bytes: Postgres takes no longer ones (MAXSTRLEN is 2^11 - 1, less the quotes
/// that nobody sees). What is longer ends here, in texts and queries alike.
const TOKEN_BYTES_MAX: usize = 2_000;

/// The last position that Postgres tells apart. What stands behind it is found by its words, but not as
/// a phrase.
const POSITION_MAX: usize = 16_383;

/// Postgres takes at most 1 MiB of words with their places. What stands behind so many bytes is not found;
/// the longest film that a command makes has a tenth of that.
const VECTOR_BYTES_MAX: usize = 700_000;

impl SearchText {
    /// The text of a `tsvector`: titles have weight A, people B, all else none. No phrase goes from one
    /// of them into the next.
    #[must_use]
    pub fn tsvector(&self) -> String {
        let mut vector = String::new();
        let mut position = 0;
        for (text, weight) in [(&self.title, "A"), (&self.people, "B"), (&self.other, "")] {
            for token in text.split(' ').filter(|token| !token.is_empty()) {
                if vector.len() > VECTOR_BYTES_MAX {
                    return vector;
                }
                position += 1;
                let (token, position) = (cut(token), position.min(POSITION_MAX));
                // Writing to a String does not fail.
                let _ = write!(vector, "'{token}':{position}{weight} ");
            }
            position += 1;
        }
        vector
    }
}

/// What a query looks for: its words in plain form, each as one token or as several in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<Vec<String>>);

impl Words {
    /// The words of a query, within the bounds that hold for every store. `None` where it has no letter
    /// or digit, and so matches nothing.
    #[must_use]
    pub fn of(query: &str) -> Option<Self> {
        let words = phrases(&plain(query));
        (!words.is_empty()).then_some(Self(words))
    }

    /// The words that are one token each.
    pub fn single(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|tokens| match &tokens[..] {
            [token] => Some(token.as_str()),
            _ => None,
        })
    }

    /// The text of a `tsquery`: all words must be found, the last may be the beginning of one.
    #[must_use]
    pub fn tsquery(&self) -> String {
        self.query("", |_| &[])
    }

    /// The same, in titles only.
    #[must_use]
    pub fn tsquery_of_titles(&self) -> String {
        self.query("A", |_| &[])
    }

    /// The same, where some other words than a word of one token do as well.
    #[must_use]
    pub fn tsquery_or<'w>(&self, others: impl Fn(&str) -> &'w [String]) -> String {
        self.query("", others)
    }

    fn query<'w>(&self, weight: &str, others: impl Fn(&str) -> &'w [String]) -> String {
        let last_word = self.0.len().saturating_sub(1);
        let words = self.0.iter().enumerate().map(|(at, tokens)| {
            let last_token = tokens.len().saturating_sub(1);
            let phrase = tokens.iter().enumerate().map(|(token_at, token)| {
                let unfinished = if at == last_word && token_at == last_token { "*" } else { "" };
                lexeme(token, &format!("{unfinished}{weight}"))
            });
            let mut alternatives = vec![phrase.collect::<Vec<_>>().join(" <-> ")];
            if let [token] = &tokens[..] {
                alternatives.extend(others(token).iter().map(|other| lexeme(other, weight)));
            }
            format!("({})", alternatives.join(" | "))
        });
        words.collect::<Vec<_>>().join(" & ")
    }
}

fn lexeme(token: &str, flags: &str) -> String {
    let colon = if flags.is_empty() { "" } else { ":" };
    format!("'{}'{colon}{flags}", cut(token))
}

/// As much of a token as Postgres takes.
fn cut(token: &str) -> &str {
    token.get(..token.floor_char_boundary(TOKEN_BYTES_MAX)).unwrap_or(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(title: &str, people: &str, other: &str) -> SearchText {
        SearchText { title: title.to_owned(), people: people.to_owned(), other: other.to_owned() }
    }

    #[test]
    fn a_text_that_postgres_cannot_take_ends_before() {
        let words: Vec<String> = (0..200_000).map(|n| format!("word{n}")).collect();
        let length = text("", "", &words.join(" ")).tsvector().len();
        assert!((VECTOR_BYTES_MAX..VECTOR_BYTES_MAX + 100).contains(&length), "{length}");
    }

    #[test]
    fn titles_people_and_the_rest_are_weighed_and_no_phrase_joins_them() {
        let vector = text("seven samurai", "akira kurosawa", "drama").tsvector();
        assert_eq!(vector, "'seven':1A 'samurai':2A 'akira':4B 'kurosawa':5B 'drama':7 ");
    }

    #[test]
    fn a_text_without_words_is_an_empty_vector() {
        assert_eq!(text("", "", "").tsvector(), "");
    }

    #[test]
    fn all_words_of_a_query_must_be_found_and_the_last_may_be_unfinished() {
        let words = Words::of("Seven samu").unwrap();
        assert_eq!(words.tsquery(), "('seven') & ('samu':*)");
        assert_eq!(words.tsquery_of_titles(), "('seven':A) & ('samu':*A)");
        assert_eq!(Words::of("spider-man").unwrap().tsquery(), "('spider' <-> 'man':*)");
    }

    #[test]
    fn other_words_may_stand_for_one() {
        let words = Words::of("seven samurau").unwrap();
        let others = ["samurai".to_owned()];
        let query = words.tsquery_or(|word| if word == "samurau" { &others } else { &[] });
        assert_eq!(query, "('seven') & ('samurau':* | 'samurai')");
        assert_eq!(words.single().collect::<Vec<_>>(), ["seven", "samurau"]);
    }

    #[test]
    fn a_query_without_letters_or_digits_looks_for_nothing() {
        for query in ["", "  ", "\"", "*", "'’", "\u{301}", "\0"] {
            assert_eq!(Words::of(query), None, "{query:?}");
        }
    }

    #[test]
    fn a_token_that_postgres_would_not_take_is_cut_alike_on_both_sides() {
        let long = "ä".repeat(5_000);
        let vector = text(&long, "", "").tsvector();
        let query = Words::of(&"a".repeat(5_000)).unwrap().tsquery();
        assert!(vector.len() < 2_020 && query.len() < 2_020);
    }
}
