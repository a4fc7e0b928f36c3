//! Objects in a bucket of a store that speaks S3.

mod connector;

use std::{fmt, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3Builder, S3ConditionalPut},
    prefix::PrefixStore,
};

use self::connector::Connector;
use crate::{Limits, Objects, ObjectsError, place::Place};

/// The first wait before a request is repeated; each is longer than the one before, and none as long as
/// the second.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// Which bucket, and whose keys.
#[derive(Clone)]
pub struct S3Options {
    /// The bucket, which must be there.
    pub bucket: String,
    /// What the names of all our objects begin with there, without a slash at the end; may be empty.
    pub prefix: String,
    /// Where requests go, such as `https://s3.example`; AWS where it is `None`. `http://` is unencrypted.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// The id of the key that signs requests.
    pub access_key_id: String,
    /// The key.
    pub secret_access_key: String,
    /// Whether the bucket is a part of the host's name rather than of the path.
    pub is_virtual_hosted: bool,
}

impl Objects {
    /// Those of a bucket. Nothing is connected yet.
    ///
    /// # Errors
    /// Where the options cannot be used.
    pub fn in_bucket(options: &S3Options, limits: Limits) -> Result<Self, ObjectsError> {
        let is_open = options.endpoint.as_ref().is_some_and(|at| at.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&options.bucket)
            .with_region(&options.region)
            .with_access_key_id(&options.access_key_id)
            .with_secret_access_key(&options.secret_access_key)
            .with_virtual_hosted_style_request(options.is_virtual_hosted)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_client_options(ClientOptions::new().with_allow_http(is_open))
            .with_http_connector(Connector { timeout: limits.timeout })
            .with_retry(RetryConfig {
                max_retries: limits.retries_max,
                retry_timeout: limits.timeout,
                backoff: BackoffConfig {
                    init_backoff: BACKOFF_MIN,
                    max_backoff: BACKOFF_MAX,
                    base: 2.0,
                },
            });
        if let Some(endpoint) = &options.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build()?;
        let store = PrefixStore::new(store, options.prefix.as_str());
        let place = Place::Bucket(options.to_string());
        Ok(Self { store: Arc::new(store), place, limits })
    }
}

/// Where it is, without the keys.
impl fmt::Display for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bucket {}", self.bucket)?;
        if !self.prefix.is_empty() {
            write!(f, ", below {}", self.prefix)?;
        }
        match &self.endpoint {
            Some(endpoint) => write!(f, ", at {endpoint}"),
            None => write!(f, ", at AWS in {}", self.region),
        }
    }
}

/// As [`fmt::Display`]: the key is shown to nobody.
impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Options({self})")
    }
}
