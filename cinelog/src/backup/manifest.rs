//! The manifest: what an archive holds, and how to tell that all of it is there. Knows no files.

use events::{Digest, Position};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::error::BackupError;

/// The format that is written, and the newest that is read.
/// 2: with what accounts there are.
pub(super) const FORMAT: u32 = 2;

/// A key file is no longer than this, in bytes; ours have up to 119.
pub(super) const KEY_BYTES_MAX: u64 = 16 << 10;

/// A file that a backup may hold. There are no others, so that nothing in an archive can choose where
/// it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum MemberName {
    /// What signs access tokens.
    #[serde(rename = "signing-key.pem")]
    SigningKey,
    /// What signs page cursors.
    #[serde(rename = "cursor-key")]
    CursorKey,
    /// Accounts and the audit trail, one SQLite file.
    #[serde(rename = "identity.db")]
    Identity,
    /// The event log, one SQLite file.
    #[serde(rename = "log.db")]
    Log,
}

impl MemberName {
    /// The name in the archive.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::SigningKey => "signing-key.pem",
            Self::CursorKey => "cursor-key",
            Self::Identity => "identity.db",
            Self::Log => "log.db",
        }
    }

    /// Whether it is a key: short.
    pub(super) fn is_key(self) -> bool {
        matches!(self, Self::SigningKey | Self::CursorKey)
    }
}

/// A file in the archive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Member {
    /// Which.
    pub(super) name: MemberName,
    /// Its length.
    pub(super) bytes: u64,
    /// The SHA-256 of its bytes, in hexadecimal.
    pub(super) sha256: String,
}

/// What an archive holds. Its first member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// [`FORMAT`].
    pub(super) format: u32,
    /// The version of Cinelog that made it.
    pub(super) cinelog: String,
    /// When it was made.
    pub(super) made_at: Timestamp,
    /// The position of the log's last event.
    pub(super) position: Position,
    /// Count and hash of all events.
    #[serde(with = "digest")]
    pub(super) digest: Digest,
    /// The files that follow, in their order.
    pub(super) members: Vec<Member>,
}

impl Manifest {
    /// The name of the manifest itself.
    pub(super) const NAME: &str = "manifest.json";

    /// It is no longer than this, in bytes.
    pub(super) const BYTES_MAX: u64 = 64 << 10;

    /// Reads a manifest.
    ///
    /// # Errors
    /// Where it is none, or a newer one; and where what it lists cannot be a backup.
    pub(super) fn parse(json: &[u8]) -> Result<Self, BackupError> {
        /// What every format has.
        #[derive(Deserialize)]
        struct Any {
            format: u64,
            #[serde(default)]
            cinelog: String,
        }
        let any: Any = serde_json::from_slice(json).map_err(unreadable)?;
        if any.format > u64::from(FORMAT) {
            let cinelog = any.cinelog.escape_debug().take(32).collect();
            return Err(BackupError::NewerFormat { found: any.format, cinelog });
        }
        let manifest: Self = serde_json::from_slice(json).map_err(unreadable)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// What holds of every manifest, whoever wrote it.
    fn check(&self) -> Result<(), BackupError> {
        let wrong = |reason: String| Err(BackupError::Damaged(format!("its manifest {reason}")));
        for (index, member) in self.members.iter().enumerate() {
            let name = member.name.as_str();
            if self.members[..index].iter().any(|earlier| earlier.name == member.name) {
                return wrong(format!("lists {name} twice"));
            }
            if member.name.is_key() && member.bytes > KEY_BYTES_MAX {
                return wrong(format!("has {} bytes for {name}", member.bytes));
            }
        }
        if !self.members.iter().any(|member| member.name == MemberName::Log) {
            return wrong("lists no log.db".to_owned());
        }
        Ok(())
    }
}

fn unreadable(error: serde_json::Error) -> BackupError {
    BackupError::Damaged(format!("its manifest cannot be read: {error}"))
}

/// A digest as its text.
mod digest {
    use events::Digest;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(digest)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn manifest() -> Value {
        let member = |name: &str| json!({"name": name, "bytes": 9, "sha256": "00"});
        json!({
            "format": 1, "cinelog": "0.1.0", "made_at": "2026-11-21T12:00:00Z", "position": 0,
            "digest": Digest::EMPTY.to_string(),
            "members": [member("signing-key.pem"), member("log.db")],
        })
    }

    fn parse(manifest: &Value) -> Result<Manifest, String> {
        Manifest::parse(manifest.to_string().as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_manifest_reads_back_as_it_was_written() {
        let read = parse(&manifest()).unwrap();
        assert_eq!(read.digest, Digest::EMPTY);
        assert_eq!(serde_json::to_value(&read).unwrap(), manifest());
    }

    #[test]
    fn a_newer_format_is_told_whatever_else_it_has() {
        let newer = json!({"format": 3, "cinelog": "9.0.0", "shards": []});
        let error = parse(&newer).unwrap_err();
        assert!(error.contains("format 3") && error.contains("9.0.0"), "{error}");
    }

    #[test]
    fn a_file_that_no_backup_has_is_refused() {
        for name in ["../../etc/passwd", "/etc/passwd", "cinelog.toml", "LOG.DB", ""] {
            let mut manifest = manifest();
            manifest["members"][0]["name"] = json!(name);
            let error = parse(&manifest).unwrap_err();
            assert!(error.contains("unknown variant"), "{error}");
        }
    }

    #[test]
    fn a_list_that_cannot_be_is_refused() {
        let mut twice = manifest();
        twice["members"][0]["name"] = json!("log.db");
        assert!(parse(&twice).unwrap_err().contains("lists log.db twice"));
        let mut none = manifest();
        none["members"].as_array_mut().unwrap().pop();
        assert!(parse(&none).unwrap_err().contains("lists no log.db"));
        let mut huge = manifest();
        huge["members"][0]["bytes"] = json!(1_u64 << 40);
        assert!(parse(&huge).unwrap_err().contains("bytes for signing-key.pem"));
    }

    #[test]
    fn what_is_no_manifest_is_told() {
        for text in ["", "[]", "{}", "{\"format\": 1}", "{\"format\": -1}"] {
            let error = Manifest::parse(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("manifest cannot be read"), "{error}");
        }
    }
}
