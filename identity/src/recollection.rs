//! What is kept of a credential that was believed, so that it can be asked about later without it: after a
//! restart, what was shown is gone, and it shall not lie on a disk.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::Identity;

/// Who a credential spoke for, and by what that was known. Nobody gets in with it: it holds ids, and no
/// secret. [`crate::Authenticator::recall`] says whether it still holds.
///
/// It is written to disks: fields are only ever added, and with a default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recollection {
    /// Who it spoke for.
    #[serde(flatten)]
    pub identity: Identity,
    /// What else is known of an access token of our own; of other credentials there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signed: Option<Signed>,
}

/// What else is known of an access token of our own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    /// When it was made.
    pub(crate) at: Timestamp,
    /// The id of the key that signed it.
    pub(crate) by: Arc<str>,
}

impl From<Identity> for Recollection {
    fn from(identity: Identity) -> Self {
        Self { identity, signed: None }
    }
}
