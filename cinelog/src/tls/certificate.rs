//! A certificate and its key, as they stand in two files: read, and looked at whether they fit and are valid.

use std::{fs, path::PathBuf, sync::Arc};

use jiff::Timestamp;
use rustls::{
    InconsistentKeys,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::validity::{Validity, validity};

/// Files larger than this hold no certificate.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Where they are.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What was read of both, in bytes: it is looked at again only where it is another.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// A certificate that can be used.
#[derive(Debug)]
pub(super) struct Usable {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) validity: Validity,
}

/// Why it cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum CertificateError {
    #[error("{0}: {1}")]
    Unreadable(PathBuf, std::io::Error),
    #[error("{0}: larger than 1 MiB, which no certificate is")]
    TooLarge(PathBuf),
    #[error("server.tls.certificate_file: {0}")]
    NoCertificate(String),
    #[error("server.tls.key_file: {0}")]
    NoKey(String),
    #[error("server.tls: the key does not belong to the certificate")]
    OtherKey,
    #[error("server.tls: the certificate expired at {0}")]
    Expired(Timestamp),
    #[error("server.tls: the certificate is not valid before {0}")]
    NotYet(Timestamp),
}

impl Files {
    pub(super) fn read(&self) -> Result<Contents, CertificateError> {
        let read = |path: &PathBuf| {
            let unreadable = |error| CertificateError::Unreadable(path.clone(), error);
            if fs::metadata(path).map_err(unreadable)?.len() > FILE_BYTES_MAX {
                return Err(CertificateError::TooLarge(path.clone()));
            }
            fs::read(path).map_err(unreadable)
        };
        Ok(Contents { certificate: read(&self.certificate)?, key: read(&self.key)? })
    }
}

impl Contents {
    /// The certificate with what leads to its root, and its key: PKCS#8, PKCS#1 or SEC1.
    pub(super) fn usable(&self) -> Result<Usable, CertificateError> {
        let no_certificate =
            |why: &dyn std::fmt::Display| CertificateError::NoCertificate(why.to_string());
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, _>>()
            .map_err(|error| no_certificate(&error))?;
        let first =
            chain.first().ok_or_else(|| no_certificate(&"there is no certificate in it"))?;
        let validity =
            validity(first).ok_or_else(|| no_certificate(&"it is no X.509 certificate"))?;
        // The error may repeat what it could not read.
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| {
            CertificateError::NoKey("there is no private key in it, as PEM".to_owned())
        })?;
        let key = ring::sign::any_supported_type(&key).map_err(|_| {
            CertificateError::NoKey("the key is of a kind that is not known".to_owned())
        })?;
        let key = CertifiedKey::new(chain, key);
        match key.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
            Err(rustls::Error::InconsistentKeys(_)) => return Err(CertificateError::OtherKey),
            Err(error) => return Err(no_certificate(&error)),
        }
        Ok(Usable { key: Arc::new(key), validity })
    }
}

impl Usable {
    /// It, where it is valid now.
    pub(super) fn valid_at(self, now: Timestamp) -> Result<Self, CertificateError> {
        let Validity { not_before, not_after } = self.validity;
        match now {
            now if now > not_after => Err(CertificateError::Expired(not_after)),
            now if now < not_before => Err(CertificateError::NotYet(not_before)),
            _ => Ok(self),
        }
    }
}
