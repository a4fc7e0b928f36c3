//! Who is asking: extractors over the verifier that [`authentication`] provides.

use std::{marker::PhantomData, sync::Arc};

use axum::extract::FromRequestParts;
use http::{HeaderValue, header, request::Parts};
use identity::{Identity, Role, TokenError, Verifier};
use uuid::Uuid;

use crate::{Clock, FieldError, Problem, ProblemType, context::NotBehindEdge};

/// The challenge of RFC 6750 section 3, without an error.
const REALM: &str = "Bearer realm=\"cinelog\"";

/// The least role a route asks for, as a type.
pub trait MinimumRole: Send + Sync + 'static {
    /// The role.
    const ROLE: Role;
}

/// Accounts that may rate, and more.
#[derive(Debug, Clone, Copy)]
pub struct Member;
/// Accounts that may edit, and more.
#[derive(Debug, Clone, Copy)]
pub struct Editor;

/// Accounts that run the place.
#[derive(Debug, Clone, Copy)]
pub struct Admin;

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
    minimum: PhantomData<R>,
}

/// The layer that lets [`Caller`] check tokens.
pub(crate) fn authentication(
    verifier: Arc<Verifier>,
    clock: Clock,
) -> axum::Extension<Authenticator> {
    axum::Extension(Authenticator { verifier, clock })
}

/// What tokens are checked with.
#[derive(Debug, Clone)]
pub(crate) struct Authenticator {
    verifier: Arc<Verifier>,
    clock: Clock,
}

impl<S: Sync, R: MinimumRole> FromRequestParts<S> for Caller<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let identity = identify(parts)?;
        if identity.role < R::ROLE {
            return Err(role_does_not_reach(R::ROLE));
        }
        Ok(Self { account: identity.account, minimum: PhantomData })
    }
}

/// Who the request's token speaks for.
fn identify(parts: &Parts) -> Result<Identity, Problem> {
    let mut credentials = parts.headers.get_all(header::AUTHORIZATION).iter();
    let credential = credentials.next().ok_or_else(no_token)?;
    if credentials.next().is_some() {
        // RFC 6750 section 3.1: two sets of credentials make a bad request.
        return Err(Problem::new(ProblemType::MalformedRequest)
            .error(FieldError::header("Authorization", "must be given once")));
    }
    let Authenticator { verifier, clock } =
        parts.extensions.get::<Authenticator>().ok_or_else(|| Problem::internal(NotBehindEdge))?;
    let token = bearer_token(credential).ok_or_else(not_a_bearer)?;
    verifier.verify(token, clock.now()).map_err(|error| refused(&error))
}

/// The token of `Bearer TOKEN`; the scheme in any case (RFC 9110 section 11.1).
fn bearer_token(credential: &HeaderValue) -> Option<&str> {
    let (scheme, token) = credential.to_str().ok()?.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("Bearer") && !token.is_empty()).then_some(token)
}

fn no_token() -> Problem {
    // RFC 6750 section 3: a request without credentials is told the scheme and no error.
    unauthorized(REALM.to_owned()).detail("This needs an access token.")
}

fn not_a_bearer() -> Problem {
    unauthorized(REALM.to_owned())
        .detail("This needs an access token: Authorization: Bearer TOKEN.")
}

fn refused(error: &TokenError) -> Problem {
    unauthorized(format!("{REALM}, error=\"invalid_token\", error_description=\"{error}\""))
        .detail(format!("The access token is refused: {error}."))
}

fn role_does_not_reach(required: Role) -> Problem {
    challenge(
        Problem::new(ProblemType::Forbidden),
        format!("{REALM}, error=\"insufficient_scope\", scope=\"{required}\""),
    )
    .detail(format!("This needs the role {required}."))
    .with("required_role", required.as_str().into())
}

fn unauthorized(challenge_value: String) -> Problem {
    challenge(Problem::new(ProblemType::Unauthorized), challenge_value)
}

