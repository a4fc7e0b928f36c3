//! `[telemetry]`: where traces go.

use std::{path::PathBuf, time::Duration};

use http::Uri;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{duration, within};

/// Where traces go. Of use only where the binary was built with the feature `otlp`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TelemetryConfig {
    /// Where spans are sent, over OTLP/HTTP in protobuf: the address of an OpenTelemetry Collector or of
    /// whoever speaks as it does, such as `http://localhost:4318`. `/v1/traces` is added to it. Unset:
    /// nothing is recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_endpoint: Option<String>,
    /// A file with more headers to send there, one `Name: value` a line: keys of a service, say.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_headers_file: Option<PathBuf>,
    /// A file with certificates (PEM) to trust besides those of this machine, where the address is one of
    /// `https:`.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) otlp_ca_file: Option<PathBuf>,
    /// How long sending spans may take before they are given up.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) otlp_timeout: Duration,
    /// The name of this service in traces.
    pub(crate) service_name: String,
    /// The part of requests that is recorded, 0 to 1, of those whose client says nothing about it. What
    /// its `traceparent` says is done, whatever stands here.
    pub(crate) sampling_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_endpoint: None,
            otlp_headers_file: None,
            otlp_ca_file: None,
            otlp_timeout: Duration::from_secs(10),
            service_name: "cinelog".to_owned(),
            sampling_ratio: 1.0,
        }
    }
}

impl TelemetryConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        if let Some(endpoint) = &self.otlp_endpoint {
            if !cfg!(feature = "otlp") {
                wrong.push(
                    "telemetry.otlp_endpoint: this binary was built without OpenTelemetry: build it \
                     with `cargo build --release --features otlp`, or use the Docker image"
                        .to_owned(),
                );
            }
            if !is_base(endpoint) {
                // Not shown: somebody may have written a password into it.
                wrong.push(
                    "telemetry.otlp_endpoint: expected http://HOST:PORT or https://HOST:PORT, \
                     without user, password or query"
                        .to_owned(),
                );
            }
        }
        let milliseconds = self.otlp_timeout.as_millis();
        within(wrong, "telemetry.otlp_timeout in milliseconds", milliseconds, 100..=60_000);
        within(wrong, "telemetry.sampling_ratio", self.sampling_ratio, 0.0..=1.0);
        if self.service_name.trim().is_empty() {
            wrong.push("telemetry.service_name: expected a text that is not empty".to_owned());
        }
    }
}

fn is_base(endpoint: &str) -> bool {
    let Ok(uri) = endpoint.parse::<Uri>() else { return false };
    let is_plain =
        uri.authority().is_some_and(|at| !at.host().is_empty() && !at.as_str().contains('@'));
    matches!(uri.scheme_str(), Some("http" | "https")) && is_plain && uri.query().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(endpoint: &str) -> String {
        let mut wrong = Vec::new();
        let otlp_endpoint = Some(endpoint.to_owned());
        TelemetryConfig { otlp_endpoint, ..TelemetryConfig::default() }.check(&mut wrong);
        wrong.join("\n")
    }

    #[cfg(feature = "otlp")]
    #[test]
    fn an_address_may_have_a_path() {
        for good in ["http://localhost:4318", "https://traces.example/otlp", "http://[::1]:4318/"] {
            assert_eq!(wrong(good), "", "{good}");
        }
    }

    #[test]
    fn what_is_no_address_is_named_and_not_shown() {
        for bad in
            ["localhost:4318", "grpc://h:4317", "http://u:secret@h:4318", "http://h/?k=secret"]
        {
            let wrong = wrong(bad);
            assert!(wrong.contains("telemetry.otlp_endpoint: expected http://"), "{bad}: {wrong}");
            assert!(!wrong.contains("secret"), "{wrong}");
        }
    }

    #[cfg(not(feature = "otlp"))]
    #[test]
    fn a_binary_without_opentelemetry_says_how_to_get_one_with_it() {
        let wrong = wrong("http://localhost:4318");
        for part in ["telemetry.otlp_endpoint", "--features otlp", "Docker"] {
            assert!(wrong.contains(part), "{part} in {wrong}");
        }
    }

    #[test]
    fn a_ratio_is_a_part_of_one() {
        for ratio in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            let mut wrong = Vec::new();
            TelemetryConfig { sampling_ratio: ratio, ..TelemetryConfig::default() }
                .check(&mut wrong);
            assert_eq!(wrong.len(), 1, "{ratio}: {wrong:?}");
        }
    }
}
