//! Where Kafka is, how it is got into, and what the topic is to be.

use std::{fmt, path::PathBuf, time::Duration};

/// All that a client of Kafka is told.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// `HOST:PORT` of one broker or more, to begin with; they name the others.
    pub brokers: Vec<String>,
    /// The topic of the events. What else is kept on Kafka has a name that begins with this one.
    pub topic: String,
    /// Into how many partitions it is made, and how many it must have.
    pub partitions: i32,
    /// On how many brokers each partition is to be. `None`: what the brokers do by default.
    pub replication: Option<i32>,
    /// How long the topic keeps an event. `None`: for ever.
    pub retention: Option<Duration>,
    /// How the brokers are got into.
    pub security: Security,
    /// How long a member of a group may be silent before the others take over what it had.
    pub session_timeout: Duration,
    /// How long a transaction may take. One that was left open holds up readers for so long, unless
    /// another relay ends it before.
    pub transaction_timeout: Duration,
}

/// How the brokers are got into.
#[derive(Debug, Clone, Default)]
pub struct Security {
    /// Whether the connection is encrypted, and whether one logs in.
    pub protocol: Protocol,
    /// Who logs in. Of meaning where the protocol has a login.
    pub login: Option<Login>,
    /// The certificates to trust (PEM). `None`: those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// The certificate to show (PEM).
    pub certificate_file: Option<PathBuf>,
    /// Its key (PEM).
    pub key_file: Option<PathBuf>,
}

/// Whether the connection is encrypted, and whether one logs in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Protocol {
    /// Neither.
    #[default]
    Plaintext,
    /// Encrypted.
    Ssl,
    /// With a login, which whoever listens can read.
    SaslPlaintext,
    /// Both.
    SaslSsl,
}

/// Who logs in, and how.
#[derive(Clone)]
pub struct Login {
    /// How the password is proved.
    pub mechanism: Mechanism,
    /// The user.
    pub username: String,
    /// The password.
    pub password: String,
}

/// How a password is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// By saying it.
    Plain,
    /// By SCRAM with SHA-256.
    ScramSha256,
    /// By SCRAM with SHA-512.
    ScramSha512,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mechanism, username, password: _ } = self;
        f.debug_struct("Login")
            .field("mechanism", mechanism)
            .field("username", username)
            .finish_non_exhaustive()
    }
}

impl KafkaOptions {
    /// The topic of the events, unless something else is configured.
    pub const TOPIC: &'static str = "cinelog.events.v1";

    /// Into how many partitions it is made, unless something else is configured.
    pub const PARTITIONS: i32 = 12;

    /// How long a member of a group may be silent: stock brokers allow no less.
    pub const SESSION_TIMEOUT: Duration = Duration::from_secs(6);

    /// How long a transaction may take.
    pub const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(10);

    /// The largest batch of records that the topic takes, in bytes: an event has a mebibyte at most, and its
    /// headers some kilobytes. Kafka itself would take less.
    pub const MESSAGE_BYTES_MAX: usize = 2 << 20;

    /// What is usual, for `brokers` that ask for nothing.
    #[must_use]
    pub fn at(brokers: Vec<String>) -> Self {
        Self {
            brokers,
            topic: Self::TOPIC.to_owned(),
            partitions: Self::PARTITIONS,
            replication: None,
            retention: None,
            security: Security::default(),
            session_timeout: Self::SESSION_TIMEOUT,
            transaction_timeout: Self::TRANSACTION_TIMEOUT,
        }
    }

    /// The topic on which the relay writes down how far it has come; also the name of the group in which
    /// relays decide who leads, and of their transactions.
    #[must_use]
    pub fn relay_topic(&self) -> String {
        format!("{}.relay", self.topic)
    }
}
