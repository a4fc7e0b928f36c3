//! A topic for one test.

use std::{thread, time::Duration};

use rdkafka::{
    ClientConfig,
    admin::{AdminClient, AdminOptions, NewTopic, TopicReplication},
    client::DefaultClientContext,
    consumer::{BaseConsumer, Consumer},
    types::RDKafkaErrorCode,
};
use tokio::{runtime, sync::OnceCell};

use super::KafkaServer;
use crate::{
    PATIENCE,
    owner::{Owner, new_name, owner_of},
};

static SWEPT: OnceCell<()> = OnceCell::const_new();

/// A topic of its own, and the names that begin with its name. They are deleted when the value is dropped;
/// where the process did not get to that, a later run sees to it.
#[derive(Debug)]
pub struct Topic {
    server: KafkaServer,
    name: String,
}

impl Topic {
    /// The name of one that is not there yet, on [`KafkaServer::running`]: whoever is tested makes it.
    ///
    /// # Panics
    ///
    /// Where no server runs.
    pub async fn unmade() -> Self {
        let server = KafkaServer::running();
        SWEPT.get_or_init(|| delete_leftovers(&server)).await;
        Self::unmade_on(&server)
    }

    /// The name of one that is not there yet, on `server`.
    pub fn unmade_on(server: &KafkaServer) -> Self {
        Self { server: server.clone(), name: new_name() }
    }

    /// A new one, on [`KafkaServer::running`].
    ///
    /// # Panics
    ///
    /// Where no server runs, or it refuses.
    pub async fn new(partitions: i32) -> Self {
        let topic = Self::unmade().await;
        topic.make(partitions).await;
        topic
    }

    /// A new one, on `server`.
    ///
    /// # Panics
    ///
    /// Where it refuses.
    pub async fn on(server: &KafkaServer, partitions: i32) -> Self {
        let topic = Self::unmade_on(server);
        topic.make(partitions).await;
        topic
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it is on.
    pub fn server(&self) -> &KafkaServer {
        &self.server
    }

    /// Makes it, with one replica.
    ///
    /// # Panics
    ///
    /// Where the server refuses.
    pub async fn make(&self, partitions: i32) {
        let topic = NewTopic::new(&self.name, partitions, TopicReplication::Fixed(1));
        let made = admin(&self.server).create_topics([&topic], &options()).await;
        let made = made.expect("the server answers").remove(0);
        made.unwrap_or_else(|(_, code)| panic!("{} cannot be made: {code}", self.name));
    }

    /// Deletes it, and waits until it is gone.
    ///
    /// # Panics
    ///
    /// Where the server refuses.
    pub async fn delete(&self) {
        delete(&self.server, &[&self.name]).await.expect("the server deletes it");
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A thread and a runtime of its own: the test's runtime may be ending, and cannot be waited on.
        let dropping = thread::spawn(move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build();
            let names = names(&server)?;
            let mine: Vec<&str> =
                names.iter().filter(|other| is_of(other, &name)).map(|name| &name[..]).collect();
            runtime.map_err(|error| error.to_string())?.block_on(delete(&server, &mine))
        });
        // A server that is gone has nothing to delete; what is left, a later run finds.
        if let Ok(Err(error)) = dropping.join() {
            eprintln!("the topic {} stays until another run: {error}", self.name);
        }
    }
}

/// Whether `name` is that of the topic `topic`, or of one that goes with it, such as `TOPIC.relay`.
fn is_of(name: &str, topic: &str) -> bool {
    name.strip_prefix(topic).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn config(server: &KafkaServer) -> ClientConfig {
    server.client_settings().into_iter().collect()
}

fn admin(server: &KafkaServer) -> AdminClient<DefaultClientContext> {
    config(server).create().expect("a client can be made")
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE))
}

async fn delete(server: &KafkaServer, names: &[&str]) -> Result<(), String> {
    if names.is_empty() {
        return Ok(());
    }
    let deleted = admin(server).delete_topics(names, &options()).await;
    for outcome in deleted.map_err(|error| error.to_string())? {
        match outcome {
            Ok(_) | Err((_, RDKafkaErrorCode::UnknownTopicOrPartition)) => {}
            Err((name, code)) => return Err(format!("{name}: {code}")),
        }
    }
    Ok(())
}

fn names(server: &KafkaServer) -> Result<Vec<String>, String> {
    /// Short: where no server is, nobody waits for long.
    const ANSWER_MAX: Duration = Duration::from_secs(5);

    let consumer: BaseConsumer = config(server).create().map_err(|error| error.to_string())?;
    let metadata = consumer.fetch_metadata(None, ANSWER_MAX).map_err(|error| error.to_string())?;
    Ok(metadata.topics().iter().map(|topic| topic.name().to_owned()).collect())
}

/// Deletes what dead runs left. Of other machines' runs it cannot be known whether they are dead.
async fn delete_leftovers(server: &KafkaServer) {
    let names = names(server).unwrap_or_else(|error| {
        panic!("Kafka cannot be reached ({error}): run scripts/services up kafka")
    });
    let dead = names.iter().filter(|name| {
        let base = name.split('.').next().unwrap_or_default();
        owner_of(base) == Some(Owner::Dead)
    });
    let dead: Vec<&str> = dead.map(|name| &name[..]).collect();
    if let Err(error) = delete(server, &dead).await {
        eprintln!("topics of dead runs stay: {error}");
    }
}
