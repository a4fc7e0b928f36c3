//! Which metrics and labels an expression of PromQL asks for.
//!
//! It reads so much of the language as is needed for that, and panics at what it does not know: so nothing
//! that an expression asks for is passed over.

use std::collections::BTreeSet;

/// A metric that is asked for, with the conditions on its labels: name, operator, value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Selector {
    pub(crate) metric: String,
    pub(crate) matchers: Vec<(String, String, String)>,
}

/// What an expression asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) selectors: BTreeSet<Selector>,
    /// Labels that results are grouped by.
    pub(crate) labels: BTreeSet<String>,
}

const OPERATORS: [&str; 7] = ["and", "or", "unless", "bool", "offset", "group_left", "group_right"];
const GROUPINGS: [&str; 4] = ["by", "without", "on", "ignoring"];

pub(crate) fn asked(expression: &str) -> Asked {
    let mut asked = Asked::default();
    let mut rest = expression;
    while let Some(next) = rest.chars().next() {
        if next == '[' {
            rest = after(rest, ']');
        } else if next.is_ascii_alphabetic() || next == '_' {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
            let (word, more) = rest.split_at(end.unwrap_or(rest.len()));
            let more = more.trim_start();
            rest = if GROUPINGS.contains(&word) {
                let (labels, more) = between(more, '(', ')');
                asked.labels.extend(labels.split(',').map(|label| label.trim().to_owned()));
                more
            } else if more.starts_with('(') || is_grouped(more) || OPERATORS.contains(&word) {
                more
            } else {
                let (matchers, more) = match more.starts_with('{') {
                    true => between(more, '{', '}'),
                    false => ("", more),
                };
                let matchers = matchers.split(", ").filter(|it| !it.is_empty()).map(matcher);
                let (metric, matchers) = (word.to_owned(), matchers.collect());
                asked.selectors.insert(Selector { metric, matchers });
                more
            };
        } else if next.is_ascii_digit() {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '.');
        } else {
            assert!(" \n()+-*/><=!,.".contains(next), "what is {next:?} in {expression}");
            rest = &rest[1..];
        }
    }
    asked
}

/// Whether what comes before this is an aggregation with its labels first: `sum by (le) (…)`.
fn is_grouped(more: &str) -> bool {
    ["by", "without"].iter().any(|word| {
        let rest = more.strip_prefix(word).map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with('('))
    })
}

fn after(text: &str, end: char) -> &str {
    text.split_once(end).unwrap_or_else(|| panic!("{end} is missing in {text}")).1
}

fn between(text: &str, begin: char, end: char) -> (&str, &str) {
    let inner = text.strip_prefix(begin).unwrap_or_else(|| panic!("{begin} is missing: {text}"));
    inner.split_once(end).unwrap_or_else(|| panic!("{end} is missing in {text}"))
}

fn matcher(text: &str) -> (String, String, String) {
    let at = text.find(['=', '!']).unwrap_or_else(|| panic!("no condition: {text}"));
    let (label, rest) = text.split_at(at);
    let (operator, value) = rest.split_once('"').unwrap_or_else(|| panic!("no value: {text}"));
    let value = value.strip_suffix('"').unwrap_or_else(|| panic!("no end of the value: {text}"));
    (label.trim().to_owned(), operator.trim().to_owned(), value.to_owned())
}

#[test]
fn metrics_conditions_and_labels_are_found() {
    let asked = asked(
        "histogram_quantile(0.99, sum by (le, job) (rate(a_bucket{method=\"GET\", job=~\"x|y\"}[5m])))\n\
         / on (instance) (max(b) or vector(0)) > 1e3",
    );
    let equal = |label: &str, operator: &str, value: &str| {
        (label.to_owned(), operator.to_owned(), value.to_owned())
    };
    let a = vec![equal("method", "=", "GET"), equal("job", "=~", "x|y")];
    let selectors = [("a_bucket", a), ("b", Vec::new())];
    let selectors =
        selectors.map(|(metric, matchers)| Selector { metric: metric.to_owned(), matchers });
    assert_eq!(asked.selectors, BTreeSet::from(selectors));
    assert_eq!(asked.labels, ["instance", "job", "le"].map(str::to_owned).into());
}

#[test]
#[should_panic(expected = "what is '@'")]
fn what_it_does_not_know_it_does_not_pass_over() {
    asked("a @ 7");
}
