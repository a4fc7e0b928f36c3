//! Slugs: the names of genres, tags, platforms and people as they stand in an address.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use crate::text::plain;

/// A name in the form an address carries: `Science Fiction` is `science-fiction`.
///
/// Two names with the same slug are the same thing. Letters of every script are kept, so a slug may
/// need percent-encoding in a URL. 1 to 100 characters; making a slug of a slug gives it back.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(from = "String")]
pub struct Slug(String);

impl Slug {
    /// The longest slug, in characters; what is beyond is cut.
    pub const MAX_CHARS: usize = 100;

    /// The slug of a name. Every name has one: a name without letters or digits (`!!!`, `🎬`) is
    /// spelled by its code points (`u21-u21-u21`).
    #[must_use]
    pub fn of(name: &str) -> Self {
        let mut slug = String::with_capacity(name.len());
        let mut gap = false;
        for c in plain(name).chars() {
            // `C++`, `C#` and `R&B` are not `C` and `R B`.
            let sign = match c {
                '+' => "plus",
                '&' => "and",
                '#' if !slug.is_empty() && !gap => "sharp",
                _ => "",
            };
            if !sign.is_empty() {
                if !slug.is_empty() {
                    slug.push('-');
                }
                slug.push_str(sign);
                gap = true;
            } else if c.is_alphanumeric() || (is_combining_mark(c) && !slug.is_empty() && !gap) {
                if gap && !slug.is_empty() {
                    slug.push('-');
                }
                gap = false;
                slug.push(c);
            } else if !matches!(c, '\'' | '’') {
                gap = true;
            }
        }
        if slug.is_empty() {
            slug = name.trim().chars().map(|c| format!("u{:x}-", u32::from(c))).collect();
        }
        let cut: String = slug.chars().take(Self::MAX_CHARS).nfc().collect();
        match cut.trim_end_matches('-') {
            "" => Self("u".to_owned()),
            slug => Self(slug.to_owned()),
        }
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Slug {
    fn from(name: String) -> Self {
        Self::of(&name)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Slug;

    #[test]
    fn a_name_and_its_variants_share_a_slug() {
        for name in ["Science Fiction", "science-fiction", " SCIENCE  fiction ", "Sciénce/Fiction"]
        {
            assert_eq!(Slug::of(name).as_str(), "science-fiction");
        }
        assert_eq!(Slug::of("Don't Look Now").as_str(), "dont-look-now");
    }

    #[test]
    fn signs_that_tell_names_apart_are_spelled() {
        assert_eq!(Slug::of("C++").as_str(), "c-plus-plus");
        assert_eq!(Slug::of("C#").as_str(), "c-sharp");
        assert_eq!(Slug::of("#cult").as_str(), "cult");
        assert_eq!(Slug::of("R&B"), Slug::of("R and B"));
    }

    #[test]
    fn names_in_any_script_have_a_slug() {
        assert_eq!(Slug::of("黒澤 明").as_str(), "黒澤-明");
        assert_eq!(Slug::of("봉준호").as_str(), "봉준호");
        assert_eq!(Slug::of("!!!").as_str(), "u21-u21-u21");
        assert_eq!(Slug::of("🎬").as_str(), "u1f3ac");
    }

    proptest! {
        #[test]
        fn making_a_slug_of_a_slug_gives_it_back(name in "\\PC{0,120}") {
            let slug = Slug::of(&name);
            prop_assert_eq!(Slug::of(slug.as_str()), slug.clone());
            prop_assert!(!slug.as_str().is_empty());
            prop_assert!(slug.as_str().chars().count() <= Slug::MAX_CHARS);
        }
    }
}
