//! What is said of an import at its end: to people, or as JSON.

use std::{fmt, path::PathBuf, time::Duration};

use serde_json::{Value, json};

use super::{progress::per_second, summary::Summary};

/// What one file came to.
pub(crate) struct Done {
    /// What the file is called.
    pub(crate) name: String,
    /// What its records came to.
    pub(crate) summary: Summary,
    /// Where those are that were refused, if any were.
    pub(crate) rejects: Option<PathBuf>,
    /// How many records an interrupted import had dealt with before.
    pub(crate) resumed_after: u64,
}

/// An import at its end.
pub(crate) struct Finished {
    files: Vec<Done>,
    total: Summary,
    /// What is worth saying besides.
    notes: Vec<String>,
    elapsed: Duration,
    is_rehearsal: bool,
}

impl Finished {
    pub(crate) fn new(
        files: Vec<Done>,
        notes: Vec<String>,
        elapsed: Duration,
        is_rehearsal: bool,
    ) -> Self {
        let mut total = Summary::default();
        for file in &files {
            total += &file.summary;
        }
        Self { files, total, notes, elapsed, is_rehearsal }
    }

    /// What all files came to together.
    pub(crate) fn total(&self) -> &Summary {
        &self.total
    }

    /// The same for programs.
    pub(crate) fn json(&self) -> Value {
        let file = |file: &Done| {
            let mut json = counts(&file.summary);
            json["file"] = json!(file.name);
            json["rejects"] = json!(file.rejects);
            json["unused_columns"] = json!(file.summary.unused_columns);
            json["notes"] = json!(file.summary.notes);
            json["resumed_after"] = json!(file.resumed_after);
            json
        };
        let mut json = counts(&self.total);
        json["dry_run"] = json!(self.is_rehearsal);
        json["seconds"] = json!(self.elapsed.as_secs_f64());
        json["films_per_second"] = json!(per_second(self.records_now(), self.elapsed));
        json["notes"] = json!(self.notes);
        json["files"] = self.files.iter().map(file).collect();
        json
    }

    /// How many records were dealt with this time.
    fn records_now(&self) -> u64 {
        self.total.records() - self.files.iter().map(|file| file.resumed_after).sum::<u64>()
    }
}

fn counts(summary: &Summary) -> Value {
    json!({
        "created": summary.created,
        "changed": summary.changed,
        "unchanged": summary.unchanged,
        "refused": summary.refused,
        "left_out": summary.left_out,
    })
}

impl fmt::Display for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Done { name, summary, rejects, resumed_after } in &self.files {
            if self.files.len() > 1 {
                writeln!(f, "{name}: {summary}")?;
            }
            if *resumed_after > 0 {
                writeln!(f, "{name}: {resumed_after} records were dealt with before")?;
            }
            if !summary.unused_columns.is_empty() {
                writeln!(f, "{name}: not used: {}", summary.unused_columns.join(", "))?;
            }
            for note in &summary.notes {
                writeln!(f, "{name}: {note}")?;
            }
            if let Some(rejects) = rejects {
                writeln!(f, "{name}: what was refused is in {}", rejects.display())?;
            }
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        let would = if self.is_rehearsal { "would be: " } else { "" };
        writeln!(f, "{would}{}", self.total)?;
        let (records, rate) = (self.records_now(), per_second(self.records_now(), self.elapsed));
        writeln!(f, "{records} records in {:.1} s, {rate} a second", self.elapsed.as_secs_f64())
    }
}
