//! Which part of a list: a limit with a cursor, a page number, or a range of items.

use http::{HeaderMap, Method, header};
use http_kit::{FieldError, Problem, ProblemType};

use crate::{
    arguments::Arguments,
    cursor,
    parameter::{Form, Parameter},
    read::single,
    value::Value,
};

/// How many items a page has by default.
const DEFAULT_LIMIT: u32 = 25;

/// The most items a page has. A larger limit is lowered to it, and the answer says so.
pub(crate) const MAX_LIMIT: u32 = 100;

/// The most bytes of documents on a page. A page that would have more ends earlier, and says so; but it never ends
/// before its first item.
pub(crate) const MAX_BYTES: usize = 1024 * 1024;

/// The last page that can be asked for by number. The store has to skip all items before such a page one by one.
/// Cursors have no such bound.
const MAX_PAGE: i64 = 100;

/// The first item of a range, at most; the same bound as for pages.
const MAX_RANGE_START: u32 = 10_000;

/// Which part of a list a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Paging {
    /// The most items, 1 to [`MAX_LIMIT`].
    pub(crate) limit: u32,
    /// Whether more were asked for.
    pub(crate) is_lowered: bool,
    /// Where to begin.
    pub(crate) start: Start,
}

/// Where the asked part of a list begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// After so many items: a page that is asked for by number.
    Offset(u32),
    /// At a cursor, which has not been opened yet.
    Cursor(String),
    /// At this item, counted from 0: a range, which is answered by 206.
    Range(u32),
}

/// A part of a list, as the store is asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// The most items.
    pub(crate) limit: u32,
    /// Where it is.
    pub(crate) at: Place,
    /// By which words films are found, where words are searched for.
    pub(crate) matching: Matching,
}

/// By which words films are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// By the words of the query; if no film has those, by similar ones, if the store can look for them.
    Any,
    /// By the words of the query.
    Exact,
    /// By similar words, as on the page before.
    Similar,
}

/// Where a window is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Place {
    /// Behind so many items.
    Offset(u32),
    /// Right behind the item with these keys, which may be gone.
    After(Vec<Value>),
    /// Right before the item with these keys, which may be gone.
    Before(Vec<Value>),
}

/// The items that a window shows.
#[derive(Debug)]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub(crate) items: Vec<T>,
    /// The keys of the first item, where there are items before it.
    pub(crate) before: Option<Vec<Value>>,
    /// The keys of the last item, where there are items after it.
    pub(crate) after: Option<Vec<Value>>,
    /// Whether there are fewer items than the limit allows, because they are long.
    pub(crate) is_cut: bool,
}

impl<T> Page<T> {
    /// The same page with other items.
    pub(crate) fn try_map<U, E>(self, map: impl Fn(T) -> Result<U, E>) -> Result<Page<U>, E> {
        let items = self.items.into_iter().map(map).collect::<Result<_, _>>()?;
        Ok(Page { items, before: self.before, after: self.after, is_cut: self.is_cut })
    }
}

/// The names of the parameters that say which part of a list is meant, and not which list.
pub(crate) const PARAMETERS: [&str; 4] = ["limit", "page", "per_page", "cursor"];

/// The parameters that every list has.
pub(crate) fn parameters() -> [Parameter; 4] {
    let count = || Form::Integer { min: 1, max: 2_147_483_647 };
    let limit = format!(
        "The most items, {DEFAULT_LIMIT} unless given. More than {MAX_LIMIT} is lowered to \
         {MAX_LIMIT}, and a page of long items ends after about 1 MiB of them; `limit_applied` and \
         `Cinelog-Limit-Applied` then say so, and `next` goes on."
    );
    let page = "The page's number, from 1. For small lists: the links go on without it. Where a page \
                ends early, only its links lead to the rest.";
    let mut cursor = Parameter::new("cursor", Form::Text { max_chars: cursor::MAX_CHARS }, "");
    cursor.documented = false;
    [
        Parameter::new("limit", count(), limit),
        Parameter::new("page", Form::Integer { min: 1, max: MAX_PAGE }, page),
        Parameter::new("per_page", count(), "The same as `limit`. The smaller of the two counts."),
        cursor,
    ]
}

impl Paging {
    /// What a request asks for. A `Range` counts for GET only (RFC 9110 section 14.2).
    ///
    /// # Errors
    /// `InvalidParameter` where two of `cursor`, `page` and `Range` are given, or the range is
    /// malformed.
    pub(crate) fn asked(
        arguments: &Arguments,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let limits = ["limit", "per_page"].into_iter().filter_map(|name| arguments.integer(name));
        let limit =
            limits.min().map_or(DEFAULT_LIMIT, |limit| u32::try_from(limit).unwrap_or(u32::MAX));
        let range = if *method == Method::GET { asked_range(headers)? } else { None };
        let cursor = arguments.text("cursor").map(str::to_owned);
        let page = arguments.integer("page").and_then(|page| u32::try_from(page).ok());
        let (limit, start) = match (cursor, page, range) {
            (Some(cursor), None, None) => (limit, Start::Cursor(cursor)),
            (None, None, Some((first, length))) => (length.unwrap_or(limit), Start::Range(first)),
            (None, page, None) => {
                let before = page.map_or(0, |page| page.saturating_sub(1));
                (limit, Start::Offset(before.saturating_mul(limit.min(MAX_LIMIT))))
            }
            (Some(_), ..) => return Err(only_one("cursor", "page or Range")),
            (None, Some(_), Some(_)) => return Err(only_one("page", "Range")),
        };
        Ok(Self { limit: limit.min(MAX_LIMIT), is_lowered: limit > MAX_LIMIT, start })
    }
}

