//! The read model from outside: its rules, and that batches do not matter.

#[cfg(test)]
mod folding;
#[cfg(test)]
mod history;
#[cfg(test)]
mod rules;
