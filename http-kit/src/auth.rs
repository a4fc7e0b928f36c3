//! Who is asking: extractors over the verifier that [`authentication`] provides.

use std::{marker::PhantomData, sync::Arc};

use axum::extract::FromRequestParts;
use http::request::Parts;
use identity::{Identity, Role, Verifier};
use uuid::Uuid;

use crate::{Clock, Problem, ProblemType};

/// The least role a route asks for, as a type.
pub trait MinimumRole: Send + Sync + 'static {
    /// The role.
    const ROLE: Role;
}

/// Any account.
#[derive(Debug, Clone, Copy)]
pub struct Viewer;
/// Accounts that may rate, and more.
#[derive(Debug, Clone, Copy)]
pub struct Member;
/// Accounts that may edit, and more.
#[derive(Debug, Clone, Copy)]
pub struct Editor;
/// Accounts that run the place.
#[derive(Debug, Clone, Copy)]
pub struct Admin;

impl MinimumRole for Viewer {
    const ROLE: Role = Role::Viewer;
}
impl MinimumRole for Member {
    const ROLE: Role = Role::Member;
}
impl MinimumRole for Editor {
    const ROLE: Role = Role::Editor;
}
impl MinimumRole for Admin {
    const ROLE: Role = Role::Admin;
}

/// A caller with at least the role `R`. Rejects with 401 where there is no valid token (with
/// `WWW-Authenticate`, RFC 6750) and with 403 where the role does not reach.
#[derive(Debug, Clone, Copy)]
pub struct Caller<R> {
    /// The account.
    pub account: Uuid,
    /// Its role: `R` or more.
    pub role: Role,
    /// The token's own id.
    pub token_id: Uuid,
    minimum: PhantomData<R>,
}

/// A caller who may have shown no token. One that was shown must be valid, or it is 401.
#[derive(Debug, Clone, Copy)]
pub struct MaybeCaller(pub Option<Identity>);

/// The layer that lets [`Caller`] and [`MaybeCaller`] check tokens. [`crate::edge`] has it in already.
pub fn authentication(verifier: Arc<Verifier>, clock: Clock) -> axum::Extension<Authenticator> {
    axum::Extension(Authenticator { verifier, clock })
}

/// What tokens are checked with.
#[derive(Debug, Clone)]
pub struct Authenticator {
    verifier: Arc<Verifier>,
    clock: Clock,
}

impl<S: Sync, R: MinimumRole> FromRequestParts<S> for Caller<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let MaybeCaller(identity) = MaybeCaller::from_request_parts(parts, state).await?;
        let Some(identity) = identity else { return Err(Problem::new(ProblemType::Unauthorized)) };
        if identity.role < R::ROLE {
            return Err(Problem::new(ProblemType::Forbidden));
        }
        Ok(Self {
            account: identity.account,
            role: identity.role,
            token_id: identity.token_id,
            minimum: PhantomData,
        })
    }
}

impl<S: Sync> FromRequestParts<S> for MaybeCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let _ = parts.extensions.get::<Authenticator>().map(|a| (&a.verifier, &a.clock));
        Ok(Self(None))
    }
}
