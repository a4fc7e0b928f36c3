//! What is found by which words: the text that is indexed, and how a query is read.
//!
//! Both sides are cut into the same tokens here, so that the database needs to know nothing of
//! languages: it gets tokens between spaces. Words count without case and accents. Scripts that are
//! written without spaces (Chinese, Japanese, Korean syllables, Thai and its neighbours) are cut into
//! characters and looked up as phrases, so that any part of a name is found.

use events::text::plain;
use unicode_normalization::char::is_combining_mark;

use crate::MovieDocument;

mod tsearch;

pub use tsearch::Words;

/// What is indexed of a film: tokens between spaces, in the columns that a match is weighed by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchText {
    /// Its titles.
    pub title: String,
    /// Who directed it and plays in it.
    pub people: String,
    /// Genres, tags, studios and synopsis.
    pub other: String,
}

impl SearchText {
    /// The text of a film. `None` where it is deleted, and so found by nothing.
    #[must_use]
    pub fn of(movie: &MovieDocument) -> Option<Self> {
        let details = &movie.details;
        (!movie.deleted).then(|| Self {
            title: indexed([&details.title].into_iter().chain(&details.original_title)),
            people: indexed(details.directors.iter().chain(&details.cast)),
            other: indexed(
                (details.genres.iter())
                    .chain(&movie.tags)
                    .chain(&details.studios)
                    .chain(&details.synopsis),
            ),
        })
    }
}

/// The most tokens of a query that are looked for. Those after them say nothing.
pub const QUERY_TOKENS_MAX: usize = 32;
/// The most tokens of one word that are looked for, in a row. Those after them say nothing.
pub const PHRASE_TOKENS_MAX: usize = 16;

/// The query as an FTS5 match expression: all words must be found, the last may be the beginning of
/// one. `None` where it has no letter or digit, and so matches nothing.
///
/// Each word becomes a quoted phrase of letters and digits, so that nothing in it is taken for FTS5
/// syntax.
///
/// What a query costs grows with its tokens times the places where they stand, and a phrase costs the
/// most. So a word that is there already is left out, a phrase ends after [`PHRASE_TOKENS_MAX`] tokens
/// and the query after [`QUERY_TOKENS_MAX`]: a longer one finds what its beginning finds.
#[must_use]
pub fn fts5_query(query: &str) -> Option<String> {
    let phrases = phrases(&plain(query));
    let phrases: Vec<_> = phrases.iter().map(|words| format!("\"{}\"", words.join(" "))).collect();
    (!phrases.is_empty()).then(|| phrases.join(" AND ") + "*")
}

/// What is looked for: the words of a query in plain form, in tokens, within the bounds.
fn phrases(plain: &str) -> Vec<Vec<String>> {
    let mut phrases: Vec<Vec<String>> = Vec::new();
    let mut tokens_left = QUERY_TOKENS_MAX;
    for word in plain.split(' ') {
        let mut phrase = tokens(word);
        phrase.truncate(PHRASE_TOKENS_MAX.min(tokens_left));
        if phrase.is_empty() {
            continue;
        }
        tokens_left -= phrase.len();
        // The later one stays: only the last word may be the beginning of one.
        if let Some(earlier) = phrases.iter().position(|earlier| *earlier == phrase) {
            tokens_left += phrases.remove(earlier).len();
        }
        phrases.push(phrase);
    }
    phrases
}

fn indexed<'a>(texts: impl Iterator<Item = &'a String>) -> String {
    texts.flat_map(|text| tokens(&plain(text))).collect::<Vec<_>>().join(" ")
}

/// The tokens of a text in plain form. An apostrophe joins (`don't` is `dont`), all else that is
/// neither letter nor digit separates.
fn tokens(plain: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut after = After::Gap;
    for c in plain.chars().filter(|c| !matches!(c, '\'' | '’')) {
        let mark = is_combining_mark(c);
        if !mark && !c.is_alphanumeric() {
            after = After::Gap;
            continue;
        }
        let alone = is_unspaced(c);
        let joins = if mark { after != After::Gap } else { after == After::Word && !alone };
        match tokens.last_mut() {
            Some(last) if joins => last.push(c),
            // A mark without a letter says nothing.
            _ if mark => continue,
            _ => tokens.push(c.into()),
        }
        if !mark {
            after = if alone { After::Alone } else { After::Word };
        }
    }
    tokens
}

/// What a character comes after.
#[derive(PartialEq, Eq)]
enum After {
    /// The beginning, or what separates.
    Gap,
    /// A letter that the next one joins.
    Word,
    /// A character that is a token alone.
    Alone,
}

