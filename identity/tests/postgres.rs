//! The store on Postgres keeps what the ports promise.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::{sync::Arc, time::Duration};

use identity::{
    Identity, Ports, Role,
    accounts::{EmailAddress, NewAccount, NewToken, Purpose},
    audit::{Entry, Kind},
    store::{PostgresIdentity, PostgresIdentityOptions},
    suite::{Fresh, guarded},
};
use jiff::Timestamp;
use proving_ground::Database;
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

async fn fresh() -> Fresh {
    let (ports, database) = opened().await;
    (ports, Box::new(database))
}

async fn opened() -> (Ports, Database) {
    let database = Database::new().await;
    let options = PostgresIdentityOptions::at(database.url());
    let store = PostgresIdentity::open(options).await.unwrap();
    (Ports::on(Arc::new(store)), database)
}

identity::behaviour_suite!(fresh);

const ANN: Uuid = Uuid::from_u128(1);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

/// By all ways in which the sessions of an account end while it stays.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_that_is_just_being_kept_ends_with_the_sessions_of_its_account() {
    let (ports, database) = opened().await;
    let new = NewAccount {
        id: ANN,
        email: EmailAddress::parse("ann@films.example").unwrap(),
        is_verified: true,
        name: None,
        password: Some("first".to_owned()),
        role: Role::Member,
        at: at(0),
    };
    let entry = |number, kind| Entry::new(Uuid::from_u128(number), at(1), kind);
    assert!(ports.accounts.create(&new, &entry(10, Kind::Registered)).await.unwrap());
    let token = NewToken { hash: [5; 32], purpose: Purpose::PasswordReset, expires_at: at(600) };
    ports.accounts.add_token(ANN, &token).await.unwrap();

    let of = ports.clone();
    ended_with_a_code_under_way(&ports, &database, 1, async move {
        let signed_out = entry(11, Kind::SignOut);
        let ann = Identity::by_token(ANN, Role::Member, Uuid::nil());
        of.sessions.end_sessions(&ann, at(1), &signed_out).await.unwrap();
    })
    .await;
    let of = ports.clone();
    ended_with_a_code_under_way(&ports, &database, 2, async move {
        let reset = entry(12, Kind::PasswordReset);
        let done = of.accounts.reset_password([5; 32], "second", [6; 32], at(1), &reset).await;
        assert!(done.unwrap().is_some());
    })
    .await;
    let of = ports.clone();
    ended_with_a_code_under_way(&ports, &database, 3, async move {
        let (before, changed) = (Some("second"), entry(13, Kind::PasswordChanged));
        let set = of.accounts.set_password(ANN, before, "third", None, at(1), &changed).await;
        assert!(set.unwrap());
    })
    .await;
}

/// Sessions end while a code is written whose transaction has not committed yet, as by a node that is slow.
async fn ended_with_a_code_under_way(
    ports: &Ports,
    database: &Database,
    number: u8,
    ending: impl Future<Output = ()> + Send + 'static,
) {
    let mut node = PgConnection::connect(database.url()).await.unwrap();
    let mut watching = PgConnection::connect(database.url()).await.unwrap();
    let mut keeping = node.begin().await.unwrap();
    sqlx::query(
        "INSERT INTO cinelog_identity.sign_in_code (hash, account, provider, challenge, expires_at)
         VALUES ($1, $2, 'google', $1, $3)",
    )
    .bind(vec![number; 32])
    .bind(ANN)
    .bind(at(600).as_microsecond())
    .execute(&mut *keeping)
    .await
    .unwrap();
    let ending = tokio::spawn(ending);
    let waits = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock')";
    guarded(async {
        while !ending.is_finished() {
            if sqlx::query_scalar(waits).fetch_one(&mut watching).await.unwrap() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    keeping.commit().await.unwrap();
    ending.await.unwrap();
    let kept = ports.provider_logins.take_code(&[number; 32], at(2)).await.unwrap();
    assert_eq!(kept, None, "code {number} begins a session after all had ended");
}
