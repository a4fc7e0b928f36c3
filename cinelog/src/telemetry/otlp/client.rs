//! How spans are sent: over which connection, with which headers.

use std::{collections::HashMap, path::Path, sync::Arc};

use http::{HeaderName, HeaderValue};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::{config::TelemetryConfig, error::Failure, secrets};

/// The most bytes that a file of headers has.
const HEADERS_BYTES_MAX: u64 = 64 * 1024;

/// A client with the certificates that it trusts. It follows no redirects: what it sends has keys in it.
pub(super) fn new(config: &TelemetryConfig) -> Result<reqwest::Client, Failure> {
    let fails = |what: String| Failure::Other(format!("telemetry: {what}"));
    let mut roots = RootCertStore::empty();
    let is_https = config.otlp_endpoint.as_deref().is_some_and(|url| url.starts_with("https:"));
    if is_https {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some(file) = &config.otlp_ca_file {
        let unreadable = |error: &dyn std::fmt::Display| {
            fails(format!("the certificates in {} cannot be read: {error}", file.display()))
        };
        let certificates = CertificateDer::pem_file_iter(file).map_err(|e| unreadable(&e))?;
        for certificate in certificates {
            roots
                .add(certificate.map_err(|e| unreadable(&e))?)
                .map_err(|error| unreadable(&error))?;
        }
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| fails(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(config.otlp_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| fails(error.to_string()))
}

/// The headers of the file that the configuration names.
pub(super) fn headers(config: &TelemetryConfig) -> Result<HashMap<String, String>, Failure> {
    let Some(file) = &config.otlp_headers_file else { return Ok(HashMap::new()) };
    read(file).map_err(|what| {
        Failure::Other(format!("telemetry.otlp_headers_file: {}: {what}", file.display()))
    })
}

fn read(file: &Path) -> Result<HashMap<String, String>, String> {
    let text = secrets::text(file, HEADERS_BYTES_MAX).map_err(|error| error.to_string())?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    // The lines themselves are secrets.
    lines
        .map(|(number, line)| {
            header(line).ok_or_else(|| format!("line {} is no `Name: value`", number + 1))
        })
        .collect()
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let (name, value) = (name.trim(), value.trim());
    let is_header = name.parse::<HeaderName>().is_ok()
        && value.parse::<HeaderValue>().is_ok()
        && !value.is_empty();
    is_header.then(|| (name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str) -> Result<HashMap<String, String>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path())
    }

    #[test]
    fn headers_are_read_a_line_each() {
        let headers = written("Authorization: Bearer a:b\n\n X-Tenant :films \n").unwrap();
        assert_eq!(headers.len(), 2);
        assert_eq!(headers["Authorization"], "Bearer a:b");
        assert_eq!(headers["X-Tenant"], "films");
    }

    #[test]
    fn a_line_that_is_none_is_named_by_its_number_and_not_shown() {
        for bad in ["A: b\nsecret", "A: b\nsec ret: x", "A: b\nsecret:"] {
            let error = written(bad).unwrap_err();
            assert!(error.contains("line 2") && !error.contains("sec"), "{error}");
        }
    }

    #[test]
    fn a_file_without_end_is_refused() {
        assert!(written(&"A: b\n".repeat(20_000)).is_err());
    }
}
