//! The servers that the processes stand on, and what is done to them.

use std::{sync::Arc, time::Duration};

use e2e::Random;
use proving_ground::{CuttingProxy, PrivateKafka, PrivatePostgres, PrivateRedis};

use super::{
    nodes::{cut, silence},
    schedule::Harm,
};

pub(super) const POSTGRES: &str = "Postgres";
pub(super) const KAFKA: &str = "Kafka";
pub(super) const REDIS: &str = "Redis";

/// All of them, each with what stands between it and its clients.
pub(super) struct Servers {
    pub(super) postgres: PrivatePostgres,
    pub(super) kafka: PrivateKafka,
    pub(super) redis: PrivateRedis,
    /// Of each node one.
    pub(super) to_postgres: Vec<Arc<CuttingProxy>>,
    /// Of each node one.
    pub(super) to_redis: Vec<Arc<CuttingProxy>>,
}

impl Servers {
    pub(super) async fn start() -> Self {
        let (postgres, kafka, redis) =
            tokio::join!(PrivatePostgres::start(), PrivateKafka::start(), PrivateRedis::start());
        Self { postgres, kafka, redis, to_postgres: Vec::new(), to_redis: Vec::new() }
    }

    /// The ways of another node to Postgres and to Redis.
    pub(super) async fn new_links(&mut self) -> Links {
        let postgres = Arc::new(CuttingProxy::to(self.postgres.url()).await);
        let redis = Arc::new(CuttingProxy::to(&self.redis.url()).await);
        self.to_postgres.push(Arc::clone(&postgres));
        self.to_redis.push(Arc::clone(&redis));
        Links { postgres, redis }
    }

    /// Does one of them this harm for so long, and makes it good again.
    pub(super) async fn suffer(
        &mut self,
        whom: &str,
        harm: Harm,
        lasts: Duration,
        random: &mut Random,
    ) {
        match (whom, harm) {
            (POSTGRES, Harm::Killed) => {
                self.postgres.kill().await;
                tokio::time::sleep(lasts).await;
                self.postgres.start_again().await;
            }
            (KAFKA, Harm::Killed) => {
                self.kafka.kill().await;
                tokio::time::sleep(lasts).await;
                self.kafka.start_again().await;
            }
            (REDIS, Harm::Killed) => {
                self.redis.kill().await;
                tokio::time::sleep(lasts).await;
                self.redis.start_again().await;
            }
            (_, Harm::Paused) => {
                self.halt(whom);
                tokio::time::sleep(lasts).await;
                self.go_on(whom);
            }
            (_, Harm::Cut) => cut(&self.links(whom), lasts, random).await,
            (_, Harm::Silenced) => silence(&self.links(whom), lasts).await,
            (other, Harm::Killed) => unknown(other),
        }
    }

    fn halt(&self, whom: &str) {
        match whom {
            POSTGRES => self.postgres.halt(),
            KAFKA => self.kafka.halt(),
            REDIS => self.redis.halt(),
            other => unknown(other),
        }
    }

    fn go_on(&self, whom: &str) {
        match whom {
            POSTGRES => self.postgres.go_on(),
            KAFKA => self.kafka.go_on(),
            REDIS => self.redis.go_on(),
            other => unknown(other),
        }
    }

    fn links(&self, whom: &str) -> Vec<&CuttingProxy> {
        match whom {
            POSTGRES => self.to_postgres.iter().map(|link| &**link).collect(),
            KAFKA => vec![self.kafka.proxy()],
            REDIS => self.to_redis.iter().map(|link| &**link).collect(),
            other => unknown(other),
        }
    }
}

fn unknown(whom: &str) -> ! {
    panic!("there is no {whom}")
}

/// How a node reaches the servers.
pub(super) struct Links {
    pub(super) postgres: Arc<CuttingProxy>,
    pub(super) redis: Arc<CuttingProxy>,
}

impl Links {
    pub(super) fn all(self) -> Vec<Arc<CuttingProxy>> {
        vec![self.postgres, self.redis]
    }
}
