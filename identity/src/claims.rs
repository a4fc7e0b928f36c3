//! What is written in a token: the header and the claims of RFC 9068.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The media type of an access token (RFC 9068 section 2.1).
pub(crate) const TOKEN_TYPE: &str = "at+jwt";

/// The one algorithm there is (RFC 8037).
pub(crate) const ALGORITHM: &str = "EdDSA";

/// The claims, as written. All but `scope` and `sid` are required (RFC 9068 section 2.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Claims<'a> {
    pub(crate) iss: &'a str,
    pub(crate) aud: &'a str,
    pub(crate) sub: Uuid,
    /// Which client asked for the token: Cinelog's own command line or API.
    pub(crate) client_id: &'a str,
    pub(crate) roles: [&'a str; 1],
    /// With spaces between the names (RFC 9068 section 2.2.3).
    pub(crate) scope: String,
    pub(crate) jti: Uuid,
    /// The session, where there is one (as OpenID Connect's log-out names it).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<Uuid>,
    /// Seconds since 1970, as are the next two.
    pub(crate) iat: i64,
    pub(crate) nbf: i64,
    pub(crate) exp: i64,
}

/// The claims, as read: nothing is taken for granted.
#[derive(Debug, Deserialize)]
pub(crate) struct ReadClaims {
    pub(crate) iss: Option<String>,
    pub(crate) aud: Option<Audience>,
    pub(crate) sub: Option<String>,
    #[serde(default)]
    pub(crate) roles: Vec<String>,
    pub(crate) scope: Option<String>,
    pub(crate) jti: Option<String>,
    pub(crate) sid: Option<String>,
    pub(crate) iat: Option<f64>,
    pub(crate) nbf: Option<f64>,
    pub(crate) exp: Option<f64>,
}

/// One audience or several (RFC 7519 section 4.1.3).
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    pub(crate) fn includes(&self, name: &str) -> bool {
        match self {
            Self::One(one) => one == name,
            Self::Several(several) => several.iter().any(|one| one == name),
        }
    }
}

/// The header, as read. Read here and not by the JWT library, so that `alg: none` and the like can be
/// told from a broken token.
#[derive(Debug, Deserialize)]
pub(crate) struct ReadHeader {
    pub(crate) alg: String,
    pub(crate) typ: Option<String>,
    pub(crate) kid: Option<String>,
    pub(crate) crit: Option<serde_json::Value>,
}
