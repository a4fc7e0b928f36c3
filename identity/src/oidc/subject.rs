//! What issuers call people (`sub`), whether they say it in an ID token or in an access token.

/// The longest subject that is accepted, in bytes. OpenID Connect Core 1.0 section 2 allows no longer one.
const SUBJECT_BYTES_MAX: usize = 255;

/// Whether `subject` can stand for somebody: it is neither empty nor too long.
pub(super) fn is_subject(subject: &str) -> bool {
    !subject.is_empty() && subject.len() <= SUBJECT_BYTES_MAX
}
