//! The store in SQLite keeps what the ports promise.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::sync::Arc;

use identity::{
    Ports,
    store::{SqliteIdentity, SqliteIdentityOptions},
    suite::Fresh,
};

async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteIdentityOptions::at(folder.path().join("identity.db"));
    let store = SqliteIdentity::open(options).await.unwrap();
    (Ports::on(Arc::new(store)), Box::new(folder))
}

identity::behaviour_suite!(fresh);
