//! Tells caches in front of the server (nginx, Varnish) what they must forget, as the read model changes.
//!
//! [`run`] follows a change feed, and sends each gateway `PURGE` with the groups that a change names
//! (`Surrogate-Key`). It sends `*`, for everything, when it begins, after changes that it may have missed, and
//! when another generation of the read model is read. Neither the feed nor a request ever waits for it. What a
//! gateway does not accept is sent again until it does.
//!
//! Knows neither which answers belong to which group, nor what the gateways keep.

mod address;
mod following;
mod gateway;
mod measure;
mod pending;
mod request;

use std::time::Duration;

use futures::stream::BoxStream;
use http_kit::CacheGroup;
use read_model::{FeedItem, ReadModelChanged};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use address::{AddressError, GatewayAddress};

use crate::{following::follow, gateway::Gateway};

/// Which gateways to tell, and how.
#[derive(Debug, Clone)]
pub struct PurgerOptions {
    /// The gateways. Each is told separately: one that is away does not delay the others.
    pub gateways: Vec<GatewayAddress>,
    /// The token that they demand (`Authorization: Bearer …`), in visible ASCII characters.
    pub token: Option<String>,
    /// How long a gateway may take for an answer.
    pub timeout: Duration,
    /// How soon a group is purged a second time: after once to twice this. A gateway that was just fetching an
    /// answer when its group was purged may have stored it after that.
    pub repeat_after: Duration,
}

/// Tells the gateways until `stop`. `changes` must have been subscribed to before the first answer was given.
/// `groups` says which groups a change makes stale.
pub async fn run(
    changes: BoxStream<'static, FeedItem>,
    groups: fn(&ReadModelChanged) -> Vec<CacheGroup>,
    options: PurgerOptions,
    stop: CancellationToken,
) {
    measure::describe();
    let mut senders = JoinSet::new();
    let mut gateways = Vec::new();
    for address in &options.gateways {
        let gateway = Gateway::new(address.clone(), &options);
        gateways.push(gateway.pending());
        senders.spawn(gateway.run());
    }
    tokio::select! {
        () = stop.cancelled() => {}
        () = follow(changes, groups, &gateways) => {}
    }
    // What was not sent is no loss: the next start begins with `*`.
    senders.shutdown().await;
}
