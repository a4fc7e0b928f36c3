//! Who is asking: what `Authorization` says, found out once for each request, and how it is refused.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use http::{Extensions, HeaderMap, HeaderValue, header};
use identity::{Authenticator, Identity, Recollection, Role, Scope, TokenError};
use jiff::Timestamp;

use crate::{Clock, FieldError, Problem, ProblemType, access::AccessTable};

/// The challenge of RFC 6750 section 3, without an error.
const REALM: &str = "Bearer realm=\"cinelog\"";

/// How often is logged at most that credentials cannot be checked: strangers can make up as many as they like.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// What decides who is let in.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) access: Arc<AccessTable>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) clock: Clock,
    pub(crate) complaints: Complaints,
}

/// When it was logged last that a credential cannot be checked.
#[derive(Debug, Default)]
pub(crate) struct Complaints(Mutex<Option<Timestamp>>);

impl Complaints {
    /// Whether it is time to say it, at `now`. If so, it is taken as said.
    fn is_due(&self, now: Timestamp) -> bool {
        let mut said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due =
            said.is_none_or(|then| now.duration_since(then).unsigned_abs() >= COMPLAIN_EVERY);
        if is_due {
            *said = Some(now);
        }
        is_due
    }
}

/// What a request shows to say who sends it. Kept in its extensions once it has been looked at, so that
/// nothing is checked twice.
#[derive(Debug, Clone)]
pub(crate) enum Shown {
    /// Nothing.
    Nothing,
    /// More than one thing.
    Several,
    /// Something that is not behind `Bearer`.
    NotABearer,
    /// A credential that is not believed.
    Refused(TokenError),
    /// A credential that is.
    Valid(Recollection),
}

impl Gate {
    /// Who sends a request, where that must be known.
    pub(crate) async fn identify(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<Recollection, Problem> {
        let shown = match extensions.get::<Shown>() {
            Some(shown) => shown.clone(),
            None => self.look_at(headers).await,
        };
        shown.believed()
    }

    /// What a request shows.
    pub(crate) async fn look_at(&self, headers: &HeaderMap) -> Shown {
        let mut credentials = headers.get_all(header::AUTHORIZATION).iter();
        let Some(credential) = credentials.next() else { return Shown::Nothing };
        if credentials.next().is_some() {
            return Shown::Several;
        }
        self.look_at_one(Some(credential), self.clock.now()).await
    }

    /// Whether what a request shows costs a look into the store, and may be made up.
    pub(crate) fn shows_a_stranger(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(header::AUTHORIZATION).and_then(bearer_token);
        token.is_some_and(|token| self.authenticator.is_strange(token))
    }

    /// What somebody shows with one credential, or with none, at `now`.
    pub(crate) async fn look_at_one(
        &self,
        credential: Option<&HeaderValue>,
        now: Timestamp,
    ) -> Shown {
        let Some(credential) = credential else { return Shown::Nothing };
        let Some(token) = bearer_token(credential) else { return Shown::NotABearer };
        match self.authenticator.believe(token, now).await {
            Ok(believed) => Shown::Valid(believed),
            Err(error) => {
                if let TokenError::Unavailable(reason) = &error
                    && self.complaints.is_due(now)
                {
                    tracing::error!(%reason, "a credential cannot be checked");
                }
                Shown::Refused(error)
            }
        }
    }
}

impl Shown {
    /// Who it is, where that must be known.
    pub(crate) fn believed(self) -> Result<Recollection, Problem> {
        match self {
            Self::Valid(believed) => Ok(believed),
            Self::Nothing => Err(no_token()),
            // RFC 6750 section 3.1: two sets of credentials make a bad request.
            Self::Several => Err(Problem::new(ProblemType::MalformedRequest)
                .error(FieldError::header("Authorization", "must be given once"))),
            Self::NotABearer => Err(not_a_bearer()),
            Self::Refused(error) => Err(refused(&error)),
        }
    }
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

/// The refusal of a credential that is not believed: 401, or 503 where it cannot be checked.
#[must_use]
pub fn refused(error: &TokenError) -> Problem {
    if let TokenError::Unavailable(_) | TokenError::Busy = error {
        return Problem::new(ProblemType::Unavailable)
            .header(header::RETRY_AFTER, HeaderValue::from_static("1"))
            .detail("The credential cannot be checked at the moment.");
    }
    unauthorized(format!("{REALM}, error=\"invalid_token\", error_description=\"{error}\""))
        .detail(format!("The access token is refused: {error}."))
}

/// The refusal of somebody who is known, but may not do this. It says all that is needed; which of it is
/// missing, the text says.
pub(crate) fn does_not_reach(identity: &Identity, role: Role, scope: Scope) -> Problem {
    let detail = match identity.role >= role {
        true => format!("This needs a token with the scope {scope}."),
        false => format!("This needs the role {role}."),
    };
    let value = format!(
        "{REALM}, error=\"insufficient_scope\", error_description=\"{}\", scope=\"{scope}\"",
        detail.trim_end_matches('.'),
    );
    challenge(Problem::new(ProblemType::Forbidden), value)
        .detail(detail)
        .with("required_role", role.as_str().into())
        .with("required_scope", scope.as_str().into())
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

    use identity::{KeyPair, Realm, Signer, Verifier};
    use uuid::Uuid;

    use super::*;

    fn realm() -> Realm {
        Realm { issuer: "test".to_owned(), audience: "cinelog".to_owned() }
    }

    fn token() -> String {
        let identity = Identity::by_token(Uuid::from_u128(7), Role::Admin, Uuid::from_u128(1));
        let signer = Signer::new(realm(), KeyPair::from_seed(&[1; 32]).unwrap());
        signer.issue(&identity, Timestamp::UNIX_EPOCH, Duration::from_secs(60)).unwrap()
    }

    async fn identify(authorization: &[&str], now: Timestamp) -> Result<Identity, Problem> {
        let key = KeyPair::from_seed(&[1; 32]).unwrap();
        let authenticator = Arc::new(Verifier::new(realm(), key).into());
        let (access, clock) = (Arc::default(), Clock::fixed(now));
        let gate = Gate { access, authenticator, clock, complaints: Complaints::default() };
        let mut headers = HeaderMap::new();
        for credential in authorization {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(credential).unwrap());
        }
        Ok(gate.identify(&Extensions::new(), &headers).await?.identity)
    }

