//! The names of objects. A name is checked when it is made: none can lead out of the store, or mean different things
//! in different stores.

use std::fmt;

use crate::content_type::content_type_of;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 512;

/// The longest part of a name, in bytes.
const PART_BYTES_MAX: usize = 128;

/// The most parts of a name.
pub(crate) const PARTS_MAX: usize = 8;

/// The name of an object, such as `posters/0f3c.png`. It has parts of `a`–`z`, `0`–`9`, `-` and `_` with `/` between
/// them; each begins with a letter or a digit. The last part has dots too, and ends in one of the endings that
/// say what the object is. So no name is also a folder, and names stay different where upper and lower case are
/// the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName(String);

/// The beginning of the names of several objects, such as `posters` or `posters/small`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Folder(String);

/// What is wrong with a name. It is not repeated: it may have come from anywhere.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// It is empty, or a part of it is.
    #[error("a name, and each part of it, has at least one character")]
    Empty,
    /// It or a part of it is too long, or it has too many parts.
    #[error(
        "a name has {NAME_BYTES_MAX} bytes and {PARTS_MAX} parts at most, a part {PART_BYTES_MAX} bytes"
    )]
    TooLong,
    /// It has a character that no name has there.
    #[error(
        "a name has a-z, 0-9, - and _, parts begin with a letter or a digit, dots are in the last only"
    )]
    Character,
    /// The last part does not end in one of the endings that say what the object is.
    #[error("a name ends in what says what it is, such as .png")]
    Ending,
}

impl ObjectName {
    /// Checks a name.
    ///
    /// # Errors
    /// [`NameError`] if it is none.
    pub fn new(name: impl Into<String>) -> Result<Self, NameError> {
        let name = name.into();
        let (folder, file) = match name.rsplit_once('/') {
            Some((folder, file)) => (Some(folder), file),
            None => (None, name.as_str()),
        };
        check_parts(folder, name.len())?;
        check_part(file, true)?;
        content_type_of(file).ok_or(NameError::Ending)?;
        Ok(Self(name))
    }

    /// The name as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the object is, by the ending of its name: `image/png` and the like.
    pub fn content_type(&self) -> &'static str {
        content_type_of(&self.0).unwrap_or(crate::content_type::BYTES)
    }
}

impl Folder {
    /// Checks the beginning of names.
    ///
    /// # Errors
    /// [`NameError`] if no name can begin like this.
    pub fn new(folder: impl Into<String>) -> Result<Self, NameError> {
        let folder = folder.into();
        check_parts(Some(&folder), folder.len())?;
        Ok(Self(folder))
    }

    /// The folder as it is written, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the parts before the last one, and the length of all.
fn check_parts(folder: Option<&str>, bytes: usize) -> Result<(), NameError> {
    if bytes > NAME_BYTES_MAX {
        return Err(NameError::TooLong);
    }
    let parts = folder.map(|folder| folder.split('/')).into_iter().flatten();
    for (index, part) in parts.enumerate() {
        if index + 1 >= PARTS_MAX {
            return Err(NameError::TooLong);
        }
        check_part(part, false)?;
    }
    Ok(())
}

fn check_part(part: &str, may_have_dots: bool) -> Result<(), NameError> {
    let is_plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let is_inside = |c: u8| is_plain(c) || matches!(c, b'-' | b'_') || may_have_dots && c == b'.';
    match part.as_bytes() {
        [] => Err(NameError::Empty),
        bytes if bytes.len() > PART_BYTES_MAX => Err(NameError::TooLong),
        [first, rest @ ..] if is_plain(*first) && rest.iter().all(|c| is_inside(*c)) => Ok(()),
        _ => Err(NameError::Character),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_says_what_the_object_is() {
        for (name, content_type) in [
            ("a.png", "image/png"),
            ("posters/01a1fee2-7bb1-72c9-ae98-b75f263d6259.jpg", "image/jpeg"),
            ("posters/small/0f3c_1.webp", "image/webp"),
            ("exports/events.2026-11.ndjson", "application/x-ndjson"),
        ] {
            assert_eq!(ObjectName::new(name).unwrap().content_type(), content_type);
        }
    }

    #[test]
    fn what_leads_out_of_the_store_or_is_understood_in_two_ways_is_no_name() {
        use NameError::{Character, Empty, Ending, TooLong};
        for (name, wrong) in [
            ("", Empty),
            ("/a.png", Empty),
            ("a//b.png", Empty),
            ("a/", Empty),
            ("../a.png", Character),
            ("a/../b.png", Character),
            ("a/./b.png", Character),
            (".png", Character),
            ("a/.b.png", Character),
            ("a.d/b.png", Character),
            ("A.png", Character),
            ("a b.png", Character),
            ("a%2fb.png", Character),
            ("a\\b.png", Character),
            ("a.png#1", Character),
            ("a\0.png", Character),
            ("c:a.png", Character),
            ("ü.png", Character),
            ("a", Ending),
            ("a.exe", Ending),
            ("a.png.", Ending),
            ("1/2/3/4/5/6/7/8/a.png", TooLong),
        ] {
            assert_eq!(ObjectName::new(name), Err(wrong), "{name:?}");
        }
        assert_eq!(ObjectName::new(format!("{}.png", "a".repeat(PART_BYTES_MAX))), Err(TooLong));
        assert!(ObjectName::new("1/2/3/4/5/6/7/a.png").is_ok());
        assert!(Folder::new("posters/small").is_ok());
        assert_eq!(Folder::new("posters/"), Err(Empty));
    }

    proptest! {
        #[test]
        fn whatever_is_a_name_stays_below_the_folder_that_it_is_put_in(name in "[a-c./\\\\#%~-]{0,12}(\\.png)?") {
            if let Ok(name) = ObjectName::new(name) {
                let path = std::path::Path::new(name.as_str());
                let all_plain = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
                prop_assert!(all_plain && path.is_relative());
                let below = object_store::path::Path::from(name.as_str());
                prop_assert_eq!(below.as_ref(), name.as_str(), "it is written as it is");
            }
        }
    }
}
