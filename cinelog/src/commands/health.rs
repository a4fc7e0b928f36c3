//! `cinelog health`: whether a running Cinelog can do its work. For health checks of containers, where
//! there is no other program that could ask.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs},
    process::ExitCode,
    time::Duration,
};

use super::print;
use crate::{config::ServerConfig, error::Failure};

/// How long connecting, asking and each part of the answer may take.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// How much of an answer is read.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// Asks `/readyz` at `url`, or where the configuration says that this machine's Cinelog listens. Prints the
/// answer; ends with success where it is 200.
pub(crate) fn health(config: &ServerConfig, url: Option<&str>) -> Result<ExitCode, Failure> {
    let host = match url {
        Some(url) => host(url)?.to_owned(),
        None => own_address(config)?.to_string(),
    };
    let answer = ask(&host)
        .map_err(|error| Failure::Other(format!("nothing answers at http://{host}: {error}")))?;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    print(&format!("{}\n", if body.is_empty() { head } else { body.trim_end() }))?;
    Ok(if status == "200" { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// `host:port` of `http://host:port/…`.
fn host(url: &str) -> Result<&str, Failure> {
    let rest = url.strip_prefix("http://").and_then(|rest| rest.split('/').next());
    rest.filter(|host| host.contains(':')).ok_or_else(|| {
        Failure::Other(format!("{url}: expected an address such as http://127.0.0.1:9080"))
    })
}

/// Where the admin address is, or else the API, as this machine reaches it.
fn own_address(config: &ServerConfig) -> Result<SocketAddr, Failure> {
    let api = config.roles.is_public().then_some(config.listen);
    let mut address = config.admin_listen.or(api).ok_or_else(|| {
        let asked =
            "a projector has an admin address only: set server.admin_listen, or say its URL";
        Failure::Other(asked.to_owned())
    })?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(address)
}

fn ask(host: &str) -> io::Result<String> {
    let address = host.to_socket_addrs()?.next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    let mut connection = TcpStream::connect_timeout(&address, WAIT_MAX)?;
    connection.set_read_timeout(Some(WAIT_MAX))?;
    connection.set_write_timeout(Some(WAIT_MAX))?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes())?;
    let mut answer = String::new();
    connection.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Role, Roles};

    fn config(listen: &str, admin: Option<&str>) -> ServerConfig {
        let address = |text: &str| text.parse().unwrap();
        let admin_listen = admin.map(address);
        ServerConfig { listen: address(listen), admin_listen, ..ServerConfig::default() }
    }

    #[test]
    fn the_admin_address_is_asked_and_else_the_one_of_the_api() {
        let of = |listen, admin| own_address(&config(listen, admin)).unwrap().to_string();
        assert_eq!(of("0.0.0.0:8080", Some("0.0.0.0:9080")), "127.0.0.1:9080");
        assert_eq!(of("[::]:8080", None), "[::1]:8080");
        assert_eq!(of("10.0.0.7:8080", None), "10.0.0.7:8080");
        let projector =
            ServerConfig { roles: Roles::of([Role::Projector]), ..config("127.0.0.1:8080", None) };
        assert!(own_address(&projector).unwrap_err().to_string().contains("admin_listen"));
    }

    #[test]
    fn what_is_no_address_is_refused_with_an_example() {
        assert_eq!(host("http://films:9080/readyz").unwrap(), "films:9080");
        for wrong in ["films:9080", "https://films:9080", "http://films"] {
            let error = host(wrong).unwrap_err().to_string();
            assert!(error.contains("such as http://127.0.0.1:9080"), "{error}");
        }
    }
}