    async fn refusal(authorization: &[&str], now: Timestamp) -> (ProblemType, String) {
        let problem = identify(authorization, now).await.unwrap_err();
        let challenge = problem.headers().get(header::WWW_AUTHENTICATE);
        let challenge = challenge.map_or("", |value| value.to_str().unwrap()).to_owned();
        (problem.problem_type(), challenge)
    }

    #[test]
    fn that_nothing_can_be_checked_is_said_once_a_minute_however_many_ask() {
        let complaints = Complaints::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let said: Vec<i64> = (0..130).filter(|second| complaints.is_due(at(*second))).collect();
        assert_eq!(said, [0, 60, 120]);
        assert!(complaints.is_due(at(0)), "a clock that was put back silences nothing for long");
    }

    #[tokio::test]
    async fn the_scheme_may_be_written_in_any_case() {
        for scheme in ["bearer", "BEARER", "Bearer "] {
            let credential = format!("{scheme} {}", token());
            let identity = identify(&[&credential], Timestamp::UNIX_EPOCH).await.unwrap();
            assert_eq!(identity.account, Uuid::from_u128(7), "{scheme}");
        }
    }

    #[tokio::test]
    async fn no_token_is_401_without_an_error_code() {
        let (kind, challenge) = refusal(&[], Timestamp::UNIX_EPOCH).await;
        assert_eq!(kind, ProblemType::Unauthorized);
        assert_eq!(challenge, "Bearer realm=\"cinelog\"");
    }

    #[tokio::test]
    async fn an_expired_token_is_401_and_told_so() {
        let bearer = format!("Bearer {}", token());
        let (kind, challenge) = refusal(&[&bearer], Timestamp::MAX).await;
        assert_eq!(kind, ProblemType::Unauthorized);
        assert!(challenge.contains("error=\"invalid_token\""), "{challenge}");
        assert!(challenge.contains("error_description=\"the token has expired\""), "{challenge}");
    }

    #[tokio::test]
    async fn other_schemes_and_empty_tokens_are_401() {
        for credential in ["Basic dXNlcjpwYXNz", "Bearer", "Bearer ", "Bearer é", "x"] {
            let (kind, _) = refusal(&[credential], Timestamp::UNIX_EPOCH).await;
            assert_eq!(kind, ProblemType::Unauthorized, "{credential}");
        }
    }

    #[tokio::test]
    async fn two_credentials_are_a_bad_request() {
        let bearer = format!("Bearer {}", token());
        let (kind, challenge) = refusal(&[&bearer, &bearer], Timestamp::UNIX_EPOCH).await;
        assert_eq!((kind, challenge.as_str()), (ProblemType::MalformedRequest, ""));
    }

    #[test]
    fn who_is_refused_is_told_what_is_needed_and_what_of_it_is_missing() {
        let member = Identity::by_token(Uuid::nil(), Role::Member, Uuid::nil());
        let problem = does_not_reach(&member, Role::Editor, Scope::CatalogueWrite);
        assert_eq!(
            problem.headers()[header::WWW_AUTHENTICATE],
            "Bearer realm=\"cinelog\", error=\"insufficient_scope\", \
             error_description=\"This needs the role editor\", scope=\"catalogue:write\"",
        );
        let narrow = Identity { scopes: [Scope::Account].into_iter().collect(), ..member };
        let problem = does_not_reach(&narrow, Role::Member, Scope::Ratings);
        assert_eq!(
            problem.to_string(),
            "The token does not allow this: This needs a token with the scope ratings.",
        );
    }
}
