//! Ids that other catalogues give.

use super::cell::shown;

/// IMDb's id: as it is, in an address, or its number alone.
pub(super) fn imdb(text: &str) -> Result<String, String> {
    let text = text.trim();
    let is_number = |text: &str| {
        (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if is_number(text) {
        return Ok(format!("tt{text:0>7}"));
    }
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric());
    let id = parts.into_iter().find(|part| {
        part.strip_prefix("tt").is_some_and(|number| number.len() >= 7 && is_number(number))
    });
    id.map(str::to_owned).ok_or_else(|| format!("{} is no id of IMDb", shown(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_stand_in_an_address_or_be_a_number() {
        for text in
            ["tt0114709", "0114709", "114709", "https://www.imdb.com/title/tt0114709/?ref_=x"]
        {
            assert_eq!(imdb(text), Ok("tt0114709".to_owned()), "{text}");
        }
        for text in ["nm0000001", "tt12", "12345678901", "x"] {
            assert!(imdb(text).is_err(), "{text}");
        }
    }
}
