//! Objects: a folder, or a bucket.

use objects::Objects;

use crate::{
    config::{Config, ObjectsUrl},
    data_dir::DataDir,
    error::Failure,
};

/// Opens the store of objects. A server is not connected to yet: it may be away.
pub(crate) fn objects(config: &Config, data: &DataDir) -> Result<Objects, Failure> {
    match &config.objects.url {
        ObjectsUrl::File(path) => {
            Ok(Objects::in_folder(&data.file(path), config.objects.limits())?)
        }
        ObjectsUrl::S3 { bucket, prefix } => in_bucket(config, bucket, prefix),
    }
}

#[cfg(feature = "s3")]
fn in_bucket(config: &Config, bucket: &str, prefix: &str) -> Result<Objects, Failure> {
    let options = objects::S3Options {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
        endpoint: config.objects.endpoint.clone(),
        region: config.objects.region.clone(),
        access_key_id: config.objects.access_key_id.clone(),
        secret_access_key: crate::keys::objects(config)?,
        is_virtual_hosted: config.objects.virtual_hosted,
    };
    Ok(Objects::in_bucket(&options, config.objects.limits())?)
}

/// The configuration is refused before it comes to this, and says how to get a binary that can.
#[cfg(not(feature = "s3"))]
fn in_bucket(_: &Config, bucket: &str, _: &str) -> Result<Objects, Failure> {
    Err(Failure::Other(format!("this binary was built without S3, where the bucket {bucket} is")))
}
