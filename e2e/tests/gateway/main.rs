//! nginx and Varnish before the real binary, set up as deploy/ has them: what is kept and for how long, what is
//! forgotten when, who gets what, which node answers.

mod bodies;
mod callers;
mod groups;
mod kept;
mod limits;
mod origin;
mod purging;
mod rates;
mod site;
mod streams;
mod ways;

use std::time::Duration;

/// How soon is looked again whether something has come to pass.
const ASK_AGAIN: Duration = Duration::from_millis(10);

/// Makes a test of each function for each gateway.
macro_rules! on_every_gateway {
    ($($test:ident),+ $(,)?) => {
        mod nginx {
            $(#[tokio::test] async fn $test() { super::$test(proving_ground::GatewayKind::Nginx).await; })+
        }
        mod varnish {
            $(#[tokio::test] async fn $test() { super::$test(proving_ground::GatewayKind::Varnish).await; })+
        }
    };
}
pub(crate) use on_every_gateway;
