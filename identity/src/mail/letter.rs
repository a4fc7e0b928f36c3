//! What mails say.

use std::time::Duration;

/// What a mail is about. Tokens are never shown by `Debug`.
#[derive(Clone)]
pub enum Letter {
    /// Show that this address is yours.
    Verification {
        /// With this.
        token: String,
        /// For so long.
        good_for: Duration,
    },
    /// Somebody registered with an address that has an account.
    AlreadyRegistered {
        /// A new password can be set with this.
        token: String,
        /// For so long.
        good_for: Duration,
    },
    /// A new password was asked for.
    PasswordReset {
        /// It can be set with this.
        token: String,
        /// For so long.
        good_for: Duration,
    },
    /// The password is another now.
    PasswordChanged,
}

/// Where a site takes tokens; `{token}` stands for the token.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// Where an address is verified.
    pub verification: Option<String>,
    /// Where a new password is set.
    pub password_reset: Option<String>,
}

impl Letter {
    /// What kind of mail it is, for metrics and logs.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "verification",
            Self::AlreadyRegistered { .. } => "already_registered",
            Self::PasswordReset { .. } => "password_reset",
            Self::PasswordChanged => "password_changed",
        }
    }

    pub(super) fn subject(&self) -> &'static str {
        match self {
            Self::Verification { .. } => "Cinelog: confirm your e-mail address",
            Self::AlreadyRegistered { .. } => "Cinelog: you have an account already",
            Self::PasswordReset { .. } => "Cinelog: set a new password",
            Self::PasswordChanged => "Cinelog: your password was changed",
        }
    }

    pub(super) fn text(&self, links: &Links) -> String {
        match self {
            Self::Verification { token, good_for } => format!(
                "Welcome to Cinelog.\n\n\
                 To confirm that this address is yours, {}\n\n\
                 This can be done once, within {}. If it was not you who registered just now, ignore \
                 this mail, and do not confirm: without it there will be no account.\n",
                verification(token, links),
                span(*good_for)
            ),
            Self::AlreadyRegistered { token, good_for } => format!(
                "Somebody, perhaps you, tried to register at Cinelog with this address, which has an \
                 account already. Nothing was changed.\n\n\
                 If you have forgotten your password, {}\n\n\
                 This can be done once, within {}. If it was not you, ignore this mail.\n",
                reset(token, links),
                span(*good_for)
            ),
            Self::PasswordReset { token, good_for } => format!(
                "To set a new password for your account at Cinelog, {}\n\n\
                 This can be done once, within {}. If you did not ask for it, ignore this mail: your \
                 password stays as it is.\n",
                reset(token, links),
                span(*good_for)
            ),
            Self::PasswordChanged => {
                "The password of your account at Cinelog was changed, and all other sessions were ended.\
                 \n\nIf it was not you, set a new one at once: ask for a mail to reset your password.\n"
                    .to_owned()
            }
        }
    }
}

/// A time in words, rounded down: in days, hours or minutes, the longest that fits twice or exactly.
fn span(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    let (count, unit) = match minutes {
        m if m >= 2 * 24 * 60 => (m / (24 * 60), "day"),
        m if m >= 2 * 60 || m == 60 => (m / 60, "hour"),
        m => (m, "minute"),
    };
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {unit}{plural}")
}

fn verification(token: &str, links: &Links) -> String {
    match &links.verification {
        Some(link) => format!("open this link:\n\n{}", link.replace("{token}", token)),
        None => format!(
            "send this token:\n\n{token}\n\n(POST /v1/account/verification with {{\"token\": \"…\"}})"
        ),
    }
}

fn reset(token: &str, links: &Links) -> String {
    match &links.password_reset {
        Some(link) => format!("open this link:\n\n{}", link.replace("{token}", token)),
        None => format!(
            "use this token:\n\n{token}\n\n(POST /v1/account/password-reset with \
             {{\"token\": \"…\", \"new_password\": \"…\"}})"
        ),
    }
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_carries_the_token_and_without_one_the_token_stands_alone() {
        let letter = Letter::PasswordReset {
            token: "t0ken".to_owned(),
            good_for: Duration::from_secs(3600),
        };
        assert!(letter.text(&Links::default()).contains("\n\nt0ken\n\n"));
        let link = Some("https://films.example/reset#{token}".to_owned());
        let links = Links { password_reset: link, ..Links::default() };
        assert!(letter.text(&links).contains("\n\nhttps://films.example/reset#t0ken\n\n"));
        assert!(!format!("{letter:?}").contains("t0ken"));
    }
    #[test]
    fn a_mail_says_how_long_its_token_is_good() {
        for (seconds, said) in [
            (60, "1 minute."),
            (5_400, "90 minutes."),
            (3_600, "1 hour."),
            (86_400, "24 hours."),
            (259_200, "3 days."),
        ] {
            let good_for = Duration::from_secs(seconds);
            let letter = Letter::Verification { token: "t0ken".to_owned(), good_for };
            assert!(letter.text(&Links::default()).contains(&format!("within {said}")), "{said}");
        }
    }
}
