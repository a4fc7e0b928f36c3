//! The projector role: folds the log into the live generation of the read model. It answers nobody.

use std::sync::Arc;

use projector::{Addresses, ProjectorOptions};

use super::{
    Ports, Tasks,
    ports::ProjectorPorts,
    projection::{HAND_OVER_MAX, Projection, Readers},
};
use crate::{config::Config, shutdown::Shutdown};

/// Starts to project. Queries of this process, `readers`, are led along to another generation.
pub(super) fn start(
    config: &Config,
    ports: &Ports,
    projector: ProjectorPorts,
    readers: Option<Readers>,
    stages: &Shutdown,
    tasks: &mut Tasks,
) {
    let addresses = Addresses {
        log: config.log.url.to_string(),
        read_model: config.read_model.url.to_string(),
    };
    let options = ProjectorOptions {
        poison: config.projector.poison.into(),
        addresses: Some(Arc::new(addresses)),
        ..ProjectorOptions::default()
    };
    let ProjectorPorts { sources, read_models, live, feed, status } = projector;
    let projection = Projection {
        log: Arc::clone(&ports.log),
        sources,
        read_models,
        readers,
        feed,
        status,
        options,
        hand_over_max: HAND_OVER_MAX,
    };
    tasks.spawn(projection.run(live, stages.stop_working.clone()));
}
