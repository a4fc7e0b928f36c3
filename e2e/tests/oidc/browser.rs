//! A browser without a screen: it keeps cookies, follows redirects, and fills in the provider's forms.

use std::collections::HashMap;

use e2e::Answer;
use reqwest::{
    Method,
    header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
};

/// More pages than these are no way to sign in.
const PAGES_MAX: usize = 12;

/// Somebody's browser.
#[derive(Default)]
pub(crate) struct Browser {
    http: Option<reqwest::Client>,
    /// By host and port, name and value.
    cookies: HashMap<String, HashMap<String, String>>,
}

impl Browser {
    pub(crate) fn new() -> Self {
        let policy = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().redirect(policy).build().expect("a client");
        Self { http: Some(http), cookies: HashMap::new() }
    }

    /// GETs a page, and follows nothing.
    pub(crate) async fn get(&mut self, url: &str) -> Answer {
        self.send(Method::GET, url, None).await
    }

    /// Goes where a Cinelog sent it, signs in there as `user`, and agrees. Gives the address that the provider
    /// sends it back to.
    pub(crate) async fn sign_in(&mut self, url: &str, user: &str) -> String {
        self.go_through(url, user, true).await
    }

    /// The same, but does not sign in.
    pub(crate) async fn decline(&mut self, url: &str) -> String {
        self.go_through(url, "", false).await
    }

    async fn go_through(&mut self, url: &str, user: &str, agrees: bool) -> String {
        let mut url = url.to_owned();
        let mut form = None;
        for _ in 0..PAGES_MAX {
            let method = if form.is_some() { Method::POST } else { Method::GET };
            let page = self.send(method, &url, form.take()).await;
            if let Some(location) = page.headers.get(LOCATION) {
                url = absolute(&url, location.to_str().expect("an address"));
                if url.contains("/v1/login/") {
                    return url;
                }
                continue;
            }
            assert_eq!(page.status, 200, "{url}: {}", page.text);
            if !agrees {
                url = absolute(
                    &url,
                    &format!("{}/abort", url.split('?').next().expect("an address")),
                );
                continue;
            }
            let is_login = page.text.contains("name=\"login\"");
            form = Some(if is_login {
                format!("prompt=login&login={user}&password=x")
            } else {
                "prompt=consent".to_owned()
            });
        }
        panic!("the provider leads on and on: {url}");
    }

    async fn send(&mut self, method: Method, url: &str, form: Option<String>) -> Answer {
        let host = host_of(url);
        let http = self.http.as_ref().expect("it was made");
        let mut request = http.request(method, url);
        if let Some(cookies) = self.cookies.get(&host).filter(|cookies| !cookies.is_empty()) {
            let pairs: Vec<String> =
                cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header(COOKIE, pairs.join("; "));
        }
        if let Some(form) = form {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
        let answer = Answer::to(request).await;
        let cookies = self.cookies.entry(host).or_default();
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().expect("visible text");
            let (name, value) =
                cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
            if value.is_empty() {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }
}

fn host_of(url: &str) -> String {
    url.split('/').nth(2).expect("a whole address").to_owned()
}

fn absolute(base: &str, location: &str) -> String {
    if location.starts_with("http") {
        location.to_owned()
    } else {
        format!("http://{}{location}", host_of(base))
    }
}
