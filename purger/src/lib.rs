//! Tells caches in front of the server (nginx, Varnish) what they must forget, as the read model changes.
//!
//! [`run`] follows a change feed and sends each gateway `PURGE` with the groups that a change names
//! (`Surrogate-Key`), or with `*` for everything: when it begins, after changes that it may have missed, and
//! when another generation of the read model is read. It never makes the feed or a request wait, and what a
//! gateway did not take is sent again until it does.
//!
//! What belongs to which group is not known here, nor is what the gateways keep.

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

/// Whom to tell, and how.
#[derive(Debug, Clone)]
pub struct PurgerOptions {
    /// The gateways. Each is told on its own: one that is away does not delay the others.
    pub gateways: Vec<GatewayAddress>,
    /// What is shown to them (`Authorization: Bearer …`). Visible ASCII characters.
    pub token: Option<String>,
    /// How long a gateway may take for an answer.
    pub timeout: Duration,
    /// How soon a group is purged a second time: between once and twice this. An answer that was being
    /// fetched when its group was purged first may have been kept after that.
    pub repeat_after: Duration,
}

/// Tells the gateways until `stop`. `changes` must have been subscribed to before anybody could have been
/// answered; `groups` says what a change makes them forget.
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
    // What was not sent by then the next start makes up for.
    senders.shutdown().await;
}
