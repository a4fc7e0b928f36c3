//! A line of the table.

use std::fmt::{self, Write};

/// What was measured, what it is compared with, and what it should be.
#[derive(Debug)]
pub(crate) struct Figure {
    what: String,
    measured: String,
    baseline: String,
    ratio: Option<f64>,
    aim: Option<Aim>,
}

/// What a figure should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Aim {
    /// The ratio, at least.
    AtLeast(f64),
    /// The ratio, at most.
    AtMost(f64),
    /// The measured value itself, below this many of the unit.
    Below {
        /// What was measured.
        actual: f64,
        /// What it should stay below.
        limit: f64,
        /// What both are counted in.
        unit: &'static str,
    },
}

impl Figure {
    /// Something that is only said.
    pub(crate) fn said(what: impl Into<String>, measured: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            measured: measured.into(),
            baseline: String::new(),
            ratio: None,
            aim: None,
        }
    }

    /// With what it is compared with.
    pub(crate) fn against(mut self, baseline: impl Into<String>, ratio: f64) -> Self {
        self.baseline = baseline.into();
        self.ratio = Some(ratio);
        self
    }

    /// With what it should be.
    pub(crate) fn aim(mut self, aim: Aim) -> Self {
        self.aim = Some(aim);
        self
    }

    fn is_met(&self) -> Option<bool> {
        Some(match (self.aim?, self.ratio) {
            (Aim::AtLeast(least), Some(ratio)) => ratio >= least,
            (Aim::AtMost(most), Some(ratio)) => ratio <= most,
            (Aim::Below { actual, limit, .. }, _) => actual < limit,
            (_, None) => return None,
        })
    }
}

impl fmt::Display for Aim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(ratio) => write!(f, "≥ {ratio}"),
            Self::AtMost(ratio) => write!(f, "≤ {ratio}"),
            Self::Below { limit, unit, .. } => write!(f, "< {limit} {unit}"),
        }
    }
}

/// The table, in Markdown.
pub(crate) fn table(figures: &[Figure]) -> String {
    let mut table = String::from(
        "| figure | measured | baseline | ratio | aim | verdict |\n|---|---|---|---|---|---|\n",
    );
    for figure in figures {
        let ratio = figure.ratio.map(|ratio| format!("{ratio:.2}")).unwrap_or_default();
        let aim = figure.aim.map(|aim| aim.to_string()).unwrap_or_default();
        let verdict = match figure.is_met() {
            Some(true) => "met",
            Some(false) => "**short**",
            None => "",
        };
        let Figure { what, measured, baseline, .. } = figure;
        // Writing to a String does not fail.
        let _ =
            writeln!(table, "| {what} | {measured} | {baseline} | {ratio} | {aim} | {verdict} |");
    }
    table
}

/// A number as people read it: three figures that mean something, thousands apart.
pub(crate) fn number(value: f64) -> String {
    let decimals = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    let text = format!("{value:.decimals$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let digits = whole.trim_start_matches('-');
    let mut grouped = String::from(if digits.len() < whole.len() { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_three_figures_that_mean_something() {
        let numbers = [0.1234, 12.34, 123.4, 1234.5, 1_234_567.8, -1234.0].map(number);
        assert_eq!(numbers, ["0.12", "12.3", "123", "1,234", "1,234,568", "-1,234"]);
    }

    #[test]
    fn a_verdict_says_whether_the_aim_was_met() {
        let figure = |ratio| Figure::said("a", "2").against("1", ratio).aim(Aim::AtLeast(0.5));
        assert!(table(&[figure(0.5)]).ends_with("| a | 2 | 1 | 0.50 | ≥ 0.5 | met |\n"));
        assert!(table(&[figure(0.49)]).ends_with("| 0.49 | ≥ 0.5 | **short** |\n"));
        let below = Aim::Below { actual: 1.0, limit: 1.0, unit: "s" };
        assert!(table(&[Figure::said("a", "1 s").aim(below)]).ends_with("| < 1 s | **short** |\n"));
        assert!(table(&[Figure::said("a", "1 s")]).ends_with("| a | 1 s |  |  |  |  |\n"));
    }
}
