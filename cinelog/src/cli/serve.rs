//! `cinelog serve`.

use std::net::SocketAddr;

use clap::Args;

use crate::config;

/// `cinelog serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// Where the API listens [default: 127.0.0.1:8080]; port 0 takes any free port
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) listen: Option<SocketAddr>,
    /// Where /livez, /readyz and /metrics listen [default: the API's port + 1000]
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) admin_listen: Option<SocketAddr>,
    /// What this process does; repeat it for more than one [default: all of them]
    #[arg(long = "role", value_name = "ROLE", value_enum)]
    pub(crate) roles: Vec<config::Role>,
    /// Load the sample catalogue the first time, and print a token and lines to try
    #[arg(long)]
    pub(crate) demo: bool,
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let spelled = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    spelled
        .as_deref()
        .unwrap_or(text)
        .parse()
        .map_err(|_| "expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_explained_where_they_are_wrong() {
        assert_eq!(address("localhost:80"), address("127.0.0.1:80"));
        for wrong in ["8080", ":8080", "films.example:80", "127.0.0.1"] {
            assert!(address(wrong).unwrap_err().contains("127.0.0.1:8080"), "{wrong}");
        }
    }
}
