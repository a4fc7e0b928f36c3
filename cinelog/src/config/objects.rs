//! `[objects]`: where files are kept that are too large for events.

use std::{fmt, path::PathBuf, time::Duration};

use ::objects::{Folder, Limits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::{Secret, duration, within};

/// Files that are too large for events: posters, exports.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ObjectsConfig {
    /// Which store, and where: `file:PATH`, a folder, relative to the data folder; or `s3://BUCKET/PREFIX`, a
    /// bucket that is there already, where the binary was built with the feature `s3`.
    pub(crate) url: ObjectsUrl,
    /// The store that speaks S3, such as `https://s3.example`. Unset: AWS. `http://` is not encrypted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// The region that requests to it are signed for.
    pub(crate) region: String,
    /// The id of the key that signs requests to it.
    pub(crate) access_key_id: String,
    /// The key itself.
    pub(crate) secret_access_key: Secret,
    /// The same, kept in this file. Only one of the two can be set.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_access_key_file: Option<PathBuf>,
    /// Whether the bucket is a part of the host's name (`https://BUCKET.s3.example/`) rather than of the path.
    pub(crate) virtual_hosted: bool,
    /// The largest object, in bytes.
    pub(crate) object_bytes_max: u64,
    /// How long one step may take: a request with all its repetitions, or the next part of a content.
    #[serde(with = "duration")]
    #[schemars(with = "String")]
    pub(crate) timeout: Duration,
    /// How often a request is repeated that failed, where it may be.
    pub(crate) retries_max: usize,
}

/// Where objects are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub(crate) enum ObjectsUrl {
    /// `file:PATH`: a folder, relative to the data folder.
    File(PathBuf),
    /// `s3://BUCKET/PREFIX`.
    S3 {
        /// The bucket.
        bucket: String,
        /// What the names of our objects begin with there; may be empty.
        prefix: String,
    },
}

impl Default for ObjectsConfig {
    fn default() -> Self {
        let Limits { object_bytes_max, timeout, retries_max } = Limits::default();
        Self {
            url: ObjectsUrl::File("objects".into()),
            endpoint: None,
            region: "us-east-1".to_owned(),
            access_key_id: String::new(),
            secret_access_key: Secret::default(),
            secret_access_key_file: None,
            virtual_hosted: false,
            object_bytes_max,
            timeout,
            retries_max,
        }
    }
}

impl ObjectsConfig {
    pub(super) fn check(&self, wrong: &mut Vec<String>) {
        let milliseconds = self.timeout.as_millis();
        within(wrong, "objects.timeout in milliseconds", milliseconds, 100..=600_000);
        within(wrong, "objects.retries_max", self.retries_max, 0..=10);
        within(wrong, "objects.object_bytes_max", self.object_bytes_max, 1_024..=1 << 36);
        if matches!(self.url, ObjectsUrl::S3 { .. }) {
            self.check_s3(wrong);
        }
    }

    fn check_s3(&self, wrong: &mut Vec<String>) {
        if !cfg!(feature = "s3") {
            wrong.push(
                "objects.url: this binary was built without S3; build it with \
                 `cargo build --release --features s3`, or use the Docker image"
                    .to_owned(),
            );
        }
        if self.endpoint.as_ref().is_some_and(|endpoint| !is_endpoint(endpoint)) {
            // Not repeated: a login may be in it.
            wrong.push(
                "objects.endpoint: expected https://HOST:PORT, without a login or a path"
                    .to_owned(),
            );
        }
        if self.access_key_id.is_empty() {
            wrong.push("objects.access_key_id: s3://… needs one".to_owned());
        }
        match (self.secret_access_key.reveal(), &self.secret_access_key_file) {
            (None, None) => wrong.push(
                "objects.secret_access_key: s3://… needs one, or objects.secret_access_key_file"
                    .to_owned(),
            ),
            (Some(_), Some(_)) => wrong.push(
                "objects.secret_access_key_file: the key is given by objects.secret_access_key already"
                    .to_owned(),
            ),
            _ => {}
        }
    }

    /// The bounds of the store.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            object_bytes_max: self.object_bytes_max,
            timeout: self.timeout,
            retries_max: self.retries_max,
        }
    }
}

/// `http://` or `https://`, a host, and a port or none.
fn is_endpoint(endpoint: &str) -> bool {
    let rest = endpoint.strip_prefix("https://").or_else(|| endpoint.strip_prefix("http://"));
    let host = rest.map(|rest| rest.strip_suffix('/').unwrap_or(rest)).unwrap_or_default();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '[' | ']' | ':');
    !host.is_empty() && host.chars().all(is_plain)
}

