//! Rows that go into a log's table without Cinelog: one commit for each with pgbench, and all at once
//! with `COPY`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use super::{
    Postgres,
    copied::{Text, copy_in},
};
use crate::{
    baseline::rows::{COPIED, Kind, Row},
    random::Random,
};

/// A table like the log's, with its indexes, but without what guards it; positions come from a sequence.
const TABLE: &str = "
    CREATE SCHEMA bare;
    CREATE TABLE bare.event (LIKE cinelog_log.event INCLUDING ALL);
    CREATE SEQUENCE bare.position;
    ALTER TABLE bare.event ALTER position SET DEFAULT nextval('bare.position')";

/// Threads of pgbench: it shares the machine with the server.
const THREADS: usize = 2;

/// How often pgbench is given more time, each time twice as much.
const ATTEMPTS_MAX: u32 = 5;

/// Rows of which one of middling length is taken, since pgbench has the same one each time.
const SAMPLES: usize = 999;

/// A table in a database that has a log.
#[derive(Debug)]
pub(crate) struct BareTable<'a> {
    postgres: &'a Postgres,
    database: String,
    kind: Kind,
    script: PathBuf,
}

impl<'a> BareTable<'a> {
    /// Makes the table, and the script of pgbench in `folder`.
    pub(crate) async fn new(
        postgres: &'a Postgres,
        database: &str,
        kind: Kind,
        folder: &Path,
    ) -> Self {
        postgres.execute(database, TABLE).await;
        let script = folder.join(format!("{database}.pgbench"));
        fs::write(&script, statement(kind)).expect("the folder can be written");
        Self { postgres, database: database.to_owned(), kind, script }
    }

    /// Commits a second of `clients` who each commit one row after the other.
    pub(crate) fn single_rows(&self, clients: usize, duration: Duration) -> f64 {
        let mut seconds = duration.as_secs().max(1);
        for _ in 0..ATTEMPTS_MAX {
            let said = self.run_pgbench(clients, seconds);
            let after = |name| said.lines().find_map(|line: &str| line.strip_prefix(name));
            let failed = after("number of failed transactions: ");
            assert!(failed.is_none_or(|failed| failed.starts_with("0 ")), "{said}");
            let rate = after("tps = ").and_then(|rate| rate.split(' ').next()?.parse().ok());
            if let Some(rate) = rate {
                return rate;
            }
            // A busy machine took all that time to let the clients in.
            seconds *= 2;
        }
        panic!("pgbench does not get to commit anything")
    }

    /// Runs it; gives what it says.
    fn run_pgbench(&self, clients: usize, seconds: u64) -> String {
        let (threads, clients) = (THREADS.min(clients).to_string(), clients.to_string());
        let output = Command::new(self.postgres.pgbench())
            .args(["--no-vacuum", "--protocol=prepared", "--client", &clients])
            .args(["--jobs", &threads, "--time", &seconds.to_string(), "--file"])
            .arg(&self.script)
            .arg(self.postgres.url(&self.database))
            .output()
            .expect("pgbench can be run");
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "pgbench failed: {complaint}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Rows a second of one `COPY` of so many, from the first byte to the answer to its commit.
    pub(crate) async fn copied(&self, rows: usize, seed: u64) -> f64 {
        let mut random = Random::of(seed ^ 1 << 41);
        let mut lines = String::new();
        for _ in 0..rows {
            Row::of(self.kind, &mut random).write_copied(&mut lines);
        }
        let text = Text::from(lines.into_bytes());
        let mut connection = self.postgres.connect(&self.database).await;
        let begun = Instant::now();
        let copied = copy_in(&mut connection, "bare.event", Some(COPIED), &text).await;
        assert_eq!(copied, rows as u64, "all rows are new");
        rows as f64 / begun.elapsed().as_secs_f64()
    }
}

/// Inserts a row of middling length; streams and ids are new each time.
fn statement(kind: Kind) -> String {
    let mut random = Random::of(0);
    let mut rows: Vec<_> = (0..SAMPLES).map(|_| Row::of(kind, &mut random)).collect();
    rows.sort_by_key(|row| row.data.len());
    let Row { event_type, schema_version, recorded_at, correlation_id, traceparent, data, .. } =
        &rows[SAMPLES / 2];
    // To pgbench a colon begins a variable.
    let data = data.replace('\'', "''").replace(':', ";");
    let stream = match kind {
        Kind::Rating => "'rating-' || gen_random_uuid() || '-' || gen_random_uuid()",
        Kind::Film => "'movie-' || gen_random_uuid()",
    };
    format!(
        "INSERT INTO bare.event ({COPIED}) VALUES ({stream}, 1, gen_random_uuid(), '{event_type}', \
         {schema_version}, {recorded_at}, gen_random_uuid(), '{correlation_id}', '{traceparent}', \
         '{data}');\n"
    )
}
