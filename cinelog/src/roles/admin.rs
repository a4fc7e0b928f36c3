//! The admin address: health and metrics, for whoever runs the process. What is well depends on the
//! roles: who only takes commands does not care how the projector is doing.

use std::{sync::Arc, time::Instant};

use axum::Router;
use event_log::EventLog;
use events::Position;
use http_kit::{Metrics, Readiness, health};
use query_api::LiveStore;

use super::{LiveStatus, Ports};
use crate::{
    config::{Role, Roles},
    shutdown::Shutdown,
};

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

/// The projector leads or follows, and does not keep failing.
fn with_projector(readiness: Readiness, status: LiveStatus) -> Readiness {
    readiness.check("projector", move || {
        let trouble = status.report().trouble(Instant::now());
        async move { trouble.map_or(Ok(()), Err) }
    })
}