impl TryFrom<String> for ObjectsUrl {
    type Error = String;

    fn try_from(url: String) -> Result<Self, Self::Error> {
        let expected =
            || "expected file:PATH (such as file:objects) or s3://BUCKET/PREFIX".to_owned();
        match url.split_once(':') {
            Some(("file", path)) if !path.trim_start_matches('/').is_empty() => {
                Ok(Self::File(path.into()))
            }
            Some(("s3", rest)) => {
                let rest = rest.strip_prefix("//").ok_or_else(expected)?;
                let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
                let prefix = prefix.trim_end_matches('/');
                let is_plain =
                    |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c);
                if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(is_plain) {
                    // Not repeated: a login may be in it.
                    return Err(
                        "the bucket's name: expected 3 to 63 of a-z, 0-9, '.' and '-'".to_owned()
                    );
                }
                if !prefix.is_empty() {
                    Folder::new(prefix).map_err(|error| format!("the prefix: {error}"))?;
                }
                Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
            }
            _ => Err(expected()),
        }
    }
}

impl fmt::Display for ObjectsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

impl From<ObjectsUrl> for String {
    fn from(url: ObjectsUrl) -> Self {
        url.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str) -> Result<ObjectsUrl, String> {
        ObjectsUrl::try_from(url.to_owned())
    }

    #[test]
    fn the_scheme_says_which_store() {
        assert_eq!(url("file:objects"), Ok(ObjectsUrl::File("objects".into())));
        assert_eq!(url("file:/srv/objects"), Ok(ObjectsUrl::File("/srv/objects".into())));
        for (written, shown) in [
            ("s3://films", "s3://films"),
            ("s3://films/", "s3://films"),
            ("s3://films/a/b/", "s3://films/a/b"),
        ] {
            assert_eq!(url(written).unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for wrong in [
            "",
            "objects",
            "file:",
            "file:///",
            "s3:films",
            "s3://x",
            "s3://key:secret@films/a",
            "s3://Films",
            "s3://films/../a",
            "s3://films/a//b",
            "https://secret",
        ] {
            let error = url(wrong).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
        for wrong in
            ["s3.example", "https://", "https://key:secret@s3.example", "http://s3.example/bucket"]
        {
            assert!(!is_endpoint(wrong), "{wrong}");
        }
        for right in ["https://s3.example", "http://127.0.0.1:17070/", "https://[::1]:9000"] {
            assert!(is_endpoint(right), "{right}");
        }
    }

    #[test]
    fn a_bucket_whose_name_cannot_be_one_is_told_from_an_address_that_cannot() {
        for wrong in ["s3://b/x", "s3://", "s3://Films", "s3://key:secret@films/a"] {
            let error = url(wrong).unwrap_err();
            assert!(error.contains("the bucket's name: expected 3 to 63"), "{wrong}: {error}");
        }
        let error = url("s3:films").unwrap_err();
        assert!(error.contains("s3://BUCKET/PREFIX"), "{error}");
    }

    #[test]
    fn a_bucket_needs_keys_and_one_way_to_give_them() {
        let s3 = || ObjectsConfig { url: url("s3://films").unwrap(), ..ObjectsConfig::default() };
        let wrong = |config: ObjectsConfig| {
            let mut wrong = Vec::new();
            config.check(&mut wrong);
            wrong.retain(|line| !line.contains("built without S3"));
            wrong
        };
        assert_eq!(wrong(s3()).len(), 2, "{:?}", wrong(s3()));
        let file = Some(PathBuf::from("secret"));
        let keys =
            ObjectsConfig { access_key_id: "id".to_owned(), secret_access_key_file: file, ..s3() };
        assert_eq!(wrong(keys), Vec::<String>::new());
        assert_eq!(wrong(ObjectsConfig::default()), Vec::<String>::new());
    }

    #[cfg(not(feature = "s3"))]
    #[test]
    fn a_binary_without_s3_says_how_to_get_one_with_it() {
        let config = ObjectsConfig { url: url("s3://films").unwrap(), ..ObjectsConfig::default() };
        let mut wrong = Vec::new();
        config.check(&mut wrong);
        assert!(
            wrong[0].contains("objects.url") && wrong[0].contains("--features s3"),
            "{wrong:?}"
        );
    }
}
