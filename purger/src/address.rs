//! The address of a gateway.

use std::{fmt, str::FromStr};

use http::Uri;

/// An `http` URL of a gateway, such as `http://varnish:8000/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayAddress {
    host: String,
    port: u16,
    path: String,
}

/// A text that is no address of a gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an address such as \"http://varnish:8000/\", without user and query")]
pub struct AddressError;

impl GatewayAddress {
    /// Host and port to connect to.
    pub(crate) fn endpoint(&self) -> (&str, u16) {
        (self.host.trim_start_matches('[').trim_end_matches(']'), self.port)
    }

    /// Host and port for the header `Host`.
    pub(crate) fn authority(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The path that `PURGE` is sent to.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl FromStr for GatewayAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let uri: Uri = text.parse().map_err(|_| AddressError)?;
        let authority = uri.authority().ok_or(AddressError)?;
        let is_plain = uri.scheme_str() == Some("http")
            && uri.query().is_none()
            && !authority.as_str().contains('@')
            && !authority.host().is_empty();
        if !is_plain {
            return Err(AddressError);
        }
        let host = authority.host().to_owned();
        Ok(Self { host, port: authority.port_u16().unwrap_or(80), path: uri.path().to_owned() })
    }
}

impl fmt::Display for GatewayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}:{}{}", self.host, self.port, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_plain_url() {
        for (text, shown) in [
            ("http://varnish:8000/", "http://varnish:8000/"),
            ("http://varnish", "http://varnish:80/"),
            ("http://[::1]:8000/purge", "http://[::1]:8000/purge"),
        ] {
            let address: GatewayAddress = text.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(address.to_string().parse(), Ok(address));
        }
        let local: GatewayAddress = "http://[::1]:8000/".parse().unwrap();
        assert_eq!(local.endpoint(), ("::1", 8000));
    }

    #[test]
    fn what_it_cannot_speak_to_is_no_address() {
        for text in ["", "varnish:8000", "https://cdn", "http://u:p@h/", "http://h/?a=b", "/p"] {
            assert_eq!(text.parse::<GatewayAddress>(), Err(AddressError), "{text}");
        }
    }
}
