//! How operations went, as metrics.

use std::time::Instant;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};

use crate::ObjectsError;

const OPERATIONS: &str = "cinelog_objects_operations_total";
const DURATION: &str = "cinelog_objects_operation_duration_seconds";

/// Says what the metrics of this room mean. Once for each process.
pub fn describe_metrics() {
    describe_counter!(OPERATIONS, "Operations on objects, by what was done and what came of it");
    describe_histogram!(
        DURATION,
        Unit::Seconds,
        "How long operations on objects took until the answer began"
    );
}

/// An operation under way.
pub(crate) struct Measured {
    operation: &'static str,
    started: Instant,
}

impl Measured {
    pub(crate) fn start(operation: &'static str) -> Self {
        Self { operation, started: Instant::now() }
    }

    pub(crate) fn end<T>(self, result: Result<T, ObjectsError>) -> Result<T, ObjectsError> {
        let outcome = result.as_ref().map_or_else(ObjectsError::outcome, |_| "ok");
        counter!(OPERATIONS, "operation" => self.operation, "outcome" => outcome).increment(1);
        histogram!(DURATION, "operation" => self.operation).record(self.started.elapsed());
        result
    }
}
