//! The admin address: health and metrics, for whoever runs the server.

use std::{sync::Arc, time::Instant};

use axum::Router;
use http_kit::{Metrics, Readiness, health};

use super::Ports;
use crate::shutdown::Shutdown;

/// What the admin address answers.
pub(super) fn routes(ports: &Ports, metrics: &Metrics, stages: &Shutdown) -> Router {
    health(readiness(ports, stages)).merge(metrics.router())
}

/// What must be well for the server to do its work.
pub(super) fn readiness(ports: &Ports, stages: &Shutdown) -> Readiness {
    let stopping = stages.stop_taking.clone();
    let log = Arc::clone(&ports.log);
    let (store, target) = (ports.store.clone(), ports.head_at_start);
    let projection = ports.projection.clone();
    Readiness::new()
        .check("taking requests", move || {
            let stopping = stopping.is_cancelled();
            async move { if stopping { Err("the server is stopping") } else { Ok(()) } }
        })
        .check("event log", move || {
            let log = Arc::clone(&log);
            async move {
                log.health()?;
                log.head().await.map(drop)
            }
        })
        .check("read model", move || {
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
        .check("projector", move || {
            let trouble = projection.report().trouble(Instant::now());
            async move { trouble.map_or(Ok(()), Err) }
        })
}
