//! The parts of a server's URL that tests change.

/// `url` with another database.
pub(crate) fn with_database(url: &str, database: &str) -> String {
    let (before, query) = url.split_once('?').map_or((url, None), |(a, b)| (a, Some(b)));
    let authority = authority_end(before);
    let query = query.map(|query| format!("?{query}")).unwrap_or_default();
    format!("{}/{database}{query}", &before[..authority])
}

/// `url` with another host and port.
pub(crate) fn with_address(url: &str, address: &str) -> String {
    let start = address_start(url);
    format!("{}{address}{}", &url[..start], &url[authority_end(url)..])
}

/// `host:port` of `url`. What is no URL is an address already.
pub(crate) fn address(url: &str) -> &str {
    &url[address_start(url)..authority_end(url)]
}

fn address_start(url: &str) -> usize {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = authority_end(url);
    url[start..end].rfind('@').map_or(start, |at| start + at + 1)
}

fn authority_end(url: &str) -> usize {
    let start = url.find("://").map_or(0, |at| at + 3);
    url[start..].find(['/', '?']).map_or(url.len(), |at| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced_and_the_rest_stays() {
        let url = "postgres://me:p@ss@127.0.0.1:15432/postgres?sslmode=disable";
        let there = "postgres://me:p@ss@127.0.0.1:15432/films?sslmode=disable";
        assert_eq!(with_database(url, "films"), there);
        assert_eq!(with_database("postgres://here:1", "films"), "postgres://here:1/films");
    }

    #[test]
    fn the_address_of_a_url_is_replaced_and_the_rest_stays() {
        let url = "postgres://me:p@ss@127.0.0.1:15432/films?a=b";
        assert_eq!(address(url), "127.0.0.1:15432");
        assert_eq!(with_address(url, "127.0.0.1:1"), "postgres://me:p@ss@127.0.0.1:1/films?a=b");
        assert_eq!(
            with_address("kurrentdb://here:2?tls=false", "x:1"),
            "kurrentdb://x:1?tls=false"
        );
        assert_eq!(address("127.0.0.1:80"), "127.0.0.1:80");
    }
}
