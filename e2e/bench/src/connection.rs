//! A connection that speaks just enough HTTP/1.1 to put load on a server, and costs little itself.
//!
//! One request at a time, kept alive. Answers must say their length, as those of both sides do.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A kept-alive connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// An answer, read whole.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// The status line and the headers.
    pub(crate) head: &'a [u8],
    /// The body.
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(16 << 10) })
    }

    /// Sends a request and reads its answer.
    pub(crate) async fn ask(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut searched = 0;
        let head = loop {
            self.read().await?;
            if let Some(end) = end_of_head(&self.buffer, searched) {
                break end;
            }
            searched = self.buffer.len().saturating_sub(3);
        };
        let status = status(&self.buffer)?;
        let length = if status == 204 || status == 304 {
            0
        } else {
            let length = header(&self.buffer[..head], "content-length");
            let length = length.and_then(|length| length.parse().ok());
            length.ok_or_else(|| malformed("an answer does not say its length"))?
        };
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        let (head, body) = self.buffer.split_at(head);
        Ok(Answer { status, head, body: &body[..length] })
    }

    async fn read(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }
}

impl Answer<'_> {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(self.head, name)
    }

    /// `Cinelog-Position`.
    pub(crate) fn position(&self) -> Option<u64> {
        self.header("cinelog-position")?.parse().ok()
    }

    /// Panics unless it has one of these statuses: a figure made of refusals would mean nothing.
    pub(crate) fn expect(&self, statuses: &[u16]) {
        let body = || String::from_utf8_lossy(self.body).into_owned();
        assert!(statuses.contains(&self.status), "the server answers {}: {}", self.status, body());
    }
}

/// Headers, as name and value, but the status line.
pub(crate) fn headers(head: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    head.split(|byte| *byte == b'\n')
        .skip(1)
        .filter_map(|line| std::str::from_utf8(line).ok()?.trim_end().split_once(": "))
}

fn header<'a>(head: &'a [u8], name: &str) -> Option<&'a str> {
    headers(head).find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let at = bytes[from..].windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(from + at + 4)
}

fn status(bytes: &[u8]) -> io::Result<u16> {
    let digits = bytes.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    status.ok_or_else(|| malformed("an answer does not begin with a status"))
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(pieces: &'static [&'static str]) -> (u16, Option<u64>, Vec<u8>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = [0; 64];
            assert!(stream.read(&mut request).await.unwrap() > 0);
            for piece in pieces {
                stream.write_all(piece.as_bytes()).await.unwrap();
                tokio::task::yield_now().await;
            }
            stream
        });
        let mut connection = Connection::open(address).await.unwrap();
        let answer = connection.ask(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
        let answer = (answer.status, answer.position(), answer.body.to_vec());
        drop(server.await.unwrap());
        answer
    }

    #[tokio::test]
    async fn an_answer_in_pieces_is_read_whole() {
        let pieces = &[
            "HTTP/1.1 200 OK\r\nCinelog-Position: 7\r",
            "\nContent-Length: 4\r\n\r",
            "\nab",
            "cd",
        ];
        assert_eq!(answered(pieces).await, (200, Some(7), b"abcd".to_vec()));
    }

    #[tokio::test]
    async fn what_was_not_modified_has_no_body() {
        let pieces = &["HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n"];
        assert_eq!(answered(pieces).await, (304, None, Vec::new()));
    }
}
