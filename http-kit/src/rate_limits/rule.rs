//! Which policy holds for whom, and under which name it is counted.

use identity::{Identity, Role};
use rate_limit::Policy;

use crate::ClientAddress;

/// What holds for the requests of a group.
#[derive(Debug, Clone)]
pub struct RateRule {
    /// Under which name it is counted. Groups with the same name take from the same counters.
    pub counter: String,
    /// Whose requests are counted together, and how many of them are let in.
    pub callers: RateCallers,
}

/// Who is let in how often.
#[derive(Debug, Clone)]
pub enum RateCallers {
    /// The same for everybody, whoever they say they are: counted by client address.
    Anybody(Policy),
    /// Each as their role has it. No policy: no limit.
    ByRole {
        /// Who shows nothing that is believed: counted by client address.
        anonymous: Option<Policy>,
        /// Each role, as [`Role::ALL`] has them: counted by account.
        roles: [Option<Policy>; Role::ALL.len()],
    },
}

/// Whose request it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Who {
    Account(Identity),
    Address(ClientAddress),
}

/// What a request is counted as.
pub(super) struct Counted<'l> {
    pub(super) subject: String,
    pub(super) policy: &'l Policy,
}

impl RateRule {
    /// Whether it limits anybody at all.
    pub(super) fn limits_anybody(&self) -> bool {
        match &self.callers {
            RateCallers::Anybody(_) => true,
            RateCallers::ByRole { anonymous, roles } => {
                anonymous.is_some() || roles.iter().any(Option::is_some)
            }
        }
    }

    /// Whether it matters who the caller is.
    pub(super) fn is_by_caller(&self) -> bool {
        matches!(self.callers, RateCallers::ByRole { .. })
    }

    /// What a request of somebody is counted as; `None` where they have no limit.
    pub(super) fn counted(&self, who: Who) -> Option<Counted<'_>> {
        let policy = match (&self.callers, who) {
            (RateCallers::Anybody(policy), _) => policy,
            (RateCallers::ByRole { anonymous, .. }, Who::Address(_)) => anonymous.as_ref()?,
            (RateCallers::ByRole { roles, .. }, Who::Account(identity)) => {
                let (of, _) = roles.iter().zip(Role::ALL).find(|(_, of)| *of == identity.role)?;
                of.as_ref()?
            }
        };
        // The name stands in front: what is counted of one group is out of the way of another's.
        let subject = match who {
            Who::Account(identity) => format!("{} account {}", self.counter, identity.account),
            Who::Address(client) => format!("{} address {}", self.counter, client.subscriber()),
        };
        Some(Counted { subject, policy })
    }
}
