//! What is asked of the trail: strict, each parameter at most once.

use std::str::FromStr;

use http_kit::{FieldError, Problem, ProblemType, QueryPairs};
use identity::audit::{Filter, Kind, Outcome, Place};

use super::cursor;
use crate::{
    query::wrong_names,
    time::{NotATime, Time},
};

/// How many entries a page has unless something else is asked.
const DEFAULT_LIMIT: u32 = 25;

/// The most entries a page has. A larger wish is lowered to it, and said so.
pub(super) const LIMIT_MAX: u32 = 100;

/// The parameters there are.
const PARAMETERS: [&str; 8] =
    ["kind", "outcome", "account", "actor", "since", "until", "limit", "cursor"];

/// A request for a page of the trail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) filter: Filter,
    pub(super) limit: u32,
    /// Whether more were asked.
    pub(super) is_lowered: bool,
    /// Where the page begins, if not with the newest.
    pub(super) after: Option<Place>,
}

/// Reads a query.
///
/// # Errors
/// 400 that names every parameter that is unknown, given twice or bad.
pub(super) fn read(query: &QueryPairs) -> Result<Asked, Problem> {
    let mut errors = wrong_names(query, &PARAMETERS);
    let kinds = || format!("must be one of {}", Kind::ALL.map(Kind::as_str).join(", "));
    let outcomes = || format!("must be one of {}", Outcome::ALL.map(Outcome::as_str).join(", "));
    let time = || NotATime.to_string();
    let id = || "must be a UUID".to_owned();
    let filter = Filter {
        kind: value(query, "kind", kinds, &mut errors),
        outcome: value(query, "outcome", outcomes, &mut errors),
        account: value(query, "account", id, &mut errors),
        actor: value(query, "actor", id, &mut errors),
        since: value::<Time>(query, "since", time, &mut errors).map(|time| time.0),
        until: value::<Time>(query, "until", time, &mut errors).map(|time| time.0),
    };
    let limit = || "must be a whole number from 1".to_owned();
    let wish = value::<Limit>(query, "limit", limit, &mut errors).map(|limit| limit.0);
    if !errors.is_empty() {
        return Err(Problem::new(ProblemType::InvalidParameter).errors(errors));
    }
    let after = text(query, "cursor").map(|text| cursor::open(text, &filter)).transpose()?;
    let wish = wish.unwrap_or(DEFAULT_LIMIT);
    Ok(Asked { filter, limit: wish.min(LIMIT_MAX), is_lowered: wish > LIMIT_MAX, after })
}

fn text<'q>(query: &'q QueryPairs, name: &str) -> Option<&'q str> {
    query.0.iter().find(|(given, _)| given == name).map(|(_, text)| text.as_str())
}

fn value<T: FromStr>(
    query: &QueryPairs,
    name: &str,
    expected: impl FnOnce() -> String,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let text = text(query, name)?;
    let value = text.parse().ok();
    if value.is_none() {
        errors.push(FieldError::parameter(name, expected()));
    }
    value
}

struct Limit(u32);

impl FromStr for Limit {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(());
        }
        // What no number holds is more than there may be, all the same.
        match text.parse().unwrap_or(u32::MAX) {
            0 => Err(()),
            limit => Ok(Self(limit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn asked(query: &str) -> Result<Asked, Vec<String>> {
        let pairs = QueryPairs::parse(query).unwrap();
        let named = |problem: Problem| {
            problem.field_errors().iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        read(&pairs).map_err(named)
    }

    #[test]
    fn nothing_asked_is_the_newest_of_all() {
        let all = Asked { filter: Filter::default(), limit: 25, is_lowered: false, after: None };
        assert_eq!(asked(""), Ok(all));
    }

    #[test]
    fn every_filter_is_read() {
        let id = Uuid::from_u128(7);
        let query = format!(
            "kind=role_changed&outcome=done&account={id}&actor={id}\
             &since=2026-11-22T08:00:00Z&until=2026-11-22T10:00:00%2B01:00&limit=3"
        );
        let asked = asked(&query).unwrap();
        let at = |text: &str| text.parse().ok();
        let filter = Filter {
            kind: Some(Kind::RoleChanged),
            outcome: Some(Outcome::Done),
            account: Some(id),
            actor: Some(id),
            since: at("2026-11-22T08:00:00Z"),
            until: at("2026-11-22T09:00:00Z"),
        };
        assert_eq!((asked.filter, asked.limit), (filter, 3));
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let errors = asked(
            "kind=party&outcome=&account=me&since=yesterday&until=2026-11-22&limit=0&sort=at&actor=",
        );
        let named: Vec<String> = errors
            .unwrap_err()
            .iter()
            .map(|error| error.split(':').next().unwrap().to_owned())
            .collect();
        assert_eq!(
            named,
            ["sort", "kind", "outcome", "account", "actor", "since", "until", "limit"]
        );
    }

    #[test]
    fn a_parameter_is_given_once() {
        let errors = asked("kind=refused&kind=sign_in").unwrap_err();
        assert_eq!(errors, ["kind: is given more than once"]);
    }

    #[test]
    fn a_limit_that_is_too_large_is_lowered_and_that_is_known() {
        for text in ["101", "99999999999999999999"] {
            let asked = asked(&format!("limit={text}")).unwrap();
            assert_eq!((asked.limit, asked.is_lowered), (100, true));
        }
        assert!(asked("limit=-1").is_err() && asked("limit=1e1").is_err());
    }
}
