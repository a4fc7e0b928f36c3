//! The pages that `type` leads to: plain HTML that needs nothing from anywhere else.

use std::fmt::Write;

use axum::{
    Router,
    response::{Html, IntoResponse, Response},
    routing::get,
};
use http::header;

use super::{Problem, ProblemType};
use crate::{
    Path,
    access::{RateGroup, Row, Takes},
};

/// Serves `/problems`, which lists all types of problems, and `/problems/{slug}`, which explains one.
pub fn problem_pages() -> Router {
    Router::new()
        .route("/problems", get(async || page("Problems", &list())))
        .route("/problems/{slug}", get(explain))
}

/// What [`problem_pages`] take: anyone.
#[must_use]
pub fn problem_pages_access() -> Vec<Row> {
    let pages = ["/problems", "/problems/{slug}"];
    pages.map(|path| Row::get(path, Takes::Anyone, RateGroup::Read)).into()
}

async fn explain(Path(slug): Path<String>) -> Result<Response, Problem> {
    let kind = ProblemType::ALL.iter().find(|kind| kind.slug() == slug);
    let kind = kind.ok_or_else(|| Problem::new(ProblemType::NotFound))?;
    let body = format!(
        "<p><code>{uri}</code>, status {status}</p>\n<p>{text}</p>\n\
         <p><a href=\"/problems\">All problems</a></p>",
        uri = kind.uri(),
        status = kind.status(),
        text = with_code(kind.documentation()),
    );
    Ok(page(kind.title(), &body))
}

fn list() -> String {
    let mut list = "<ul>\n".to_owned();
    for kind in ProblemType::ALL {
        // Writing to a String never fails.
        let _ = writeln!(
            list,
            "<li>{status} <a href=\"{page}\">{title}</a></li>",
            status = kind.status().as_u16(),
            page = kind.page(),
            title = escape(kind.title()),
        );
    }
    list + "</ul>"
}

fn page(title: &str, body: &str) -> Response {
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n\
         <style>body{{font:1.1rem/1.5 sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}}\
         </style>\n<h1>{title}</h1>\n{body}\n</html>\n"
    );
    let headers = [
        (header::CACHE_CONTROL, "public, max-age=3600"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    ];
    (headers, Html(html)).into_response()
}

/// Text for HTML, with what stands between backticks as code.
fn with_code(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        html.push_str(&if index % 2 == 1 { format!("<code>{part}</code>") } else { part });
    }
    html
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, http::Request};
    use http::StatusCode;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn get_page(path: &str) -> (StatusCode, String) {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let response = problem_pages().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn every_type_has_a_page_that_the_index_links_to() {
        let (_, index) = get_page("/problems").await;
        for kind in ProblemType::ALL {
            assert!(index.contains(&format!("href=\"{}\"", kind.page())), "{kind:?}");
            let (status, page) = get_page(&kind.page()).await;
            assert_eq!(status, StatusCode::OK);
            assert!(page.contains(kind.title()) && !page.contains('`'), "{page}");
        }
    }

    #[tokio::test]
    async fn a_type_that_does_not_exist_has_no_page() {
        assert_eq!(get_page("/problems/made-up").await.0, StatusCode::NOT_FOUND);
    }

    #[test]
    fn text_is_escaped_and_code_is_marked() {
        assert_eq!(with_code("a < `b & c`"), "a &lt; <code>b &amp; c</code>");
    }
}
