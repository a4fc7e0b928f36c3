//! A Kafka of the benchmark's own, with its files where the data sets are, and the performance test that comes with
//! it. Nothing of it outlives the run.

use std::path::Path;

use proving_ground::PrivateKafka;

/// Into how many partitions topics are made, on both sides.
const PARTITIONS: &str = "12";

/// Beside the defaults. Both sides use the same broker, and so the same.
const SETTINGS: [(&str, &str); 4] = [
    // Topics of the performance test; those of the relay it makes itself.
    ("auto.create.topics.enable", "true"),
    ("num.partitions", PARTITIONS),
    ("num.network.threads", "3"),
    ("num.io.threads", "8"),
];

/// Records that the performance test sends before it counts: its virtual machine is slow at first.
const WARM_UP: usize = 100_000;

/// A running broker, which is ended and deleted when it is dropped.
pub(crate) struct Kafka(PrivateKafka);

/// What the performance test is to send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent<'a> {
    /// A file with a record in each line, of which it takes any.
    pub(crate) records: &'a Path,
    /// How many records it sends, the warm-up not counted.
    pub(crate) count: usize,
    /// How long a transaction lasts, in milliseconds. `None`: it is only idempotent.
    pub(crate) transaction_ms: Option<u64>,
}

impl Kafka {
    /// Starts one in a new folder within `parent`.
    pub(crate) async fn start(parent: &Path) -> Self {
        let parent = parent.canonicalize().expect("the folder is there");
        Self(PrivateKafka::start_in(&parent, &SETTINGS).await)
    }

    /// `HOST:PORT`.
    pub(crate) fn broker(&self) -> String {
        self.0.server().address().to_owned()
    }

    /// Runs `kafka-producer-perf-test` on a topic of its own; gives the records a second, once it is warm.
    pub(crate) fn records_per_second(&self, topic: &str, sent: Sent<'_>) -> f64 {
        let records = sent.records.canonicalize().expect("the records were written");
        let mut command = self.0.tool("org.apache.kafka.tools.ProducerPerformance");
        command.args([
            "--bootstrap-server",
            &self.broker(),
            "--topic",
            topic,
            "--throughput",
            "-1",
        ]);
        command.args(["--num-records", &(WARM_UP + sent.count).to_string()]);
        command.args(["--warmup-records", &WARM_UP.to_string()]);
        command.arg("--payload-file").arg(records);
        let settings = ["acks=all", "enable.idempotence=true", "compression.type=lz4"];
        command.arg("--command-property").args(settings);
        if let Some(milliseconds) = sent.transaction_ms {
            let milliseconds = milliseconds.to_string();
            command.args(["--transactional-id", topic, "--transaction-duration-ms", &milliseconds]);
        }
        let output = command.output().expect("java can be run");
        let said = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the performance test failed: {said}{complaint}");
        steady_rate(&said).unwrap_or_else(|| panic!("it says no rate: {said}{complaint}"))
    }
}

/// The rate in the last line that says one: that of all that was sent once it was warm.
fn steady_rate(said: &str) -> Option<f64> {
    let mut rates = said.lines().filter_map(|line| {
        let (before, _) = line.split_once(" records/sec")?;
        before.rsplit(' ').next()?.parse().ok()
    });
    rates.next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_one_of_the_time_that_counts() {
        let said = "1000 records sent, 900.5 records/sec (1 MB/sec), 2 ms avg latency\n\
                    500 steady state records sent, 1234.5 records/sec (1 MB/sec)\n\n";
        assert_eq!(steady_rate(said), Some(1234.5));
        assert_eq!(steady_rate("nothing"), None);
    }
}
