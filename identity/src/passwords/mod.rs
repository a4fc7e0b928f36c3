//! Passwords: which ones are taken, how they are hashed, and on whose time.
//!
//! - [`NewPassword`] is one that somebody may have: long enough, not too easily guessed.
//! - [`Hasher`] hashes and compares (argon2id) on threads of its own, a bounded number at once, with a bounded
//!   line in front of them.

mod estimate;
mod hasher;
mod phc;

pub use hasher::{Busy, Hasher, Place};

use unicode_normalization::UnicodeNormalization;

/// A password that somebody may have. Never shown.
#[derive(Clone)]
pub struct NewPassword(String);

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Too short or too long.
    #[error("must have {} to {} characters", NewPassword::CHARS_MIN, NewPassword::CHARS_MAX)]
    Length,
    /// It contains what everybody knows of its owner.
    #[error("must not contain the name or the e-mail address")]
    Personal,
    /// It is among the first that somebody would try.
    #[error(
        "is too easily guessed: several unusual words, or a password manager's choice, are not"
    )]
    Weak,
}

impl NewPassword {
    /// The fewest characters.
    pub const CHARS_MIN: usize = 12;

    /// The most characters.
    pub const CHARS_MAX: usize = 128;

    /// The shortest part of a name or address that a password must not contain, in characters: shorter ones are
    /// in everything.
    const PART_CHARS_MIN: usize = 4;

    /// Takes a password, or says why not. `personal` is what is known of its owner: name and address. Estimating
    /// takes some 20 milliseconds at most.
    ///
    /// # Errors
    /// [`Unfit`], what is wrong with it.
    pub fn new(password: &str, personal: &[&str]) -> Result<Self, Unfit> {
        let password = normal(password).ok_or(Unfit::Length)?;
        if password.chars().count() < Self::CHARS_MIN {
            return Err(Unfit::Length);
        }
        let lower = password.to_lowercase();
        let parts = personal.iter().flat_map(|text| text.split(['@', ' ', '.', '-', '_', '+']));
        let parts: Vec<String> = parts
            .filter(|part| part.chars().count() >= Self::PART_CHARS_MIN)
            .map(str::to_lowercase)
            .collect();
        let whole = personal.iter().filter(|text| text.chars().count() >= Self::PART_CHARS_MIN);
        if whole.map(|text| text.to_lowercase()).any(|text| lower.contains(&text))
            || parts.iter().any(|part| lower == part.repeat(lower.len() / part.len()))
        {
            return Err(Unfit::Personal);
        }
        let known: Vec<&str> = parts.iter().map(String::as_str).chain(["cinelog"]).collect();
        match estimate::is_hard_to_guess(&password, &known) {
            true => Ok(Self(password)),
            false => Err(Unfit::Weak),
        }
    }
}

impl std::fmt::Debug for NewPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewPassword(********)")
    }
}

/// The form in which a password is hashed, whatever keyboard it was typed on. `None` where it is longer than
/// any that is taken, which is seen before there is work with it.
fn normal(password: &str) -> Option<String> {
    // A character of NFC is at most a few of what it was typed as.
    const BYTES_MAX: usize = NewPassword::CHARS_MAX * 4 * 3;
    if password.len() > BYTES_MAX {
        return None;
    }
    let normal: String = password.nfc().collect();
    (normal.chars().count() <= NewPassword::CHARS_MAX).then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> Option<Unfit> {
        let personal = ["marguerite.duras@films.example", "Marguerite Duras"];
        NewPassword::new(password, &personal).err()
    }

    #[test]
    fn long_and_unusual_passwords_are_taken() {
        for password in
            ["correct horse battery staple", "7Kq!vR2#pLx9", "Быстрая лиса прыгает 8 раз"]
        {
            assert_eq!(refused(password), None, "{password}");
        }
    }

    #[test]
    fn what_is_too_short_or_too_long_is_refused() {
        for password in ["", "7Kq!vR2#pLx", &"7Kq!vR2#pLx9 ".repeat(10), &"é".repeat(2_000)] {
            assert_eq!(refused(password), Some(Unfit::Length), "{password}");
        }
    }

    #[test]
    fn what_everybody_tries_is_refused() {
        for password in
            ["password1234", "aaaaaaaaaaaaaa", "qwertyuiop[]", "cinelogcinelog", "123456789012"]
        {
            assert_eq!(refused(password), Some(Unfit::Weak), "{password}");
        }
    }

    #[test]
    fn what_is_known_of_its_owner_is_refused() {
        for password in [
            "xx Marguerite Duras 7Kq!",
            "7Kqmarguerite.duras@films.example",
            "margueritemarguerite",
        ] {
            assert_eq!(refused(password), Some(Unfit::Personal), "{password}");
        }
        assert_eq!(refused("marguerite12"), Some(Unfit::Weak));
    }

    #[test]
    fn a_name_that_is_in_everything_refuses_nothing() {
        for name in ["e", "Al", "Bat"] {
            let taken = NewPassword::new("correct horse battery staple", &[name]);
            assert!(taken.is_ok(), "{name}");
        }
    }

    #[test]
    fn the_same_characters_are_the_same_password_however_they_were_typed() {
        assert_eq!(normal("caf\u{e9}"), normal("cafe\u{301}"));
    }

    #[test]
    fn a_password_is_not_shown() {
        let password = NewPassword::new("correct horse battery staple", &[]).unwrap();
        assert!(!format!("{password:?}").contains("horse"));
    }
}
