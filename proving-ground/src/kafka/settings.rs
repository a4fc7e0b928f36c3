//! What brokers of tests are told, so that what a test waits for comes sooner than it would on stock ones.

use std::path::Path;

/// Where the listeners of a broker are that is alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ports {
    pub(super) direct: u16,
    pub(super) proxied: u16,
    pub(super) controller: u16,
    pub(super) tls: u16,
    pub(super) mutual_tls: u16,
    pub(super) sasl_tls: u16,
}

/// Where the listeners of one of several brokers are.
#[derive(Clone, Copy, Debug)]
pub(super) struct MemberPorts {
    pub(super) clients: u16,
    pub(super) controller: u16,
}

/// One broker that is its own controller; its clients come through the proxy at `proxy`, with TLS, and as they
/// like.
pub(super) fn alone(folder: &Path, ports: &Ports, proxy: &str) -> String {
    let folder = folder.display();
    let Ports { direct, proxied, controller, tls, mutual_tls, sasl_tls } = ports;
    format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=DIRECT://127.0.0.1:{direct},PROXIED://127.0.0.1:{proxied},TLS://127.0.0.1:{tls},\
MUTUAL://127.0.0.1:{mutual_tls},SCRAM://127.0.0.1:{sasl_tls},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=DIRECT://127.0.0.1:{direct},PROXIED://{proxy},TLS://127.0.0.1:{tls},\
MUTUAL://127.0.0.1:{mutual_tls},SCRAM://127.0.0.1:{sasl_tls}
listener.security.protocol.map=DIRECT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT,TLS:SSL,\
MUTUAL:SSL,SCRAM:SASL_SSL
inter.broker.listener.name=DIRECT
controller.listener.names=CONTROLLER
ssl.keystore.type=PEM
ssl.keystore.location={folder}/keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location={folder}/client.pem
listener.name.mutual.ssl.client.auth=required
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-256,SCRAM-SHA-512
listener.name.scram.scram-sha-256.sasl.jaas.config={SCRAM}
listener.name.scram.scram-sha-512.sasl.jaas.config={SCRAM}
log.dirs={folder}/logs
broker.session.timeout.ms=2000
{}{TUNING}",
        replicated(1, 1)
    )
}

/// The broker `id`, from 1, of those with these ports. Each is a controller too.
pub(super) fn member(folder: &Path, id: usize, members: &[MemberPorts]) -> String {
    let folder = folder.display();
    let MemberPorts { clients, controller } = members[id - 1];
    let voters: Vec<String> = (1..)
        .zip(members)
        .map(|(id, ports)| format!("{id}@127.0.0.1:{}", ports.controller))
        .collect();
    let voters = voters.join(",");
    format!(
        "process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
listeners=CLIENTS://127.0.0.1:{clients},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{clients}
listener.security.protocol.map=CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
controller.listener.names=CONTROLLER
log.dirs={folder}/logs
broker.session.timeout.ms=3000
num.replica.fetchers=1
replica.fetch.backoff.ms=200
{}{TUNING}",
        // One that is gone holds nobody up, and what is acknowledged is on two at least.
        replicated(members.len(), members.len() - 1)
    )
}

/// On how many brokers everything is, and on how many it must be before it is acknowledged.
fn replicated(replicas: usize, in_sync_min: usize) -> String {
    format!(
        "default.replication.factor={replicas}
min.insync.replicas={in_sync_min}
offsets.topic.replication.factor={replicas}
transaction.state.log.replication.factor={replicas}
transaction.state.log.min.isr={in_sync_min}
share.coordinator.state.topic.replication.factor={replicas}
share.coordinator.state.topic.min.isr={in_sync_min}
"
    )
}

const SCRAM: &str = "org.apache.kafka.common.security.scram.ScramLoginModule required;";

const TUNING: &str = "auto.create.topics.enable=false
offsets.topic.num.partitions=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
broker.heartbeat.interval.ms=500
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
log.cleaner.dedupe.buffer.size=2097152
num.network.threads=2
num.io.threads=2
";
