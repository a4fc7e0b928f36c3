//! What is used of the claims that a provider makes about somebody.

use openidconnect::{
    StandardClaims,
    core::{CoreGenderClaim, CoreIdTokenClaims, CoreUserInfoClaims},
};

use crate::{
    accounts::{EmailAddress, check_name},
    oidc::{
        logins::{ProviderUser, Subject},
        subject::is_subject,
    },
};

/// What a provider says of somebody, checked.
#[derive(Clone, Default)]
pub(super) struct Said {
    pub(super) subject: String,
    /// Whether it names an address at all, verified or not. If not, it may be asked for one.
    pub(super) has_email: bool,
    verified_email: Option<EmailAddress>,
    name: Option<String>,
}

impl Said {
    pub(super) fn in_id_token(claims: &CoreIdTokenClaims) -> Self {
        let email = claims.email().map(|email| email.as_str());
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
        Self::of(claims.subject().as_str(), email, claims.email_verified(), name)
    }

    pub(super) fn in_user_info(claims: &CoreUserInfoClaims) -> Self {
        let claims: &StandardClaims<CoreGenderClaim> = claims.standard_claims();
        let email = claims.email().map(|email| email.as_str());
        let name = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
        Self::of(claims.subject().as_str(), email, claims.email_verified(), name)
    }

    fn of(
        subject: &str,
        email: Option<&str>,
        is_verified: Option<bool>,
        name: Option<&str>,
    ) -> Self {
        let verified = email.filter(|_| is_verified == Some(true));
        Self {
            subject: subject.to_owned(),
            has_email: email.is_some(),
            verified_email: verified.and_then(|email| EmailAddress::parse(email).ok()),
            name: name.and_then(check_name),
        }
    }

    /// Who that is. `None`: the subject is empty or too long.
    pub(super) fn user(self, issuer: &str) -> Option<ProviderUser> {
        is_subject(&self.subject).then(|| ProviderUser {
            subject: Subject { issuer: issuer.to_owned(), subject: self.subject },
            verified_email: self.verified_email,
            name: self.name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(email: Option<&str>, is_verified: Option<bool>, name: Option<&str>) -> ProviderUser {
        Said::of("ada", email, is_verified, name).user("https://a.example").unwrap()
    }

    #[test]
    fn an_address_counts_only_where_the_provider_says_that_it_is_verified() {
        let ada = Some("ada@films.example");
        let verified = user(ada, Some(true), None).verified_email;
        assert_eq!(verified.as_ref().map(EmailAddress::as_str), ada);
        for is_verified in [None, Some(false)] {
            assert_eq!(user(ada, is_verified, None).verified_email, None);
        }
    }

    #[test]
    fn what_is_no_address_and_no_name_is_left_out() {
        for email in ["", "ada", "@x", "x@", "a b@x", "a\n@x", &format!("{}@x", "a".repeat(300))] {
            assert_eq!(user(Some(email), Some(true), None).verified_email, None, "{email}");
        }
        for name in ["", "  ", "a\u{7}", &"x".repeat(101)] {
            assert_eq!(user(None, None, Some(name)).name, None, "{name}");
        }
        assert_eq!(user(None, None, Some("Ada")).name.as_deref(), Some("Ada"));
    }

    #[test]
    fn nobody_has_no_name_or_one_that_is_too_long() {
        assert!(Said::of("", None, None, None).user("x").is_none());
        assert!(Said::of(&"x".repeat(256), None, None, None).user("x").is_none());
    }
}
