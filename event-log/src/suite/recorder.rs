//! A recorder of metrics for one test: how often each was counted.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

/// Counts what is recorded on this thread while it is installed.
#[derive(Debug, Default)]
pub(super) struct Counts {
    cells: Mutex<HashMap<String, Arc<Cell>>>,
}

#[derive(Debug, Default)]
struct Cell(AtomicU64);

impl Counts {
    /// The sum of a counter, with its labels as `name{label=value}`; of a histogram, how many values
    /// it was given.
    pub(super) fn of(&self, metric: &str) -> u64 {
        self.cell(metric.to_owned()).0.load(Ordering::SeqCst)
    }

    fn cell(&self, metric: String) -> Arc<Cell> {
        Arc::clone(self.cells.lock().unwrap().entry(metric).or_default())
    }
}

fn name(key: &Key) -> String {
    let labels: Vec<_> =
        key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
    if labels.is_empty() {
        key.name().to_owned()
    } else {
        format!("{}{{{}}}", key.name(), labels.join(","))
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.cell(name(key)))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.cell(name(key)))
    }
}

impl metrics::CounterFn for Cell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Ordering::SeqCst);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Ordering::SeqCst);
    }
}

impl HistogramFn for Cell {
    fn record(&self, _: f64) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
