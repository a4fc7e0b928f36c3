//! A fact can be followed from the request that it came with to the answers that it made out of date: the
//! spans of all processes on the way are sent to an OpenTelemetry Collector, and say what they follow from.

mod collector;
mod following;
mod ground;
mod sampling;
mod trouble;
