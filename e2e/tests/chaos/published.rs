//! What Kafka holds, read by Kafka's own console consumer: none of our code stands between.

use std::{path::Path, process::Command};

use e2e::history::Published;

/// What stands between the parts of a line, and between headers: neither is in any of them.
const BETWEEN_PARTS: &str = "\u{1f}";
const BETWEEN_HEADERS: &str = "\u{1e}";

/// What a record begins with.
const FIRST: &str = "Partition:";

/// After how many milliseconds without a record the consumer takes it for all there is. Its start counts.
const SILENCE_MS: &str = "30000";

/// Every record of a topic that was committed, of each partition in its order. `broker` is `HOST:PORT`.
pub(super) fn committed(broker: &str, topic: &str) -> Vec<Published> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/kafka-jars");
    let jars = Command::new(script).output().expect("the script can be run").stdout;
    let jars = String::from_utf8(jars).expect("a path");
    let mut command = Command::new("java");
    command.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp"]);
    command.arg(format!("{}/*", jars.trim()));
    command.arg("org.apache.kafka.tools.consumer.ConsoleConsumer");
    command.args(["--bootstrap-server", broker, "--topic", topic, "--from-beginning"]);
    command.args(["--isolation-level", "read_committed", "--timeout-ms", SILENCE_MS]);
    for wanted in ["print.partition", "print.offset", "print.headers", "print.key"] {
        command.args(["--formatter-property", &format!("{wanted}=true")]);
    }
    command.args(["--formatter-property", &format!("key.separator={BETWEEN_PARTS}")]);
    command.args(["--formatter-property", &format!("headers.separator={BETWEEN_HEADERS}")]);
    let output = command.output().expect("java can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("Processed a total of"), "{said}");
    let text = String::from_utf8(output.stdout).expect("records are text");
    // Beside records it says, in the same place, that no more came in time.
    text.lines().filter(|line| line.starts_with(FIRST)).map(record).collect()
}

fn record(line: &str) -> Published {
    let parts: Vec<&str> = line.split(BETWEEN_PARTS).collect();
    let [partition, offset, headers, stream, data] = parts[..] else {
        panic!("not a record: {line}")
    };
    let number = |text: &str, name: &str| {
        let number = text.strip_prefix(name).and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("no number behind {name:?}: {text}"))
    };
    let header = |name: &str| {
        let headers = headers.split(BETWEEN_HEADERS);
        let value = headers.filter_map(|header| header.split_once(':'));
        let value = value.filter(|(other, _)| *other == name).map(|(_, value)| value).next();
        value.unwrap_or_else(|| panic!("no {name}: {line}"))
    };
    Published {
        partition: u32::try_from(number(partition, FIRST)).expect("a small number"),
        offset: number(offset, "Offset:"),
        stream: stream.to_owned(),
        position: number(header("ce_position"), ""),
        revision: number(header("ce_revision"), ""),
        id: header("ce_id").replace('-', ""),
        event_type: header("ce_type").to_owned(),
        data: data.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_console_consumer_is_read() {
        let headers = "content-type:application/json\u{1e}ce_id:01a1-fee2\u{1e}ce_type:MovieRated\u{1e}\
             ce_time:2026-11-21T12:00:00Z\u{1e}ce_position:17\u{1e}ce_revision:2";
        let line =
            format!("Partition:3\u{1f}Offset:40\u{1f}{headers}\u{1f}rating-a\u{1f}{{\"a\":1}}");
        let read = Published {
            partition: 3,
            offset: 40,
            stream: "rating-a".to_owned(),
            position: 17,
            revision: 2,
            id: "01a1fee2".to_owned(),
            event_type: "MovieRated".to_owned(),
            data: "{\"a\":1}".to_owned(),
        };
        assert_eq!(record(&line), read);
    }
}
