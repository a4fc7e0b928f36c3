//! What a run that was killed left is given back by the next. A process of its own: it happens once in each.

use proving_ground::{Database, PostgresServer};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    let found = sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
    found.bind(name).fetch_one(admin).await.expect("databases can be listed")
}

#[tokio::test]
async fn databases_of_dead_runs_are_given_back_and_those_of_others_are_left_alone() {
    // A run that has another database now, whose name tells how names look here.
    let server = PostgresServer::running();
    let mine = Database::on(&server).await;
    let parts: Vec<&str> = mine.name().rsplitn(3, '_').collect();
    // A process that had our number, but was started earlier.
    let dead = format!("{}_1_{}", parts[2], parts[0]);
    let foreign = format!("films_of_somebody_{}", parts[1]);

    let mut admin = PgConnection::connect(server.url()).await.expect("the server runs");
    for name in [&dead, &foreign] {
        let create = format!(r#"CREATE DATABASE "{name}""#);
        admin.execute(AssertSqlSafe(create)).await.expect("it can be created");
    }
    let _new = Database::new().await;
    // Another run may be dropping it, and holds the lock meanwhile.
    while exists(&mut admin, &dead).await {
        tokio::task::yield_now().await;
    }
    assert!(exists(&mut admin, mine.name()).await);
    assert!(exists(&mut admin, &foreign).await);
    let drop = format!(r#"DROP DATABASE "{foreign}""#);
    admin.execute(AssertSqlSafe(drop)).await.expect("it can be dropped");
}
