//! Whether whoever changes accounts still may, by what the store says within the transaction of the change. A
//! node may believe a credential for a moment longer than it is good; nothing lasting is done with it then. That
//! the session or the key is still there which was shown, is asked beside this, in SQL.

use super::Account;
use crate::{Credential, Identity, Role};

/// Whether `by`, whose account is `account` now, still has what the credential says. Tokens of `cinelog token`
/// and of trusted issuers need no account; sessions and keys for machines are always some account's.
pub(crate) fn still_holds(by: &Identity, account: Option<&Account>) -> bool {
    match (account, by.credential) {
        (Some(account), _) => {
            account.is_active && account.disabled_at.is_none() && account.role >= by.role
        }
        (None, Credential::External | Credential::AccessToken { session: None, .. }) => true,
        (None, Credential::ApiKey { .. } | Credential::AccessToken { session: Some(_), .. }) => {
            false
        }
    }
}

/// Whether a change takes an admin away, who may be the last. `after` is `None` where the account is erased.
pub(super) fn takes_an_admin(before: &Account, after: Option<&Account>) -> bool {
    let is_admin = |of: &Account| of.role == Role::Admin && of.disabled_at.is_none();
    is_admin(before) && !after.is_some_and(is_admin)
}
