//! The projector on real files: a real log, a real read model.

#[cfg(test)]
mod contents;
#[cfg(test)]
mod failing;
#[cfg(test)]
mod ground;
#[cfg(test)]
#[path = "../../../read-model/tests/read_model/history.rs"]
mod history;
#[cfg(test)]
mod rebuilding;
#[cfg(test)]
mod retrying;
#[cfg(test)]
mod running;
#[cfg(test)]
mod searching;
#[cfg(test)]
mod storing;
#[cfg(test)]
mod verifying;
#[cfg(test)]
mod watching;
#[cfg(test)]
mod wrapped_log;