fn challenge(problem: Problem, value: String) -> Problem {
    // All that is put in is plain text from this program; a header holds it.
    let value = HeaderValue::try_from(value).unwrap_or(HeaderValue::from_static(REALM));
    problem.header(header::WWW_AUTHENTICATE, value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::Request;
    use identity::{KeyPair, Realm, Signer};
    use jiff::Timestamp;

    use super::*;

    const ACCOUNT: Uuid = Uuid::from_u128(7);

    fn realm() -> Realm {
        Realm { issuer: "test".to_owned(), audience: "cinelog".to_owned() }
    }

    fn token(role: Role) -> String {
        let identity = Identity { account: ACCOUNT, role, token_id: Uuid::from_u128(1) };
        let signer = Signer::new(realm(), KeyPair::from_seed(&[1; 32]).unwrap());
        signer.issue(&identity, Timestamp::UNIX_EPOCH, Duration::from_secs(60)).unwrap()
    }

    fn parts(authorization: &[&str], now: Timestamp) -> Parts {
        let key = KeyPair::from_seed(&[1; 32]).unwrap();
        let verifier = Arc::new(Verifier::new(realm(), [key.public().clone()]));
        let mut request = Request::builder();
        for credential in authorization {
            request = request.header(header::AUTHORIZATION, *credential);
        }
        let axum::Extension(authenticator) = authentication(verifier, Clock::fixed(now));
        request.extension(authenticator).body(()).unwrap().into_parts().0
    }

    async fn editor(authorization: &[&str]) -> Result<Caller<Editor>, Problem> {
        let mut parts = parts(authorization, Timestamp::UNIX_EPOCH);
        Caller::from_request_parts(&mut parts, &()).await
    }

    fn challenge_of(problem: Problem) -> String {
        let response = axum::response::IntoResponse::into_response(problem);
        let problem = response.extensions().get::<Problem>().unwrap();
        problem.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned()
    }

    #[tokio::test]
    async fn a_role_that_reaches_is_let_in() {
        for role in [Role::Editor, Role::Admin] {
            let caller = editor(&[&format!("bearer {}", token(role))]).await.unwrap();
            assert_eq!(caller.account, ACCOUNT);
        }
    }

    #[tokio::test]
    async fn a_role_that_does_not_reach_is_403_and_told_which_would() {
        let bearer = format!("Bearer {}", token(Role::Member));
        let problem = editor(&[&bearer]).await.unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::Forbidden);
        assert!(challenge_of(problem).ends_with("error=\"insufficient_scope\", scope=\"editor\""));
    }

    #[tokio::test]
    async fn no_token_is_401_without_an_error_code() {
        let problem = editor(&[]).await.unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::Unauthorized);
        assert_eq!(challenge_of(problem), "Bearer realm=\"cinelog\"");
    }

    #[tokio::test]
    async fn an_expired_token_is_401_and_told_so() {
        let mut parts = parts(&[&format!("Bearer {}", token(Role::Admin))], Timestamp::MAX);
        let problem = Caller::<Editor>::from_request_parts(&mut parts, &()).await.unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::Unauthorized);
        let challenge = challenge_of(problem);
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(challenge.contains("error_description=\"the token has expired\""), "{challenge}");
    }

    #[tokio::test]
    async fn other_schemes_and_empty_tokens_are_401() {
        for credential in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Bearer é", "x"] {
            let problem = editor(&[credential]).await.unwrap_err();
            assert_eq!(problem.problem_type(), ProblemType::Unauthorized, "{credential}");
        }
    }

    #[tokio::test]
    async fn two_credentials_are_a_bad_request() {
        let bearer = format!("Bearer {}", token(Role::Admin));
        let problem = editor(&[&bearer, &bearer]).await.unwrap_err();
        assert_eq!(problem.problem_type(), ProblemType::MalformedRequest);
    }
}
