//! Callers who were let in by a process that is not there any more: what they showed is gone with it, and what
//! they began goes on.

use std::{fmt, sync::Arc};

use identity::{Authenticator, Identity, Recollection};
use jiff::Timestamp;

use super::{Standing, Takes};
use crate::{Clock, Problem, auth};

/// Asks about callers by what is kept of them. Clones are the same.
#[derive(Clone)]
pub struct Recall {
    authenticator: Arc<Authenticator>,
    clock: Clock,
}

impl Recall {
    /// One that asks the authenticator which lets callers in.
    pub fn new(authenticator: Arc<Authenticator>, clock: Clock) -> Self {
        Self { authenticator, clock }
    }

    /// Whether somebody may still do what `takes` takes, however long it takes. `None` where anyone may.
    #[must_use]
    pub fn standing(&self, of: Recollection, takes: Takes) -> Option<Standing> {
        let Takes::Caller { role, scope } = takes else { return None };
        Some(Standing::recalled(self.clone(), of, role, scope))
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Who it is, if what was believed still is.
    pub(super) async fn ask(&self, of: &Recollection, now: Timestamp) -> Result<Identity, Problem> {
        self.authenticator.recall(of, now).await.map_err(|error| auth::refused(&error))
    }
}

impl fmt::Debug for Recall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recall").finish_non_exhaustive()
    }
}
