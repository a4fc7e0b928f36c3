//! Claims of other issuers' tokens: where they stand in a token, and what they mean here.

use serde_json::Value;

use crate::{Role, Scopes};

/// How many values of one claim are looked at. Some issuers put hundreds of groups into a token.
const VALUES_MAX: usize = 1_000;

/// The texts of a claim, which holds one or a list of them. `path` is the claim's name; or a JSON Pointer
/// (RFC 6901) such as `/realm_access/roles`, if it begins with `/`.
pub(super) fn texts<'a>(claims: &'a Value, path: &str) -> Vec<&'a str> {
    let found = if path.starts_with('/') { claims.pointer(path) } else { claims.get(path) };
    match found {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => {
            several.iter().take(VALUES_MAX).filter_map(Value::as_str).collect()
        }
        _ => Vec::new(),
    }
}

/// The most powerful of the roles that the issuer's `names` stand for. `None`: they stand for none.
pub(super) fn role_of(names: &[&str], mapping: &[(String, Role)]) -> Option<Role> {
    mapping.iter().filter(|(name, _)| names.contains(&name.as_str())).map(|(_, role)| *role).max()
}

/// The scopes of ours that `texts` name, each one or several with spaces between them. Other names are ignored.
pub(super) fn scopes_of(texts: &[&str]) -> Scopes {
    Scopes::parse_lenient(&texts.join(" "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_claim_is_found_by_its_name_or_by_a_pointer() {
        let claims = json!({
            "groups": ["a", 1, "b"],
            "https://films.example/role": "c",
            "realm_access": {"roles": ["d"]},
        });
        assert_eq!(texts(&claims, "groups"), ["a", "b"]);
        assert_eq!(texts(&claims, "https://films.example/role"), ["c"]);
        assert_eq!(texts(&claims, "/realm_access/roles"), ["d"]);
        for absent in ["roles", "/realm_access", "realm_access", "/realm_access/roles/0/x"] {
            assert!(texts(&claims, absent).is_empty(), "{absent}");
        }
    }

    #[test]
    fn of_several_roles_the_most_powerful_counts_and_unknown_names_mean_nothing() {
        let mapping = [("users".to_owned(), Role::Member), ("bosses".to_owned(), Role::Admin)];
        assert_eq!(role_of(&["users", "bosses", "x"], &mapping), Some(Role::Admin));
        assert_eq!(role_of(&["users"], &mapping), Some(Role::Member));
        assert_eq!(role_of(&["Admin", "admin", ""], &mapping), None);
    }

    #[test]
    fn scopes_may_be_a_text_or_a_list() {
        assert_eq!(scopes_of(&["openid ratings"]).to_string(), "ratings");
        assert_eq!(scopes_of(&["openid", "catalogue:write"]).to_string(), "catalogue:write");
    }
}
