//! The way to a mail server.

use std::{fmt, time::Duration};

use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, Tls as ClientTls, TlsParameters},
    },
};

use super::{Links, Mail};

/// Connections to the server at once.
pub(super) const CONNECTIONS_MAX: usize = 4;

/// How a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// From the first byte (RFC 8314; port 465).
    Implicit,
    /// After `STARTTLS`, without which nothing is sent (port 587).
    Starttls,
    /// Not at all: for a server on the same machine.
    None,
}

/// How a mail server is reached.
#[derive(Clone)]
pub struct SmtpOptions {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: Tls,
    /// Certificates (PEM) that are trusted besides the system's.
    pub ca_pem: Option<Vec<u8>>,
    /// Name and password, where it wants any.
    pub login: Option<(String, String)>,
    /// From whom mails are: `Cinelog <no-reply@films.example>`.
    pub from: String,
    /// How long one step of the conversation may take.
    pub timeout: Duration,
    /// Where tokens are taken.
    pub links: Links,
}

impl fmt::Debug for SmtpOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpOptions").field("host", &self.host).finish_non_exhaustive()
    }
}

/// Why mails cannot be sent, or one was not.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The sender is no address.
    #[error("the sender is not `NAME <ADDRESS>`: {0}")]
    From(#[source] lettre::address::AddressError),
    /// The certificates cannot be read, or the like.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[source] lettre::transport::smtp::Error),
    /// The mail cannot be sent to such an address.
    #[error("the mail cannot be written")]
    Unwritable,
    /// The server did not take it.
    #[error("the mail server did not take it: {reason}")]
    Refused {
        /// What was wrong, without what the server said: that may repeat an address.
        reason: String,
        /// Whether it would take it never.
        is_permanent: bool,
    },
}

/// A way to a mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    links: Links,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").finish_non_exhaustive()
    }
}

impl Smtp {
    /// A way to a server. It is not connected to yet: it may be away.
    ///
    /// # Errors
    /// [`SmtpError::From`], [`SmtpError::Tls`].
    pub fn new(options: SmtpOptions) -> Result<Self, SmtpError> {
        let from = options.from.parse().map_err(SmtpError::From)?;
        let tls = match options.tls {
            Tls::Implicit => ClientTls::Wrapper(parameters(&options)?),
            Tls::Starttls => ClientTls::Required(parameters(&options)?),
            Tls::None => ClientTls::None,
        };
        let mut transport =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(options.host.as_str())
                .port(options.port)
                .tls(tls)
                .timeout(Some(options.timeout));
        if let Some((name, password)) = options.login {
            transport = transport.credentials(Credentials::new(name, password));
        }
        Ok(Self { transport: transport.build(), from, links: options.links })
    }

    /// Sends a mail; returns when the server has taken it.
    ///
    /// # Errors
    /// [`SmtpError::Unwritable`], [`SmtpError::Refused`].
    pub(super) async fn send(&self, mail: &Mail) -> Result<(), SmtpError> {
        let message = self.message(mail).ok_or(SmtpError::Unwritable)?;
        self.transport.send(message).await.map(drop).map_err(|error| SmtpError::Refused {
            reason: reason(&error),
            is_permanent: error.is_permanent(),
        })
    }

    fn message(&self, mail: &Mail) -> Option<Message> {
        let to = Mailbox::new(None, mail.to.parse().ok()?);
        let id = format!("<{}@{}>", mail.id, self.from.email.domain());
        let message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(mail.letter.subject())
            .date(mail.at.into())
            .message_id(Some(id))
            .header(ContentType::TEXT_PLAIN)
            .body(mail.letter.text(&self.links));
        let mut message = message.ok()?;
        // RFC 3834: no out-of-office answers to this.
        message.headers_mut().insert_raw(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ));
        Some(message)
    }
}

fn parameters(options: &SmtpOptions) -> Result<TlsParameters, SmtpError> {
    let mut builder = TlsParameters::builder(options.host.clone());
    if let Some(pem) = &options.ca_pem {
        builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(SmtpError::Tls)?);
    }
    builder.build_rustls().map_err(SmtpError::Tls)
}

/// What is wrong, in words of ours: what a server says may repeat an address.
fn reason(error: &lettre::transport::smtp::Error) -> String {
    let what = match () {
        () if error.is_timeout() => "it did not answer in time",
        () if error.is_tls() => "TLS failed",
        () if error.is_permanent() => "it refuses",
        () if error.is_transient() => "it refuses for now",
        () if error.is_response() => "it says what cannot be understood",
        () if error.is_client() => "it cannot do what is asked of it",
        () => "it cannot be reached",
    };
    match error.status() {
        Some(code) => format!("{what} ({code})"),
        None => what.to_owned(),
    }
}
