//! The query of a list of films: filters, order and fields, from the bytes that a client sends.

#![no_main]
#![allow(dead_code, reason = "the sources under test are whole, and only their parsers are used")]

#[path = "../../query-api/src/arguments.rs"]
mod arguments;
#[path = "../../query-api/src/average.rs"]
mod average;
#[path = "../../query-api/src/codes.rs"]
mod codes;
#[path = "../../query-api/src/fields.rs"]
mod fields;
#[path = "../../query-api/src/filter.rs"]
mod filter;
#[path = "../../query-api/src/parameter.rs"]
mod parameter;
#[path = "../../query-api/src/sort.rs"]
mod sort;
#[path = "../../query-api/src/value.rs"]
mod value;

use std::sync::LazyLock;

use futures::executor::block_on;
use http_kit::QueryPairs;
use libfuzzer_sys::fuzz_target;

use self::{
    arguments::Arguments,
    fields::Fields,
    filter::{Condition, MovieFilter},
    parameter::Parameter,
    sort::{MovieSort, Order},
};

static PARAMETERS: LazyLock<Vec<Parameter>> = LazyLock::new(|| {
    MovieFilter::parameters()
        .chain([sort::parameter::<MovieSort>(""), Fields::parameter(&["id", "title"], "id")])
        .collect()
});

fuzz_target!(|bytes: &[u8]| {
    let address = [b"/v1/movies?", bytes].concat();
    let Ok(request) = http::Request::get(&address[..]).body(()) else { return };
    let (mut parts, ()) = request.into_parts();
    let Ok(QueryPairs(pairs)) = block_on(from_request(&mut parts)) else { return };
    let Ok(arguments) = Arguments::read(&pairs, &PARAMETERS) else { return };
    let filter = MovieFilter::asked(&arguments);
    for condition in &filter.conditions {
        match condition {
            Condition::HasAny(_, slugs) => assert!(!slugs.is_empty()),
            // Films that nobody rated have an average of 0, and pass no filter.
            Condition::Averages(range) => assert!(!range.contains(&0.0), "{range:?}"),
            Condition::IsAny(_, codes) => assert!(!codes.is_empty()),
            Condition::Compares(..) => {}
        }
    }
    let order = Order::of_movies(&arguments, filter.query.is_some());
    assert!((1..=4).contains(&order.keys().len()));
    let _ = Fields::asked(&arguments, "id");
});

async fn from_request(parts: &mut http::request::Parts) -> Result<QueryPairs, http_kit::Problem> {
    use axum::extract::FromRequestParts;

    QueryPairs::from_request_parts(parts, &()).await
}
