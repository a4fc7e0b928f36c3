//! The projector on real files: a real log, a real read model.

#[cfg(test)]
mod contents;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod ground;
#[cfg(test)]
#[path = "../../../read-model/tests/read_model/history.rs"]
#[expect(dead_code, reason = "shared with the tests of read-model, which use all of it")]
mod history;
#[cfg(test)]
mod running;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod storing;
#[cfg(test)]
mod wrapped_log;
