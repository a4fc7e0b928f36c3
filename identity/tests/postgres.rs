//! The store on Postgres keeps what the ports promise.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::sync::Arc;

use identity::{
    Ports,
    store::{PostgresIdentity, PostgresIdentityOptions},
    suite::Fresh,
};
use proving_ground::Database;

async fn fresh() -> Fresh {
    let database = Database::new().await;
    let options = PostgresIdentityOptions::at(database.url());
    let store = PostgresIdentity::open(options).await.unwrap();
    (Ports::on(Arc::new(store)), Box::new(database))
}

identity::behaviour_suite!(fresh);