fn only_one(name: &str, others: &str) -> Problem {
    let detail = format!("cannot be given together with {others}");
    Problem::new(ProblemType::InvalidParameter).error(FieldError::parameter(name, detail))
}

/// The first item of `Range: items=FIRST-LAST` and how many there are, `None` for `items=FIRST-`.
/// Units other than `items` are not understood, and so ignored (RFC 9110 section 14.2).
fn asked_range(headers: &HeaderMap) -> Result<Option<(u32, Option<u32>)>, Problem> {
    // `If-Range` never holds here: the tag of a list is that of one part, not of the whole list.
    if headers.contains_key(header::IF_RANGE) {
        return Ok(None);
    }
    let range = single(headers, &header::RANGE, "Range")?;
    let Some(range) = range.and_then(|range| range.to_str().ok()) else { return Ok(None) };
    let Some(range) = range.trim().strip_prefix("items=") else { return Ok(None) };
    let malformed = || {
        let detail = format!(
            "must be items=FIRST-LAST, such as items=0-24, with FIRST at most {MAX_RANGE_START}; \
             cursors go further"
        );
        Problem::new(ProblemType::InvalidParameter).error(FieldError::header("Range", detail))
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| text.parse::<u32>().unwrap_or(u32::MAX)).ok_or_else(malformed)
    };
    let (first, last) = range.split_once('-').ok_or_else(malformed)?;
    let first = number(first.trim())?;
    if first > MAX_RANGE_START {
        return Err(malformed());
    }
    if last.trim().is_empty() {
        return Ok(Some((first, None)));
    }
    let length = number(last.trim())?.checked_sub(first).ok_or_else(malformed)?;
    Ok(Some((first, Some(length.saturating_add(1)))))
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use http::HeaderValue;

    use super::*;

    fn asked(pairs: &[(&str, &str)], range: Option<&'static str>) -> Result<Paging, Problem> {
        static DECLARED: LazyLock<[Parameter; 4]> = LazyLock::new(parameters);
        let pairs: Vec<_> =
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let mut headers = HeaderMap::new();
        if let Some(range) = range {
            headers.insert(header::RANGE, HeaderValue::from_static(range));
        }
        Paging::asked(&Arguments::read(&pairs, &*DECLARED)?, &Method::GET, &headers)
    }

    fn paging(limit: u32, start: Start) -> Paging {
        Paging { limit, is_lowered: false, start }
    }

    #[test]
    fn a_list_begins_at_its_beginning_with_25_items() {
        assert_eq!(asked(&[], None).unwrap(), paging(25, Start::Offset(0)));
    }

    #[test]
    fn a_limit_that_is_too_large_is_lowered_and_that_is_known() {
        let lowered = asked(&[("limit", "5000")], None).unwrap();
        assert_eq!((lowered.limit, lowered.is_lowered), (100, true));
        assert!(!asked(&[("limit", "100")], None).unwrap().is_lowered);
        assert!(asked(&[("limit", "0")], None).is_err());
    }

    #[test]
    fn of_limit_and_per_page_the_smaller_counts() {
        let pairs = [("limit", "30"), ("per_page", "10"), ("page", "3")];
        assert_eq!(asked(&pairs, None).unwrap(), paging(10, Start::Offset(20)));
    }

    #[test]
    fn pages_are_bounded() {
        let last = asked(&[("page", "100"), ("limit", "9999")], None).unwrap();
        assert_eq!(last.start, Start::Offset(9900));
        assert!(asked(&[("page", "101")], None).is_err());
    }

    #[test]
    fn a_range_names_its_first_and_its_last_item() {
        assert_eq!(asked(&[], Some("items=0-24")).unwrap(), paging(25, Start::Range(0)));
        assert_eq!(asked(&[], Some("items=50-")).unwrap(), paging(25, Start::Range(50)));
        assert!(asked(&[], Some("items=0-400")).unwrap().is_lowered);
        for range in
            ["items=", "items=5-4", "items=-5", "items=a-b", "items=0-1,3-4", "items=99999-"]
        {
            assert!(asked(&[], Some(range)).is_err(), "{range}");
        }
    }

    #[test]
    fn two_ranges_are_refused() {
        let mut headers = HeaderMap::new();
        for range in ["items=0-4", "items=5-9"] {
            headers.append(header::RANGE, HeaderValue::from_static(range));
        }
        let error = FieldError::header("Range", "must be given once");
        assert_eq!(asked_range(&headers).unwrap_err().field_errors(), [error]);
    }

    #[test]
    fn a_unit_that_is_not_understood_is_ignored() {
        assert_eq!(asked(&[], Some("bytes=0-99")).unwrap(), paging(25, Start::Offset(0)));
    }

    #[test]
    fn cursor_page_and_range_exclude_each_other() {
        assert!(asked(&[("cursor", "x"), ("page", "2")], None).is_err());
        assert!(asked(&[("cursor", "x")], Some("items=0-1")).is_err());
        assert!(asked(&[("page", "2")], Some("items=0-1")).is_err());
    }
}
