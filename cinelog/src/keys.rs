//! The keys that this process signs and checks with: those of the configuration, else those of the data
//! folder, made at their first use. Nodes behind one address need the same ones.

use std::{fmt, path::PathBuf};

use identity::{KeyRing, load_keys};

use crate::{
    config::{Config, Role, is_purge_token},
    data_dir::{DataDir, read_cursor_key},
    error::Failure,
    secrets::secret,
};

/// The keys that sign access tokens.
pub(crate) fn signing(config: &Config, data: &DataDir) -> Result<KeyRing, Failure> {
    let keys = match &config.identity.signing_key_file {
        Some(path) => load_keys(path).map_err(unusable("identity.signing_key_file"))?,
        None => data.signing_keys()?,
    };
    let ring = KeyRing::default();
    ring.replace(keys);
    Ok(ring)
}

/// The file of the keys that sign access tokens.
pub(crate) fn signing_file(config: &Config, data: &DataDir) -> PathBuf {
    config.identity.signing_key_file.clone().unwrap_or_else(|| data.signing_key_file())
}

/// The key that signs cursors.
pub(crate) fn cursor(config: &Config, data: &DataDir) -> Result<[u8; 32], Failure> {
    match (config.query.cursor_key(), &config.query.cursor_key_file) {
        (Some(key), _) => Ok(key),
        (None, Some(path)) => {
            let key = read_cursor_key(path).map_err(unusable("query.cursor_key_file"))?;
            let missing = || format!("there is no file {}", path.display());
            key.ok_or_else(missing).map_err(unusable("query.cursor_key_file"))
        }
        (None, None) => Ok(data.cursor_key()?),
    }
}

/// What is shown to gateways that are to forget something. `None` where nothing is.
pub(crate) fn purge_token(config: &Config) -> Result<Option<String>, Failure> {
    let (value, file) = (&config.gateway.purge_token, config.gateway.purge_token_file.as_deref());
    let token = secret("gateway.purge_token", value, file)?;
    match (&token, file) {
        (Some(token), Some(file)) if !is_purge_token(token) => {
            let reason = "expected 16 to 256 visible ASCII characters";
            let reason = format!("{}: {reason}", file.display());
            Err(unusable("gateway.purge_token_file")(reason))
        }
        _ => Ok(token),
    }
}

/// The key that signs requests to the store of objects.
#[cfg(feature = "s3")]
pub(crate) fn objects(config: &Config) -> Result<String, Failure> {
    let objects = &config.objects;
    let (value, file) = (&objects.secret_access_key, objects.secret_access_key_file.as_deref());
    Ok(secret("objects.secret_access_key", value, file)?.unwrap_or_default())
}

/// What is to be said at the start of a node whose log is on a server, and so may have others beside it,
/// where keys are about to be made, or accounts kept, that only this one has.
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
    if roles.is_public() && config.identity.url.file().is_some() {
        traps.push(
            "accounts, sessions and what is revoked are in a file of this node alone: whoever registers here is \
             unknown at the others, and what is revoked there is believed here; set identity.url to postgres://…, \
             which may be the database of the log"
                .to_owned(),
        );
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

/// What is wrong with the file that `key` names, where the reason says which file that is.
fn unusable<E: fmt::Display>(key: &'static str) -> impl Fn(E) -> Failure {
    move |reason| Failure::KeyFile { key: key.to_owned(), reason: reason.to_string() }
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
        let id = |ring: &KeyRing| ring.keys()[0].pair.public().id().to_owned();
        assert_eq!(id(&signing(&config, &ours).unwrap()), id(&shared.0));
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
        config.gateway.purge_token_file = Some(path.clone());
        config.objects.secret_access_key_file = Some(path.clone());
        all_are_refused_with_key_and_file(&config, &data);
        assert!(!path.exists());
        fs::write(&path, " ").unwrap();
        all_are_refused_with_key_and_file(&config, &data);
    }

    fn all_are_refused_with_key_and_file(config: &Config, data: &DataDir) {
        let errors = [
            (signing(config, data).map(drop), "identity.signing_key_file"),
            (cursor(config, data).map(drop), "query.cursor_key_file"),
            (purge_token(config).map(drop), "gateway.purge_token_file"),
            #[cfg(feature = "s3")]
            (objects(config).map(drop), "objects.secret_access_key_file"),
        ];
        for (refused, key) in errors {
            let error = refused.unwrap_err().to_string();
            assert!(error.starts_with(&format!("{key}: ")) && error.contains("shared"), "{error}");
        }
    }

    #[test]
    fn only_a_node_that_may_have_others_beside_it_is_warned_until_all_is_shared() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::open(folder.path()).unwrap();
        let mut config = Config::default();
        assert!(traps(&config, &data).is_empty());
        config.log.url = "postgres://localhost/films".to_owned().try_into().unwrap();
        assert_eq!(traps(&config, &data).len(), 3);
        signing(&config, &data).unwrap();
        cursor(&config, &data).unwrap();
        let [accounts] = &*traps(&config, &data) else { panic!("one is left") };
        assert!(accounts.contains("identity.url"), "{accounts}");
        config.identity.url = "postgres://localhost/films".to_owned().try_into().unwrap();
        assert!(traps(&config, &data).is_empty());
    }
}
