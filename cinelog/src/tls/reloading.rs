//! The certificate that is in use, and looking for another one: the files are read every few seconds, and at
//! SIGHUP. What cannot be used is told, and the one that is in use stays.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};

use http_kit::Clock;
use jiff::Timestamp;
use metrics::{Unit, describe_gauge, gauge};
use rustls::{
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use tokio::time::sleep;

use super::certificate::{CertificateError, Contents, Files, Usable};
use crate::{config::TlsConfig, error::Failure};

/// When the certificate in use ends.
const EXPIRES: &str = "cinelog_tls_certificate_expires_seconds";

/// How often the files are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// How often it is said that a certificate is about to expire, or has.
const WARN_EVERY: Duration = Duration::from_secs(60 * 60);

/// So long before its end it is told.
const WARN_BEFORE: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// The certificate of the public address.
pub(crate) struct Certificate {
    files: Files,
    clock: Clock,
    in_use: RwLock<Usable>,
    seen: Mutex<Seen>,
}

/// What is known of the files.
struct Seen {
    /// What was last found in them; `None` where they could not be read.
    contents: Option<Contents>,
    /// What was last told of them.
    trouble: Option<String>,
    warned_at: Option<Timestamp>,
}

impl Certificate {
    /// Reads the files. One that has expired is used all the same, and told: at a start there is no other.
    pub(crate) fn read(config: &TlsConfig, clock: Clock) -> Result<Option<Arc<Self>>, Failure> {
        let (Some(certificate), Some(key)) = (&config.certificate_file, &config.key_file) else {
            return Ok(None);
        };
        let files = Files { certificate: certificate.clone(), key: key.clone() };
        let read = || -> Result<_, CertificateError> {
            let contents = files.read()?;
            let usable = contents.usable()?;
            Ok((contents, usable))
        };
        let (contents, usable) = read().map_err(|error| Failure::Other(error.to_string()))?;
        describe_gauge!(
            EXPIRES,
            Unit::Seconds,
            "When the TLS certificate expires, in seconds since 1970."
        );
        let seen = Seen { contents: Some(contents), trouble: None, warned_at: None };
        let certificate =
            Self { files, clock, in_use: RwLock::new(usable), seen: Mutex::new(seen) };
        certificate.tell_expiry();
        Ok(Some(Arc::new(certificate)))
    }

    /// Looks at the files until the process ends, every few seconds and at SIGHUP.
    pub(crate) async fn watch(&self) {
        let mut asked = Asked::new();
        loop {
            tokio::select! {
                () = sleep(LOOK_EVERY) => self.look(false),
                () = asked.next() => self.look(true),
            }
        }
    }

    /// Takes what is in the files, where it is another than before and can be used.
    fn look(&self, is_asked: bool) {
        let found = self.files.read();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_as_before =
            found.as_ref().ok().is_some_and(|new| seen.contents.as_ref() == Some(new));
        if !is_as_before || is_asked {
            let taken = found.and_then(|contents| {
                let usable = contents.usable().and_then(|usable| usable.valid_at(self.clock.now()));
                seen.contents = Some(contents);
                usable
            });
            match taken {
                Ok(usable) => {
                    let expires = usable.validity.not_after;
                    *self.in_use.write().unwrap_or_else(PoisonError::into_inner) = usable;
                    (seen.trouble, seen.warned_at) = (None, None);
                    tracing::info!(%expires, "TLS goes on with the certificate that is in the files now");
                }
                Err(error) => {
                    let trouble = Some(error.to_string());
                    if seen.trouble != trouble || is_asked {
                        tracing::error!(%error, "TLS goes on with the certificate that it has");
                    }
                    seen.trouble = trouble;
                }
            }
        }
        drop(seen);
        self.tell_expiry();
    }

    /// Tells the metrics when it ends, and the log where that is soon.
    fn tell_expiry(&self) {
        let validity = self.in_use.read().unwrap_or_else(PoisonError::into_inner).validity;
        let (now, expires) = (self.clock.now(), validity.not_after);
        gauge!(EXPIRES).set(expires.as_second() as f64);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_told =
            seen.warned_at.is_some_and(|told| now.duration_since(told).unsigned_abs() < WARN_EVERY);
        if now.duration_until(expires)
            > jiff::SignedDuration::try_from(WARN_BEFORE).unwrap_or_default()
            || is_told
        {
            return;
        }
        seen.warned_at = Some(now);
        match now > expires {
            true => tracing::error!(%expires, "the TLS certificate has expired"),
            false => tracing::warn!(%expires, "the TLS certificate expires soon"),
        }
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.in_use.read().unwrap_or_else(PoisonError::into_inner).key))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("files", &self.files).finish_non_exhaustive()
    }
}

/// SIGHUP, where there is one: whoever runs the process asks for a look now.
struct Asked {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Asked {
    fn new() -> Self {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let signal = signal(SignalKind::hangup());
            if let Err(error) = &signal {
                tracing::warn!(%error, "SIGHUP cannot be received");
            }
            Self { signal: signal.ok() }
        }
        #[cfg(not(unix))]
        Self {}
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending().await
    }
}
