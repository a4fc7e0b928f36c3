//! The keys that this process signs and checks with: those of the configuration, else those of the data
//! folder, made at their first use. Nodes behind one address need the same ones.

use std::path::Path;

use identity::KeyPair;

use crate::{
    config::{Config, Role},
    data_dir::{DataDir, DataDirError, read_cursor_key},
    error::Failure,
};

/// The key that signs access tokens.
pub(crate) fn signing(config: &Config, data: &DataDir) -> Result<KeyPair, Failure> {
    match &config.identity.signing_key_file {
        Some(path) => KeyPair::load(path).map_err(|error| unusable(path, &error)),
        None => Ok(data.signing_key()?),
    }
}

/// The key that signs cursors.
pub(crate) fn cursor(config: &Config, data: &DataDir) -> Result<[u8; 32], Failure> {
    match (config.query.cursor_key(), &config.query.cursor_key_file) {
        (Some(key), _) => Ok(key),
        (None, Some(path)) => match read_cursor_key(path)? {
            Some(key) => Ok(key),
            None => Err(unusable(path, &"there is no such file")),
        },
        (None, None) => Ok(data.cursor_key()?),
    }
}

/// What is to be said at the start of a node whose log is on a server, and so may have others beside it,
/// where keys are about to be made that only this one has.
pub(crate) fn traps(config: &Config, data: &DataDir) -> Vec<String> {
    let is_alone = config.log.url.file().is_some();
    let mut traps = Vec::new();
    let signing = data.signing_key_file();
    let roles = &config.server.roles;
    if roles.is_public() && config.identity.signing_key_file.is_none() && !signing.exists() {
        traps.push(format!(
            "a key for access tokens is made in {}: other nodes believe its tokens, and this one theirs, only \
             where all have the same one; set identity.signing_key_file",
            signing.display()
        ));
    }
    let cursor = data.cursor_key_file();
    let is_given = config.query.cursor_key().is_some() || config.query.cursor_key_file.is_some();
    if roles.has(Role::Query) && !is_given && !cursor.exists() {
        traps.push(format!(
            "a key for cursors is made in {}: pages can be turned at any node only where all have the same \
             one; set query.cursor_key or query.cursor_key_file",
            cursor.display()
        ));
    }
    if is_alone { Vec::new() } else { traps }
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> Failure {
    DataDirError::Key { path: path.to_path_buf(), reason: reason.to_string() }.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn keys_of_the_configuration_come_before_those_of_the_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) =
            (DataDir::open(&folder.path().join("a")), DataDir::open(&folder.path().join("b")));
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        let mut config = Config::default();
        let shared = (signing(&config, &theirs).unwrap(), cursor(&config, &theirs).unwrap());
        config.identity.signing_key_file = Some(theirs.signing_key_file());
        config.query.cursor_key_file = Some(theirs.cursor_key_file());
        assert_eq!(signing(&config, &ours).unwrap().public().id(), shared.0.public().id());
        assert_eq!(cursor(&config, &ours).unwrap(), shared.1);
        assert!(!ours.signing_key_file().exists() && !ours.cursor_key_file().exists());
    }

    #[test]
    fn a_configured_key_that_is_not_there_is_named_and_not_made() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let path = folder.path().join("shared");
        let mut config = Config::default();
        config.identity.signing_key_file = Some(path.clone());
        config.query.cursor_key_file = Some(path.clone());
        for error in [
            signing(&config, &data).map(drop).unwrap_err().to_string(),
            cursor(&config, &data).map(drop).unwrap_err().to_string(),
        ] {
            assert!(error.contains("shared"), "{error}");
        }
        assert!(!path.exists());
        fs::write(&path, "rubbish").unwrap();
        assert!(cursor(&config, &data).is_err());
    }

    #[test]
    fn only_a_node_that_may_have_others_beside_it_is_warned_and_only_once() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let mut config = Config::default();
        assert!(traps(&config, &data).is_empty());
        config.log.url = "postgres://localhost/films".to_owned().try_into().unwrap();
        assert_eq!(traps(&config, &data).len(), 2);
        signing(&config, &data).unwrap();
        cursor(&config, &data).unwrap();
        assert!(traps(&config, &data).is_empty());
    }
}
