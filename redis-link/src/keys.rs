//! The names of keys. They say to which deployment a key belongs, and which version of which kind of value it holds.

use std::fmt::{self, Display};

/// Makes the keys of one kind of values. Values of another deployment, kind or version are never read.
#[derive(Debug, Clone)]
pub struct Keys(String);

impl Keys {
    /// The keys of `deployment` for values of a `kind`, in this version of their form: `cinelog:answers.v1:…`.
    #[must_use]
    pub fn of(deployment: &str, kind: &str, version: u32) -> Self {
        Self(format!("{deployment}:{kind}.v{version}"))
    }

    /// The key of one value.
    #[must_use]
    pub fn key(&self, thing: impl Display) -> String {
        format!("{}:{thing}", self.0)
    }
}

impl Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_says_of_which_deployment_kind_and_version_it_is() {
        assert_eq!(Keys::of("films", "answers", 3).key("abc"), "films:answers.v3:abc");
        assert_eq!(Keys::of("films", "changes", 1).to_string(), "films:changes.v1");
    }
}
