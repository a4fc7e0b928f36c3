//! An address taken apart, to find what is secret in it. Which store it is of is not known here.

/// What stands in the place of a password.
const MASK: &str = "********";

/// What is wrong with an address whose parts cannot be told from each other. Shows nothing of it: what
/// looks like a host may be a part of the password.
pub(super) const NOT_ENCODED: &str = "holds an @, / or # in the user's name or the password (or another #): \
    percent-encode the password (@ is %40, / is %2F, # is %23, ? is %3F, % is %25)";

/// An address taken apart only so far that what is secret in it can be found, however odd it is.
pub(super) struct Parts<'a> {
    scheme: &'a str,
    user: Option<&'a str>,
    password: Option<&'a str>,
    pub(super) hosts: &'a str,
    /// With its slash.
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    pub(super) fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        // A password may hold slashes that should have been written as %2F: the last @ ends it.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Some(login), rest),
            None => (None, rest),
        };
        let (hosts, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user, password) = match login.map(|login| login.split_once(':').unwrap_or((login, "")))
        {
            Some((user, "")) => (Some(user), None),
            Some((user, password)) => (Some(user), Some(password)),
            None => (None, None),
        };
        Some(Self { scheme, user, password, hosts, path, query })
    }

    /// Whether others find the same parts: they take the first `/`, `?` or `#` for the end of the hosts.
    pub(super) fn is_encoded(&self) -> Result<(), String> {
        let mut login = [self.user, self.password].into_iter().flatten();
        let is_odd = login.any(|part| part.contains(['@', '/', '#']))
            || [self.hosts, self.path].iter().any(|part| part.contains('#'))
            || self
                .parameters()
                .any(|(name, value)| name.contains(['@', '#']) || value.contains('#'));
        match is_odd {
            true => Err(NOT_ENCODED.to_owned()),
            false => Ok(()),
        }
    }

    /// What is behind the `?`, as it stands there.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let query = self.query.unwrap_or_default();
        let named = query.split('&').filter(|parameter| !parameter.is_empty());
        named.map(|parameter| parameter.split_once('=').unwrap_or((parameter, "")))
    }
}

/// The address with every password masked.
pub(super) fn masked(url: &str) -> String {
    let Some(parts) = Parts::of(url) else { return MASK.to_owned() };
    let mut text = format!("{}://", parts.scheme);
    if let Some(user) = parts.user {
        text.push_str(user);
        if parts.password.is_some() {
            text.push(':');
            text.push_str(MASK);
        }
        text.push('@');
    }
    text.push_str(parts.hosts);
    text.push_str(parts.path);
    for (index, (name, value)) in parts.parameters().enumerate() {
        let value = if name.to_lowercase().contains("password") { MASK } else { value };
        text.push_str(&format!("{}{name}={value}", if index == 0 { '?' } else { '&' }));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_masked_hides_passwords_that_were_not_encoded_right() {
        for odd in ["postgres://u:a/b@c/secret@h/d", "postgres://u:a@secret@h/d", "secret"] {
            assert!(!masked(odd).contains("secret"), "{}", masked(odd));
        }
    }
}
