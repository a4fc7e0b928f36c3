//! The admin address: health and metrics, for whoever runs the process. What is well depends on the
//! roles: who only takes commands does not care how the projector is doing.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::Router;
use event_log::EventLog;
use events::Position;
use http_kit::{Clock, Metrics, Readiness, health};
use identity::RevocationList;
use jiff::SignedDuration;
use query_api::LiveStore;

use super::{LiveStatus, Ports};
use crate::{
    config::{Role, Roles},
    shutdown::Shutdown,
};

/// For how long a relay may be kept from publishing before it is not ready: another one taking over is no
/// trouble.
const RELAY_TROUBLE_MAX: Duration = Duration::from_secs(3);

/// For how long what others revoke may be unheard of before that is said.
const UNHEARD_MAX: SignedDuration = SignedDuration::from_secs(10);

/// What the admin address answers.
pub(super) fn routes(readiness: Readiness, metrics: &Metrics) -> Router {
    health(readiness).merge(metrics.router())
}

/// What must be well for the process to do its work.
pub(super) fn readiness(roles: &Roles, ports: &Ports, stages: &Shutdown) -> Readiness {
    let stopping = stages.stop_taking.clone();
    let mut readiness = Readiness::new().check("taking requests", move || {
        let stopping = stopping.is_cancelled();
        async move { if stopping { Err("the server is stopping") } else { Ok(()) } }
    });
    // Queries need the log for histories alone, and a projector says by itself that it cannot go on.
    if roles.has(Role::Command) {
        readiness = with_event_log(readiness, Arc::clone(&ports.log));
    }
    if let Some(query) = &ports.query {
        readiness = with_read_model(readiness, query.store.clone(), ports.head_at_start);
    }
    if let Some(projector) = &ports.projector {
        readiness = with_projector(readiness, projector.status.clone());
    }
    if ports.identity.is_some() {
        readiness =
            with_revocations(readiness, Arc::clone(&ports.revocations), ports.clock.clone());
    }
    // Whoever answers requests goes on answering them while Kafka is away.
    if let Some(relay) = ports.relay.as_ref().filter(|_| !roles.is_public()) {
        readiness = with_relay(readiness, Arc::clone(&relay.trouble));
    }
    readiness
}

/// The log can be read, and appends get through.
fn with_event_log(readiness: Readiness, log: Arc<dyn EventLog>) -> Readiness {
    readiness.check("event log", move || {
        let log = Arc::clone(&log);
        async move {
            log.health()?;
            log.head().await.map(drop)
        }
    })
}

/// The read model can be read, and has reached what the log held at the start.
fn with_read_model(readiness: Readiness, store: LiveStore, target: Position) -> Readiness {
    readiness.check("read model", move || {
        let store = store.clone();
        async move {
            let reached =
                store.current().checkpoint().await.map_err(|error| error.to_string())?.position;
            match reached >= target {
                true => Ok(()),
                false => Err(format!("at position {reached} of {target}, catching up")),
            }
        }
    })
}

/// What is revoked is heard of. Where not, all goes on with what is known, but for whoever watches to see.
fn with_revocations(
    readiness: Readiness,
    revocations: Arc<RevocationList>,
    clock: Clock,
) -> Readiness {
    readiness.check_with_detail("revocations", move || {
        let age = revocations.heard_at().map(|heard_at| clock.now().duration_since(heard_at));
        let detail = age.filter(|age| *age > UNHEARD_MAX).map(|age| {
            format!("unheard of for {} s: the identity store does not answer", age.as_secs())
        });
        async move { Ok::<_, Infallible>(detail) }
    })
}

/// The projector leads or follows, and does not keep failing.
fn with_projector(readiness: Readiness, status: LiveStatus) -> Readiness {
    readiness.check_with_detail("projector", move || {
        let report = status.report();
        let found = report.trouble(Instant::now()).map_or(Ok(report.detail()), Err);
        async move { found }
    })
}

/// The relay leads or follows, and nothing has stood in its way for long.
fn with_relay(
    readiness: Readiness,
    trouble: Arc<dyn Fn() -> Option<(Duration, String)> + Send + Sync>,
) -> Readiness {
    readiness.check("relay", move || {
        let trouble = trouble().filter(|(since, _)| *since > RELAY_TROUBLE_MAX);
        async move {
            trouble.map_or(Ok(()), |(since, why)| Err(format!("for {} s: {why}", since.as_secs())))
        }
    })
}
