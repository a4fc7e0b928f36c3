//! `cinelog token`.

use std::time::Duration;

use clap::Args;
use identity::Role;
use uuid::Uuid;

/// `cinelog token`.
#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// What its bearer may do: viewer, member (rates films), editor (edits films) or admin
    #[arg(long)]
    pub(crate) role: Role,
    /// How long it is good, such as 30m, 1h or 7d
    #[arg(long, default_value = "1h", value_parser = duration)]
    pub(crate) ttl: Duration,
    /// Whose token it is [default: a new account]
    #[arg(long, value_name = "UUID")]
    pub(crate) account: Option<Uuid>,
}

fn duration(text: &str) -> Result<Duration, String> {
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
    use super::*;

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
