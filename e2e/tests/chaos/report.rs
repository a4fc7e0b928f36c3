//! What a storm was, and what was found, as a table.

use std::{collections::BTreeMap, time::Duration};

use e2e::{
    Findings,
    history::{History, Operation, Outcome, Violation, excerpt},
};

use super::schedule::Harm;

/// How many violations are shown with the part of the history that they are about.
const SHOWN_MAX: usize = 5;

/// How often each kind of thing suffered which harm.
pub(super) type Suffered = BTreeMap<(&'static str, Harm), usize>;

/// One storm.
pub(super) struct Report {
    pub(super) what: String,
    pub(super) seed: u64,
    pub(super) lasted: Duration,
    pub(super) suffered: Suffered,
}

impl Report {
    /// Prints the table; fails the test where anything was found.
    #[track_caller]
    pub(super) fn conclude(&self, history: &History, findings: &Findings, found: &[Violation]) {
        println!("{}", self.table(history, findings, found));
        if found.is_empty() {
            return;
        }
        let mut text = format!(
            "{} violations; CINELOG_CHAOS_SEED={} gives these faults again\n",
            found.len(),
            self.seed
        );
        for violation in found.iter().take(SHOWN_MAX) {
            text.push_str(&format!("\n  {violation}\n"));
            for line in excerpt(history, violation) {
                text.push_str(&format!("      {line}\n"));
            }
        }
        panic!("{text}");
    }

    fn table(&self, history: &History, findings: &Findings, found: &[Violation]) -> String {
        let operations = &history.operations;
        let count = |is: fn(&Outcome) -> bool| {
            operations.iter().filter(|operation| is(&operation.outcome)).count()
        };
        let acknowledged = count(|outcome| matches!(outcome, Outcome::Acknowledged { .. }));
        let refused = count(|outcome| matches!(outcome, Outcome::Refused));
        let unknown = operations.len() - acknowledged - refused;
        let published = history
            .published
            .as_ref()
            .map_or_else(String::new, |published| format!(", {} in Kafka", published.len()));
        let shown: Vec<String> = (history.shown.iter())
            .map(|shown| format!("{} films on {}", shown.films.len(), shown.node))
            .collect();
        let [writes, reads] =
            [acknowledgements(operations), findings.answered.clone()].map(longest_gap);
        let mut rows = vec![
            ("storm", format!("{}, {:.0?}, seed {}", self.what, self.lasted, self.seed)),
            (
                "operations",
                format!(
                    "{}: {acknowledged} acknowledged, {refused} refused, {unknown} unknown",
                    operations.len()
                ),
            ),
            (
                "reads",
                format!(
                    "{} answered, {} told to come again, {} lost",
                    history.reads.len(),
                    findings.refused_for_now,
                    findings.lost
                ),
            ),
        ];
        rows.extend(self.faults().into_iter().map(|row| ("faults", row)));
        rows.push(("longest outage", format!("{writes:.1?} of writes, {reads:.1?} of reads")));
        rows.push((
            "checked",
            format!("{} events{published}, {}", history.log.len(), shown.join(", ")),
        ));
        rows.push(("violations", found.len().to_string()));
        let lines = rows.into_iter().map(|(name, value)| format!("  {name:<16}{value}"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// A row for each kind of thing.
    fn faults(&self) -> Vec<String> {
        let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for ((kind, harm), times) in &self.suffered {
            let harm = format!("{harm:?}").to_lowercase();
            kinds.entry(kind).or_default().push(format!("{times} {harm}"));
        }
        kinds.into_iter().map(|(kind, harms)| format!("{kind}: {}", harms.join(", "))).collect()
    }
}

/// When commands were acknowledged, in order.
fn acknowledgements(operations: &[Operation]) -> Vec<u64> {
    let acknowledged = operations
        .iter()
        .filter(|operation| matches!(operation.outcome, Outcome::Acknowledged { .. }));
    let mut times: Vec<u64> = acknowledged.map(|operation| operation.answered).collect();
    times.sort_unstable();
    times
}

/// The longest time in which nothing of this happened.
fn longest_gap(times: Vec<u64>) -> Duration {
    let gaps = times.windows(2).map(|pair| pair[1].saturating_sub(pair[0]));
    Duration::from_nanos(gaps.max().unwrap_or(0))
}