/// Whether `c` is of a script that puts no spaces between words, or (Hangul) in which a part of a
/// word is looked for.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}'       // Thai, Lao
        | '\u{1000}'..='\u{109f}'   // Myanmar
        | '\u{1100}'..='\u{11ff}'   // Hangul letters
        | '\u{1780}'..='\u{17ff}'   // Khmer
        | '\u{3005}'..='\u{3007}'   // ideographic repetition, closing and zero
        | '\u{3040}'..='\u{30ff}'   // Hiragana, Katakana
        | '\u{3100}'..='\u{318f}'   // Bopomofo, Hangul compatibility letters
        | '\u{31a0}'..='\u{31ff}'   // Bopomofo and Katakana extensions
        | '\u{3400}'..='\u{4dbf}'   // ideographs, extension A
        | '\u{4e00}'..='\u{9fff}'   // ideographs
        | '\u{ac00}'..='\u{d7ff}'   // Hangul syllables
        | '\u{f900}'..='\u{faff}'   // compatibility ideographs
        | '\u{1aff0}'..='\u{1b16f}' // kana extensions
        | '\u{20000}'..='\u{323af}' // ideographs, extensions B to H
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn words_are_cut_at_what_is_no_letter_and_lose_case_and_accents() {
        assert_eq!(
            tokens(&plain("Léon: The Professional (1994)")),
            ["leon", "the", "professional", "1994"]
        );
        assert_eq!(tokens(&plain("WALL·E")), ["wall", "e"]);
    }

    #[test]
    fn an_apostrophe_joins() {
        assert_eq!(tokens(&plain("Don’t Look Now")), ["dont", "look", "now"]);
        assert_eq!(tokens(&plain("Don't")), ["dont"]);
    }

    #[test]
    fn scripts_without_spaces_are_cut_into_characters() {
        assert_eq!(tokens(&plain("七人の侍")), ["七", "人", "の", "侍"]);
        assert_eq!(tokens(&plain("R2D2日本kyoto")), ["r2d2", "日", "本", "kyoto"]);
        assert_eq!(tokens(&plain("기생충")), ["기", "생", "충"]);
    }

    #[test]
    fn marks_stay_with_their_letter() {
        assert_eq!(tokens(&plain("हिन्दी")), ["हिन्दी"]);
        assert_eq!(tokens(&plain("a \u{93f}b")), ["a", "b"]);
        assert_eq!(tokens(&plain("ほ\u{3099}く")), ["ぼ", "く"]);
    }

    #[test]
    fn all_words_of_a_query_must_be_found_and_the_last_may_be_unfinished() {
        assert_eq!(fts5_query("Seven samu").unwrap(), r#""seven" AND "samu"*"#);
        assert_eq!(fts5_query("spider-man").unwrap(), r#""spider man"*"#);
        assert_eq!(fts5_query("人の").unwrap(), r#""人 の"*"#);
    }

    #[test]
    fn what_fts5_takes_for_syntax_is_only_words() {
        assert_eq!(
            fts5_query(r#"title:"a OR b" NOT c* ^(d)"#).unwrap(),
            r#""title a" AND "or" AND "b" AND "not" AND "c" AND "d"*"#
        );
    }

    #[test]
    fn a_query_without_letters_or_digits_matches_nothing() {
        for query in ["", "  ", "\"", "*", "—", "'’", "\u{301}"] {
            assert_eq!(fts5_query(query), None, "{query:?}");
        }
    }

    #[test]
    fn a_word_that_is_repeated_is_looked_for_once_and_where_it_was_last() {
        assert_eq!(
            fts5_query("to be or not to be").unwrap(),
            r#""or" AND "not" AND "to" AND "be"*"#
        );
        assert_eq!(fts5_query("人の 人の").unwrap(), r#""人 の"*"#);
    }

    #[test]
    fn a_phrase_ends_after_sixteen_tokens() {
        let expected = format!("\"{}\"*", ["侍"; 16].join(" "));
        assert_eq!(fts5_query(&"侍".repeat(200)).unwrap(), expected);
    }

    #[test]
    fn a_query_ends_after_thirty_two_tokens() {
        let words: Vec<String> = (0..40).map(|n| format!("w{n}")).collect();
        assert_eq!(fts5_query(&words.join(" ")), fts5_query(&words[..32].join(" ")));
        assert_ne!(fts5_query(&words.join(" ")), fts5_query(&words[..31].join(" ")));
        let cut = fts5_query(&format!("w {} {}", "七".repeat(16), "人".repeat(16))).unwrap();
        assert_eq!(cut.matches('人').count(), 15);
    }

    proptest! {
        #[test]
        fn no_query_has_more_tokens_than_allowed(query in "([a-c侍の기]{0,20}[ -]){0,12}") {
            let phrases = phrases(&plain(&query));
            prop_assert!(phrases.iter().map(Vec::len).sum::<usize>() <= QUERY_TOKENS_MAX);
            prop_assert!(phrases.iter().all(|phrase| phrase.len() <= PHRASE_TOKENS_MAX));
        }

        #[test]
        fn nothing_but_letters_digits_marks_and_spaces_gets_between_the_quotes(query in "\\PC{0,40}") {
            for phrase in fts5_query(&query).iter().flat_map(|query| query.split('"').skip(1).step_by(2)) {
                prop_assert!(!phrase.is_empty());
                prop_assert!(phrase.chars().all(|c| c == ' ' || c.is_alphanumeric() || is_combining_mark(c)));
            }
        }

        #[test]
        fn a_text_is_cut_as_its_tokens_are(text in "\\PC{0,40}") {
            let once = tokens(&plain(&text));
            prop_assert_eq!(tokens(&once.join(" ")), once);
        }
    }
}
