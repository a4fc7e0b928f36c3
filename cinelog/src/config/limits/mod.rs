//! `[limits]`: how much each caller may do.

mod group;

use http_kit::{RateRule, access::RateGroup};
use rate_limit::{PolicyError, Rates};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::group::GroupLimit;

/// How much each caller may do, by what kind of request it is (docs/rate-limits.md).
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsConfig {
    /// Reads of one thing. For everybody: `"100 per minute; 1000 per hour"`; by role:
    /// `{ anonymous = "60 per minute", member = "10 per second", admin = "unlimited" }`, where who is not named has
    /// what the role before has; in common with another group: `"with search"`. Who shows no valid credential
    /// is counted by client address, everybody else by account.
    #[schemars(with = "String")]
    pub(crate) read: GroupLimit,
    /// Reads of lists, which can be filtered and searched.
    #[schemars(with = "String")]
    pub(crate) search: GroupLimit,
    /// Changes of the catalogue.
    #[schemars(with = "String")]
    pub(crate) write: GroupLimit,
    /// Ratings.
    #[schemars(with = "String")]
    pub(crate) rate: GroupLimit,
    /// One's own account, the accounts of others, and new access tokens (`POST /v1/token`).
    #[schemars(with = "String")]
    pub(crate) account: GroupLimit,
    /// Sign-ins. Of this and the two that follow everybody is counted by client address.
    #[schemars(with = "String")]
    pub(crate) sign_in: GroupLimit,
    /// Registrations.
    #[schemars(with = "String")]
    pub(crate) registration: GroupLimit,
    /// Requests that make the server send a mail.
    #[schemars(with = "String")]
    pub(crate) mail: GroupLimit,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        // A sentence of this file's own: that it is one is under test.
        let rates = |text: &str| GroupLimit::All(text.parse().unwrap_or(Rates::UNLIMITED));
        let unlimited = || GroupLimit::All(Rates::UNLIMITED);
        Self {
            read: unlimited(),
            search: unlimited(),
            write: unlimited(),
            rate: unlimited(),
            account: rates("300 per minute"),
            sign_in: rates("30 per minute; 300 per hour"),
            registration: rates("10 per hour; 50 per day"),
            mail: rates("5 per 10 minutes; 20 per day"),
        }
    }
}

impl LimitsConfig {
    fn groups(&self) -> [(RateGroup, &GroupLimit); 8] {
        [
            (RateGroup::Read, &self.read),
            (RateGroup::Search, &self.search),
            (RateGroup::Write, &self.write),
            (RateGroup::Rate, &self.rate),
            (RateGroup::Account, &self.account),
            (RateGroup::SignIn, &self.sign_in),
            (RateGroup::Registration, &self.registration),
            (RateGroup::Mail, &self.mail),
        ]
    }

    fn of(&self, group: RateGroup) -> Option<&GroupLimit> {
        self.groups().into_iter().find(|(of, _)| *of == group).map(|(_, limit)| limit)
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        for (group, limit) in self.groups() {
            match limit {
                GroupLimit::ByRole(_) if is_by_address(group) => wrong.push(format!(
                    "limits.{group}: who asks is not known yet, expected rates for everybody, such as \"30 per minute\""
                )),
                GroupLimit::With(other) if *other == group => {
                    wrong.push(format!("limits.{group}: is with itself, expected another group"));
                }
                GroupLimit::With(other) => match self.of(*other) {
                    Some(GroupLimit::With(_)) => wrong.push(format!(
                        "limits.{group}: {other} is with another group itself, expected the one that has the rates"
                    )),
                    Some(_) if is_by_address(group) != is_by_address(*other) => {
                        wrong.push(format!(
                            "limits.{group}: {other} is not counted in the same way; sign_in, registration and \
                             mail go together, and so do the others"
                        ));
                    }
                    _ => {}
                },
                _ => {}
            }
        }
    }

    /// The rules that follow from it.
    ///
    /// # Errors
    /// [`PolicyError`], which none of the names that groups have leads to.
    pub(crate) fn rules(&self) -> Result<Vec<(RateGroup, RateRule)>, PolicyError> {
        let mut rules = Vec::new();
        for (group, limit) in self.groups() {
            let (counter, limit) = match limit {
                GroupLimit::With(other) => (*other, self.of(*other).unwrap_or(limit)),
                own => (group, own),
            };
            if let Some(callers) = limit.callers(counter)? {
                rules.push((group, RateRule { counter: counter.to_string(), callers }));
            }
        }
        Ok(rules)
    }
}

/// Whether everybody is counted by address: nobody has signed in yet.
fn is_by_address(group: RateGroup) -> bool {
    matches!(group, RateGroup::SignIn | RateGroup::Registration | RateGroup::Mail)
}

#[cfg(test)]
mod tests;
