//! Connections are cut, refused, paused, and robbed of an answer.

use std::{io::ErrorKind, time::Duration};

use proving_ground::{CuttingProxy, Database};
use sqlx::{Connection, Executor, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// A server that sends back what it gets; how many bytes it got is told at the end of each connection.
async fn echo() -> (String, tokio::sync::mpsc::UnboundedReceiver<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("it is bound").to_string();
    let (sender, got) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.expect("it listens");
            let sender = sender.clone();
            tokio::spawn(async move {
                let (mut chunk, mut all) = (vec![0; 4096], 0);
                while let Ok(count @ 1..) = connection.read(&mut chunk).await {
                    all += count as u64;
                    if connection.write_all(&chunk[..count]).await.is_err() {
                        break;
                    }
                }
                let _ = sender.send(all);
            });
        }
    });
    (address, got)
}

async fn says_back(connection: &mut TcpStream, text: &str) -> std::io::Result<()> {
    connection.write_all(text.as_bytes()).await?;
    let mut back = vec![0; text.len()];
    connection.read_exact(&mut back).await?;
    assert_eq!(back, text.as_bytes());
    Ok(())
}

#[tokio::test]
async fn what_is_sent_gets_there_and_back() {
    let (address, _) = echo().await;
    let proxy = CuttingProxy::to(&address).await;
    let mut connection = TcpStream::connect(proxy.address()).await.expect("it listens");
    says_back(&mut connection, &"film ".repeat(20_000)).await.expect("it gets back");
    assert_eq!(proxy.connections(), 1);
}

#[tokio::test]
async fn a_cut_closes_all_connections_and_new_ones_may_be_made() {
    let (address, _) = echo().await;
    let proxy = CuttingProxy::to(&address).await;
    let mut connection = TcpStream::connect(proxy.address()).await.expect("it listens");
    says_back(&mut connection, "once").await.expect("it gets back");
    proxy.cut();
    assert!(says_back(&mut connection, "again").await.is_err());
    let mut connection = TcpStream::connect(proxy.address()).await.expect("it listens");
    says_back(&mut connection, "anew").await.expect("it gets back");
}

#[tokio::test]
async fn connections_are_refused_while_asked_for_and_those_there_are_stay() {
    let (address, _) = echo().await;
    let proxy = CuttingProxy::to(&address).await;
    let mut old = TcpStream::connect(proxy.address()).await.expect("it listens");
    says_back(&mut old, "before").await.expect("it gets back");
    proxy.refuse(true);
    proxy.refuse(true);
    let refused = TcpStream::connect(proxy.address()).await.expect_err("nothing listens");
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    says_back(&mut old, "during").await.expect("it stayed");
    proxy.refuse(false);
    let mut new = TcpStream::connect(proxy.address()).await.expect("it listens again");
    says_back(&mut new, "after").await.expect("it gets back");
}

#[tokio::test]
async fn nothing_passes_while_paused_and_all_of_it_afterwards() {
    let (address, _) = echo().await;
    let proxy = CuttingProxy::to(&address).await;
    let mut connection = TcpStream::connect(proxy.address()).await.expect("it listens");
    says_back(&mut connection, "before").await.expect("it gets back");
    proxy.pause(true);
    let paused = timeout(Duration::from_millis(100), says_back(&mut connection, "during")).await;
    assert!(paused.is_err(), "nothing comes back");
    proxy.pause(false);
    let mut back = [0; 6];
    connection.read_exact(&mut back).await.expect("it comes back late");
    assert_eq!(&back, b"during");
}

#[tokio::test]
async fn a_connection_ends_after_as_many_bytes_as_were_asked_for() {
    let (address, mut got) = echo().await;
    let proxy = CuttingProxy::to(&address).await;
    proxy.cut_after_client_bytes(10);
    let mut connection = TcpStream::connect(proxy.address()).await.expect("it listens");
    says_back(&mut connection, "1234567").await.expect("it gets back");
    assert!(says_back(&mut connection, "89abcdefgh").await.is_err());
    assert_eq!(got.recv().await, Some(10));
    let mut connection = TcpStream::connect(proxy.address()).await.expect("it listens");
    says_back(&mut connection, "1234567890abcdef").await.expect("only one is cut");
}

#[tokio::test]
async fn the_answer_to_a_commit_is_lost_and_the_commit_is_not() {
    let database = Database::new().await;
    let proxy = CuttingProxy::to(database.url()).await;
    let mut direct = database.connect().await;
    direct.execute("CREATE TABLE films (title text)").await.expect("it is empty");

    let mut client =
        PgConnection::connect(&proxy.url_for(database.url())).await.expect("it passes");
    let mut transaction = client.begin().await.expect("it begins");
    let insert = sqlx::query("INSERT INTO films VALUES ($1)").bind("Metropolis");
    insert.execute(&mut *transaction).await.expect("it is inserted");
    proxy.swallow_answer_to("COMMIT");
    assert!(transaction.commit().await.is_err(), "the client does not know");
    assert_eq!(proxy.swallowed(), 1);

    let films = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM films");
    assert_eq!(films.fetch_one(&mut direct).await.expect("it counts"), 1);
}

#[tokio::test]
async fn the_answer_to_a_statement_that_was_prepared_long_ago_is_lost() {
    let database = Database::new().await;
    let proxy = CuttingProxy::to(database.url()).await;
    let mut direct = database.connect().await;
    direct.execute("CREATE TABLE films (title text)").await.expect("it is empty");

    let mut client =
        PgConnection::connect(&proxy.url_for(database.url())).await.expect("it passes");
    let insert = |title| sqlx::query("INSERT INTO films /* as it is */ VALUES ($1)").bind(title);
    insert("Metropolis").execute(&mut client).await.expect("it is inserted");
    proxy.swallow_answer_to("/* as it is */");
    sqlx::query("SELECT 1").execute(&mut client).await.expect("others are answered");
    assert!(insert("Sunrise").execute(&mut client).await.is_err(), "the client does not know");
    proxy.has_swallowed(1).await;

    let films = sqlx::query_scalar::<_, i64>("SELECT count(*) FROM films");
    assert_eq!(films.fetch_one(&mut direct).await.expect("it counts"), 2);
    let again = PgConnection::connect(&proxy.url_for(database.url())).await;
    let mut again = again.expect("a new connection passes");
    insert("Nosferatu").execute(&mut again).await.expect("only one is swallowed");
}
