//! `[mail]`: how mails to people leave.

use std::{net::IpAddr, path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Secret, duration, within};

/// How mails to people leave: over SMTP. Without a server, what a mail would say is written to the log, for who
/// tries things out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MailConfig {
    /// The mail server, such as `smtp.films.example`. Unset: mails are written to the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) host: Option<String>,
    /// Its port. Unset: 465, 587 or 25, as `tls` says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) port: Option<u16>,
    /// `implicit` (encrypted from the start), `starttls` (nothing is sent without), or `none`, which is taken for
    /// a server on this machine only (`localhost`, `127.0.0.1`, `::1`).
    pub(crate) tls: MailTls,
    /// A file with certificates (PEM) to trust besides those of this machine.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The name to log in with, where the server wants one.
    pub(crate) username: String,
    /// The password.
    pub(crate) password: Secret,
    /// The same, kept in this file. Only one of the two can be set.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// From whom mails are: `NAME <ADDRESS>`.
    pub(crate) from: String,
    /// How long one step of the conversation with the server may take.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) timeout: Duration,
    /// Where your site takes the token that verifies an address, such as
    /// `https://films.example/verify#{token}`. Unset: the mail shows the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verification_link: Option<String>,
    /// Where your site takes the token that sets a new password. Unset: the mail shows the token itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) password_reset_link: Option<String>,
}

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailTls {
    /// From the first byte.
    Implicit,
    /// After `STARTTLS`.
    Starttls,
    /// Not at all.
    None,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            host: None,
            port: None,
            tls: MailTls::Starttls,
            ca_file: None,
            username: String::new(),
            password: Secret::default(),
            password_file: None,
            from: "Cinelog <no-reply@localhost>".to_owned(),
            timeout: Duration::from_secs(20),
            verification_link: None,
            password_reset_link: None,
        }
    }
}

impl MailConfig {
    /// The port of the server.
    pub(crate) fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::Implicit => 465,
            MailTls::Starttls => 587,
            MailTls::None => 25,
        })
    }

    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        let milliseconds = self.timeout.as_millis();
        within(wrong, "mail.timeout in milliseconds", milliseconds, 100..=600_000);
        if self.password.reveal().is_some() && self.password_file.is_some() {
            wrong.push(
                "mail.password_file: the password is given by mail.password already".to_owned(),
            );
        }
        let has_password = self.password.reveal().is_some() || self.password_file.is_some();
        if has_password && self.username.is_empty() {
            wrong.push("mail.username: a password needs a name".to_owned());
        }
        if has_password && self.tls == MailTls::None {
            wrong.push(
                "mail.tls: a password is not sent over a connection that others can read"
                    .to_owned(),
            );
        }
        let host = self.host.as_deref().filter(|_| self.tls == MailTls::None);
        if host.is_some_and(|host| !is_this_machine(host)) {
            wrong.push(
                "mail.tls: only to a server on this machine is sent without encryption: mails hold tokens that \
                 set passwords"
                    .to_owned(),
            );
        }
        for (key, link) in [
            ("verification_link", &self.verification_link),
            ("password_reset_link", &self.password_reset_link),
        ] {
            if link.as_ref().is_some_and(|link| !link.contains("{token}")) {
                wrong.push(format!("mail.{key}: expected an address with {{token}} in it"));
            }
        }
    }
}

/// Whether what is sent to `host` stays on this machine.
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(host: &str, tls: MailTls) -> Vec<String> {
        let mut wrong = Vec::new();
        MailConfig { host: Some(host.to_owned()), tls, ..MailConfig::default() }.check(&mut wrong);
        wrong
    }

    #[test]
    fn what_sets_passwords_leaves_this_machine_encrypted_or_not_at_all() {
        for here in ["localhost", "LOCALHOST", "127.0.0.1", "127.8.0.1", "::1", "[::1]"] {
            assert!(wrong(here, MailTls::None).is_empty(), "{here}");
        }
        let others = ["smtp.films.example", "192.0.2.1", "localhost.films.example", "::2", "mail"];
        for other in others {
            let wrong_there = wrong(other, MailTls::None).join("; ");
            assert!(wrong_there.contains("mail.tls"), "{other}: {wrong_there}");
            for tls in [MailTls::Starttls, MailTls::Implicit] {
                assert!(wrong(other, tls).is_empty(), "{other} by {tls:?}");
            }
        }
    }

    #[test]
    fn without_a_server_nothing_leaves() {
        let mut wrong = Vec::new();
        MailConfig { tls: MailTls::None, ..MailConfig::default() }.check(&mut wrong);
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
