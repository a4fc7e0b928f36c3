//! Subscribes on a connection of its own.

use futures::StreamExt;
use redis::{
    RedisError,
    aio::{PubSubSink, PubSubStream},
};
use redis_link::RedisLink;

use crate::hearing::Wire;

/// `SUBSCRIBE` to a channel.
pub(super) struct RedisWire {
    pub(super) link: RedisLink,
    pub(super) channel: String,
}

impl Wire for RedisWire {
    /// The half that asks, and the half that hears.
    type Connection = (PubSubSink, PubSubStream);

    async fn connect(&self) -> Result<Self::Connection, String> {
        let mut connection = self.link.subscriber().await.map_err(|error| error.to_string())?;
        let subscribed = connection.subscribe(&self.channel).await;
        subscribed.map_err(|error: RedisError| error.to_string())?;
        Ok(connection.split())
    }

    async fn next(&self, (_, saying): &mut Self::Connection) -> Result<String, String> {
        let heard = saying.next().await.ok_or("the connection was closed")?;
        // Bytes that are no text are treated like a text that is not understood.
        Ok(String::from_utf8_lossy(heard.get_payload_bytes()).into_owned())
    }

    async fn ask(&self, (asking, _): &mut Self::Connection) -> Result<(), String> {
        let answer = asking.ping::<redis::Value>().await;
        answer.map(drop).map_err(|error| error.to_string())
    }
}
