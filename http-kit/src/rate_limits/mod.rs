//! How much each caller may still do: what is counted of whom, when it is given back, and what is told.
//!
//! Stands outside of the response cache: what is kept ready counts as well. Knows the port
//! [`RateCounters`], and not what counts behind it. What a request is counted with, its row in the table of
//! access says ([`RateGroup`]); what has no row, as preflights and addresses that do not exist, is not counted.
//!
//! An answer costs 1. One that says "as before" (304), one that another server is to give (421) and a failure of
//! this server (5xx) cost nothing; a refusal takes nothing.

mod fields;
mod rule;
mod telling;

pub use rule::{RateCallers, RateRule};

use std::{fmt, sync::Arc};

use axum::response::Response;
use http::{Method, StatusCode, header, request::Parts};
use rate_limit::{RateCounters, Taken};

use self::{
    fields::Told,
    rule::{Counted, Who},
    telling::Telling,
};
use crate::{
    ClientAddress, Problem, ProblemType, RequestContext,
    access::{AccessTable, RateGroup, Row},
    auth::{Gate, Shown},
    problem::rendering,
    refused::WhoWasRefused,
};

/// What one request takes.
const COST: u32 = 1;

/// The limits of all groups. Clones share them.
#[derive(Clone)]
pub struct RateLimits(Arc<Inner>);

struct Inner {
    counters: Arc<dyn RateCounters>,
    rules: Vec<(RateGroup, RateRule)>,
    concern_what_is_kept: bool,
    telling: Telling,
}

/// What applies to a request.
#[derive(Clone, Copy)]
pub(crate) struct Applies<'l> {
    limits: &'l RateLimits,
    row: &'l Row,
    rule: &'l RateRule,
}

/// A request that was let in.
pub(crate) struct Admission<'l> {
    limits: &'l RateLimits,
    counted: Counted<'l>,
    taken: Taken,
}

/// The route of a request that was refused before it was routed, for the log.
#[derive(Debug, Clone)]
pub(crate) struct RefusedAt(pub(crate) String);

impl RateLimits {
    /// These rules, one for a group at most: of several the first holds. Groups without one are not limited.
    pub fn new(
        counters: Arc<dyn RateCounters>,
        rules: impl IntoIterator<Item = (RateGroup, RateRule)>,
    ) -> Self {
        use RateGroup::{Account, Mail, Registration, SignIn};
        let limiting = |(_, rule): &(RateGroup, RateRule)| rule.limits_anybody();
        let rules: Vec<_> = rules.into_iter().filter(limiting).collect();
        let telling = Telling::about(rules.iter().map(|(group, _)| *group));
        // What all callers get alike may be kept ready for them.
        let is_alike = |group| !matches!(group, SignIn | Registration | Mail | Account);
        let concern_what_is_kept = rules.iter().any(|(group, _)| is_alike(*group));
        Self(Arc::new(Inner { counters, rules, concern_what_is_kept, telling }))
    }

    fn rule(&self, group: RateGroup) -> Option<&RateRule> {
        self.0.rules.iter().find(|(of, _)| *of == group).map(|(_, rule)| rule)
    }

    /// Whether any of these is about answers that may be kept ready.
    pub(crate) fn concern_what_is_kept(&self) -> bool {
        self.0.concern_what_is_kept
    }

    /// What applies to a request; `None` where it is not limited.
    pub(crate) fn applies<'l>(
        &'l self,
        access: &'l AccessTable,
        method: &Method,
        path: &str,
    ) -> Option<Applies<'l>> {
        let row = access.of_request(method, path)?;
        let rule = self.rule(row.group)?;
        Some(Applies { limits: self, row, rule })
    }
}

impl<'l> Applies<'l> {
    /// Lets a request from `client` in; `None` where its caller has no limit. What it shows to say who sends it
    /// is looked at where that matters, and kept in its extensions.
    ///
    /// # Errors
    /// The refusal.
    pub(crate) async fn admit(
        self,
        gate: &Gate,
        request: &mut Parts,
        client: ClientAddress,
        context: &RequestContext,
    ) -> Result<Option<Admission<'l>>, Box<Response>> {
        let who = self.who(gate, request, client).await;
        let Some(counted) = self.rule.counted(who) else { return Ok(None) };
        let Inner { counters, telling, .. } = &*self.limits.0;
        let taken = counters.take(&counted.subject, COST, counted.policy).await;
        if taken.admitted {
            telling.admitted(self.row.group);
            return Ok(Some(Admission { limits: self.limits, counted, taken }));
        }
        let request_id = &context.request_id;
        telling.refused(self.row, who, &counted, &taken, request_id);
        let mut refusal = self.refusal(&counted, &taken, request.uri.path(), request_id);
        if let Who::Account(identity) = who {
            refusal.extensions_mut().insert(WhoWasRefused(identity));
        }
        Err(Box::new(refusal))
    }

    /// Who is counted: an account that shows a credential which is believed, else the address. What may be made up,
    /// and would cost a look into the store, is not looked at where the address has used up what it may do.
    async fn who(self, gate: &Gate, request: &mut Parts, client: ClientAddress) -> Who {
        if gate.shows_a_stranger(&request.headers) && !self.has_room(client).await {
            return Who::Address(client);
        }
        if self.rule.is_by_caller() && request.headers.contains_key(header::AUTHORIZATION) {
            let shown = gate.look_at(&request.headers).await;
            request.extensions.insert(shown.clone());
            if let Shown::Valid(believed) = shown {
                return Who::Account(believed.identity);
            }
        }
        Who::Address(client)
    }

    /// Whether an address may still ask.
    async fn has_room(self, client: ClientAddress) -> bool {
        let Some(counted) = self.rule.counted(Who::Address(client)) else { return true };
        let now = self.limits.0.counters.take(&counted.subject, 0, counted.policy).await;
        now.windows.iter().all(|window| window.remaining > 0)
    }

    fn refusal(
        self,
        counted: &Counted<'_>,
        taken: &Taken,
        path: &str,
        request_id: &str,
    ) -> Response {
        let told = Told::of(counted.policy, taken);
        let problem = Problem::new(ProblemType::QuotaExceeded)
            .detail(told.sentence())
            .with("violated-policies", told.violated().into())
            .header(header::RETRY_AFTER, told.retry_after().into());
        let mut response = rendering::rendered(problem, path, request_id);
        told.put_into(response.headers_mut());
        response.extensions_mut().insert(RefusedAt(self.row.path.to_string()));
        response
    }
}

impl Admission<'_> {
    /// Gives back what an answer does not cost, and tells on it what is left.
    pub(crate) async fn settle(self, response: &mut Response) {
        let Self { limits, counted, mut taken } = self;
        if is_free(response.status()) {
            limits.0.counters.give_back(&counted.subject, counted.policy, &taken).await;
            taken = taken.given_back();
        }
        // Who has something else to say about when to come again is not contradicted.
        if !response.headers().contains_key(header::RETRY_AFTER) {
            Told::of(counted.policy, &taken).put_into(response.headers_mut());
        }
    }
}

/// Whether an answer costs nothing.
fn is_free(status: StatusCode) -> bool {
    status == StatusCode::NOT_MODIFIED
        || status == StatusCode::MISDIRECTED_REQUEST
        || status.is_server_error()
}

impl fmt::Debug for RateLimits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimits").field("rules", &self.0.rules).finish_non_exhaustive()
    }
}
