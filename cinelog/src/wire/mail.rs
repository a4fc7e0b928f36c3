//! How mails leave: by a server, or into the log where none is configured.

use std::{fs, path::PathBuf};

use identity::mail::{Delivery, Links, Smtp, SmtpOptions, Tls};

use crate::{
    config::{Config, MailTls},
    error::Failure,
    secrets::secret,
};

/// The way that mails leave. A server is not connected to yet: it may be away.
pub(crate) fn mail(config: &Config) -> Result<Delivery, Failure> {
    let mail = &config.mail;
    let Some(host) = &mail.host else { return Ok(Delivery::Log) };
    let certificates = |file: &PathBuf| {
        fs::read(file).map_err(|error| Failure::KeyFile {
            key: "mail.ca_file".to_owned(),
            reason: format!("{}: {error}", file.display()),
        })
    };
    let ca_pem = mail.ca_file.as_ref().map(certificates).transpose()?;
    let password = secret("mail.password", &mail.password, mail.password_file.as_deref())?;
    let options = SmtpOptions {
        host: host.clone(),
        port: mail.port(),
        tls: match mail.tls {
            MailTls::Implicit => Tls::Implicit,
            MailTls::Starttls => Tls::Starttls,
            MailTls::None => Tls::None,
        },
        ca_pem,
        login: password.map(|password| (mail.username.clone(), password)),
        from: mail.from.clone(),
        timeout: mail.timeout,
        links: Links {
            verification: mail.verification_link.clone(),
            password_reset: mail.password_reset_link.clone(),
        },
    };
    let smtp = Smtp::new(options).map_err(|error| Failure::Other(format!("mail: {error}")))?;
    Ok(Delivery::Smtp(Box::new(smtp)))
}
