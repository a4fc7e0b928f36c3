//! `cinelog token`.

use std::time::Duration;

use clap::Args;
use identity::{Role, Scope, revocations::TOKEN_TTL_MAX};
use uuid::Uuid;

/// `cinelog token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// What its bearer may do: viewer, member (rates films), editor (edits films) or admin
    #[arg(long)]
    pub(crate) role: Role,
    /// How long it is good, such as 30m, 1h or 7d; at most 30d
    #[arg(long, default_value = "1h", value_parser = ttl)]
    pub(crate) ttl: Duration,
    /// What it may be used for, of what the role may do; may be given several times [default: everything]
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<Scope>,
    /// Whose token it is [default: a new account]
    #[arg(long, value_name = "UUID")]
    pub(crate) account: Option<Uuid>,
}

/// Tokens that lived longer would be believed again after a log-out: that is not kept in mind for ever.
fn ttl(text: &str) -> Result<Duration, String> {
    let asked = duration(text)?;
    if asked <= TOKEN_TTL_MAX {
        return Ok(asked);
    }
    Err(format!(
        "a token lives {} days at most, since that it was revoked is not kept in mind for longer; for machines \
         there are API keys",
        TOKEN_TTL_MAX.as_secs() / (24 * 60 * 60)
    ))
}

pub(super) fn duration(text: &str) -> Result<Duration, String> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .or_else(|| days(text))
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a time such as 30m, 1h or 7d".to_owned())
}

/// Days have 24 hours here, which durations of civil time do not promise.
fn days(text: &str) -> Option<jiff::SignedDuration> {
    let days: i64 = text.strip_suffix('d')?.trim().parse().ok()?;
    days.checked_mul(24 * 60 * 60).map(jiff::SignedDuration::from_secs)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        _args: TokenArgs,
    }

    #[test]
    fn a_token_lives_no_longer_than_its_revocation_is_kept_in_mind() {
        let kept = identity::revocations::Subject::Account(Uuid::nil()).kept();
        assert!(ttl("30d").is_ok_and(|longest| longest < kept));
        for too_long in ["720h 1s", "721h", "31d", "400d"] {
            let line = ["token", "--role", "admin", "--ttl", too_long];
            let error = Line::try_parse_from(line).unwrap_err().to_string();
            assert!(error.contains("30 days at most"), "{error}");
        }
    }

    #[test]
    fn durations_are_written_as_people_do() {
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3_600)));
        assert_eq!(duration("7d"), Ok(Duration::from_secs(604_800)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5_400)));
        assert!(duration("0s").is_err());
        assert!(duration("-1h").is_err());
        assert!(duration("soon").is_err());
        assert!(duration("99999999999999999d").is_err());
    }
}
