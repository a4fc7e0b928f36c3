//! Codes that films are filtered by: what they look like, and how the store has them.

use crate::parameter::Rule;

/// A BCP 47 tag, less its rarer parts.
pub(crate) const LANGUAGE: Rule = Rule {
    pattern: "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
    max_chars: 35,
    holds: |text| {
        text.split('-').enumerate().all(|(at, part)| match at {
            0 => (2..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic()),
            _ => (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()),
        })
    },
    must: "language tags such as ja or pt-BR",
};

/// An ISO 3166-1 alpha-2 code.
pub(crate) const COUNTRY: Rule = Rule {
    pattern: "^[A-Za-z]{2}$",
    max_chars: 2,
    holds: |text| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()),
    must: "country codes of two letters such as JP",
};

/// An id of IMDb.
pub(crate) const IMDB: Rule = Rule {
    pattern: "^tt[0-9]{7,10}$",
    max_chars: 12,
    holds: |text| {
        text.strip_prefix("tt").is_some_and(|digits| {
            (7..=10).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    },
    must: "IMDb ids such as tt0111161",
};

/// A language tag in its usual capitals (RFC 5646 section 2.1.1), which the catalogue keeps it in:
/// languages `zh`, scripts `Hant`, regions `TW`, all else in lower case.
pub(crate) fn usual_language(tag: &str) -> String {
    let subtags = tag.split('-').enumerate().map(|(at, subtag)| {
        let is_letters = subtag.bytes().all(|byte| byte.is_ascii_alphabetic());
        let mut usual = subtag.to_ascii_lowercase();
        match usual.len() {
            2 if at > 0 && is_letters => usual.make_ascii_uppercase(),
            4 if at > 0 && is_letters => {
                if let Some(first) = usual.get_mut(..1) {
                    first.make_ascii_uppercase();
                }
            }
            _ => {}
        }
        usual
    });
    subtags.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, string::string_regex};

    use super::*;

    proptest! {
        #[test]
        fn whatever_matches_a_pattern_keeps_the_rule(
            language in string_regex(LANGUAGE.pattern.trim_matches(['^', '$'])).unwrap(),
            country in string_regex(COUNTRY.pattern.trim_matches(['^', '$'])).unwrap(),
            imdb in string_regex(IMDB.pattern.trim_matches(['^', '$'])).unwrap(),
        ) {
            prop_assert!((LANGUAGE.holds)(&language), "{}", language);
            prop_assert!((COUNTRY.holds)(&country), "{}", country);
            prop_assert!((IMDB.holds)(&imdb), "{}", imdb);
        }

        #[test]
        fn how_a_language_is_written_does_not_matter(
            language in string_regex(LANGUAGE.pattern.trim_matches(['^', '$'])).unwrap(),
        ) {
            let usual = usual_language(&language);
            prop_assert!(usual.eq_ignore_ascii_case(&language));
            prop_assert_eq!(usual_language(&language.to_ascii_uppercase()), usual);
        }
    }

    #[test]
    fn a_language_has_its_usual_capitals() {
        for (given, usual) in [
            ("JA", "ja"),
            ("pt-br", "pt-BR"),
            ("ZH-hANT-tw", "zh-Hant-TW"),
            ("de-CH-1996", "de-CH-1996"),
            ("sl-ROZAJ", "sl-rozaj"),
            ("ca-VALENCIA-a1B2", "ca-valencia-a1b2"),
        ] {
            assert_eq!(usual_language(given), usual);
        }
    }

    #[test]
    fn what_no_pattern_matches_keeps_no_rule() {
        for text in ["", "j", "jaaa", "ja-", "-ja", "ja_JP", "ja-é", "ja\n"] {
            assert!(!(LANGUAGE.holds)(text), "{text:?}");
        }
        assert!(!(COUNTRY.holds)("J1"));
        for text in ["0111161", "tt011116", "tt01111611111", "tt0111161x"] {
            assert!(!(IMDB.holds)(text), "{text}");
        }
    }
}
