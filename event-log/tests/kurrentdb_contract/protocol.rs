//! The protocol that the server publishes: its `.proto` files, as the client's package carries them, of
//! the version that is built here. Messages are read and written by them as JSON, so that tests speak of
//! fields by their names.

use std::{path::PathBuf, process::Command, sync::LazyLock};

use prost_reflect::{
    DescriptorPool, DeserializeOptions, DynamicMessage, MessageDescriptor, SerializeOptions,
    prost::Message,
};
use serde_json::Value;

/// The files of the services that are spoken with.
const FILES: [&str; 3] = ["streams.proto", "serverfeatures.proto", "gossip.proto"];

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let mut compiler = protox::Compiler::new([folder()]).unwrap();
    compiler.open_files(FILES).unwrap();
    compiler.descriptor_pool()
});

/// Where the package of the client is, of the version in Cargo.lock.
fn folder() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // Packages that only other platforms need may never have been fetched.
    let here = ["--offline", "--filter-platform", "host-tuple"];
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--features", "kurrentdb"])
        .args(here)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == "kurrentdb").unwrap();
    PathBuf::from(package["manifest_path"].as_str().unwrap()).with_file_name("protos")
}

/// A method of a service: `/event_store.client.streams.Streams/Append`.
#[derive(Clone)]
pub(crate) struct Method {
    input: MessageDescriptor,
    output: MessageDescriptor,
}

impl Method {
    /// `None` where no such method is published.
    pub(crate) fn at(path: &str) -> Option<Self> {
        let (service, method) = path.strip_prefix('/')?.split_once('/')?;
        let service = POOL.get_service_by_name(service)?;
        let method = service.methods().find(|candidate| candidate.name() == method)?;
        Some(Self { input: method.input(), output: method.output() })
    }

    /// Reads a request. Every field that has a value is there, also where it is the default.
    pub(crate) fn request(&self, bytes: &[u8]) -> Value {
        let message = DynamicMessage::decode(self.input.clone(), bytes).unwrap();
        assert_eq!(message.unknown_fields().count(), 0, "no such field is published: {message}");
        let options =
            SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(false);
        let options = options.use_proto_field_name(true);
        message.serialize_with_options(serde_json::value::Serializer, &options).unwrap()
    }

    /// Writes an answer.
    pub(crate) fn response(&self, value: &Value) -> Vec<u8> {
        let options = DeserializeOptions::new().deny_unknown_fields(true);
        DynamicMessage::deserialize_with_options(self.output.clone(), value, &options)
            .unwrap_or_else(|error| panic!("{value} is no answer: {error}"))
            .encode_to_vec()
    }
}
