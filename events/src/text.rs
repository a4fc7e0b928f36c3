//! How names are compared: the plain form of a text, without case, accents or odd spacing.
//!
//! Used for sorting keys, slugs and search. It is a comparison form, never shown.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The plain form of `text`: lower case, Latin and Greek letters without their accents, Hebrew and
/// Arabic without points, compatibility characters unified (Unicode NFKC), white space collapsed and
/// trimmed.
///
/// Letters of other scripts keep their marks, since those are not decoration there (`が` is not `か`).
/// Applying it twice changes nothing.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut current = plain_once(text);
    // Lower-casing and composing can each make work for the other; three rounds settle every text
    // that Unicode has, and the bound keeps a surprise from looping.
    for _ in 0..3 {
        let next = plain_once(&current);
        if next == current {
            break;
        }
        current = next;
    }
    current
}

fn plain_once(text: &str) -> String {
    let mut base = ' ';
    let stripped: String = text
        .nfkd()
        .flat_map(char::to_lowercase)
        .filter(|&c| {
            let is_mark = is_combining_mark(c);
            if !is_mark {
                base = c;
            }
            !(is_mark && is_optional(c, base))
        })
        .nfc()
        .collect();
    let mut plain = String::with_capacity(stripped.len());
    for word in stripped.split(|c: char| c.is_whitespace() || c.is_control()) {
        if word.is_empty() {
            continue;
        }
        if !plain.is_empty() {
            plain.push(' ');
        }
        for c in word.chars() {
            match without_stroke(c) {
                Some(letters) => plain.push_str(letters),
                None => plain.push(c),
            }
        }
    }
    plain
}

/// Whether readers do without `mark` over `base`: accents of Latin and Greek letters, the dots of `ё`,
/// the points of Hebrew and Arabic.
fn is_optional(mark: char, base: char) -> bool {
    match mark {
        '\u{308}' if base == 'е' => true,
        // U+0400 is where Cyrillic starts: Latin and Greek stand before it.
        '\u{300}'..='\u{36f}' => base < '\u{400}',
        '\u{591}'..='\u{5c7}' | '\u{64b}'..='\u{65f}' | '\u{670}' => true,
        _ => false,
    }
}

/// Latin letters that Unicode does not decompose, though readers look for them under the plain one.
fn without_stroke(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'þ' => "th",
        'ı' => "i",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::plain;

    #[test]
    fn accents_and_case_of_latin_and_greek_do_not_count() {
        assert_eq!(plain("Amélie"), "amelie");
        assert_eq!(plain("ÅNGSTRÖM"), "angstrom");
        assert_eq!(plain("Krzysztof Kieślowski"), "krzysztof kieslowski");
        assert_eq!(plain("Łódź"), "lodz");
        assert_eq!(plain("Ἀγγελόπουλος"), "αγγελοπουλος");
    }

    #[test]
    fn marks_of_other_scripts_are_letters() {
        assert_eq!(plain("がんばれ"), "がんばれ");
        assert_eq!(plain("Андрей"), "андрей");
        assert_eq!(plain("Їжак"), "їжак");
        assert_eq!(plain("기생충"), "기생충");
    }

    #[test]
    fn marks_that_most_writers_leave_out_do_not_count() {
        assert_eq!(plain("Ёлка"), "елка");
        assert_eq!(plain("مَجْنون"), "مجنون");
        assert_eq!(plain("שָׁלוֹם"), "שלום");
    }

    #[test]
    fn white_space_is_collapsed() {
        assert_eq!(plain("  In \t the\u{a0}Mood "), "in the mood");
    }

    proptest! {
        #[test]
        fn the_plain_form_of_a_plain_form_is_itself(text in "\\PC{0,40}") {
            let once = plain(&text);
            prop_assert_eq!(plain(&once), once);
        }
    }
}
