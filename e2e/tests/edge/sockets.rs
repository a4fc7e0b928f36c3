//! Bytes on sockets.

use std::net::SocketAddr;

use e2e::{PATIENCE, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

/// Where a server is.
pub(crate) fn address(server: &Server) -> SocketAddr {
    let (_, address) = server.url.split_once("://").unwrap();
    address.parse().unwrap()
}

/// Sends bytes, and reads until the server closes the connection.
pub(crate) async fn exchange(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address(server)).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    read_to_close(&mut stream).await
}

/// Reads until the server closes the connection.
pub(crate) async fn read_to_close(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A reset is a close as well.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("it is closed");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A connection from another address of this machine.
pub(crate) async fn connect_from(last: [u8; 3], server: &Server) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, last[0], last[1], last[2]], 0)))?;
    let connecting = socket.connect(address(server));
    timeout(PATIENCE, connecting).await.map_err(std::io::Error::from)?
}

/// The statuses of the answers in what was read.
pub(crate) fn statuses(answers: &str) -> Vec<u16> {
    let starts = answers.match_indices("HTTP/1.1 ");
    starts.map(|(at, _)| answers[at + 9..at + 12].parse().unwrap()).collect()
}
