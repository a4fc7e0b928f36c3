//! Which proxies in front of the server are believed, as it is written.

use http_kit::ForwardedHeader as Header;
use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::Texts;

/// How many networks there may be: each request is compared with all of them.
const NETWORKS_MAX: usize = 256;

/// Networks, as a list or a text with commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Texts", into = "Vec<String>")]
pub(crate) struct Networks(Vec<IpNet>);

/// Where trusted proxies say who came to them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ForwardedHeader {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl Networks {
    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = IpNet> {
        self.0.iter().copied()
    }
}

impl TryFrom<Texts> for Networks {
    type Error = String;

    fn try_from(written: Texts) -> Result<Self, Self::Error> {
        let networks: Vec<IpNet> =
            written.parts().iter().map(|text| network(text)).collect::<Result<_, _>>()?;
        match networks.len() {
            0..=NETWORKS_MAX => Ok(Self(networks)),
            more => Err(format!("{more} networks, expected at most {NETWORKS_MAX}")),
        }
    }
}

/// A network, or an address, which is a network of one.
fn network(text: &str) -> Result<IpNet, String> {
    let expected = || {
        format!(
            "{text:?} is no address or network, expected such as \"10.0.0.7\" or \"10.0.0.0/8\""
        )
    };
    let network: IpNet = match text.contains('/') {
        true => text.parse().map_err(|_| expected())?,
        false => IpNet::from(text.parse::<std::net::IpAddr>().map_err(|_| expected())?),
    };
    // `10.0.0.7/8` is mostly a slip of the pen, and would trust sixteen million addresses.
    let whole = network.trunc();
    match network == whole {
        true => Ok(whole),
        false => {
            Err(format!("{text} is not a whole network, expected {whole} or an address alone"))
        }
    }
}

impl From<Networks> for Vec<String> {
    fn from(networks: Networks) -> Self {
        networks.0.iter().map(ToString::to_string).collect()
    }
}

impl From<ForwardedHeader> for Header {
    fn from(header: ForwardedHeader) -> Self {
        match header {
            ForwardedHeader::XForwardedFor => Self::XForwardedFor,
            ForwardedHeader::Forwarded => Self::Forwarded,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<String>, String> {
        let networks = serde_json::from_str::<Networks>(json).map_err(|e| e.to_string())?;
        Ok(networks.into())
    }

    #[test]
    fn networks_and_addresses_are_a_list_or_a_text_with_commas() {
        let all = ["10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"];
        assert_eq!(read(r#"["10.0.0.0/8", "192.0.2.7", "2001:db8::/32"]"#).unwrap(), all);
        assert_eq!(read(r#""10.0.0.0/8, 192.0.2.7,2001:db8::/32""#).unwrap(), all);
        assert!(read(r#""""#).unwrap().is_empty());
    }

    #[test]
    fn what_is_no_network_is_said_with_what_was_expected() {
        for odd in ["proxy", "10.0.0.0/33", "10.0.0", "10.0.0.1-9", "*"] {
            let error = read(&format!("[{odd:?}]")).unwrap_err();
            assert!(error.contains(odd) && error.contains("10.0.0.0/8"), "{error}");
        }
        let error = read(r#"["10.0.0.7/8"]"#).unwrap_err();
        assert!(error.contains("not a whole network, expected 10.0.0.0/8"), "{error}");
    }
}
