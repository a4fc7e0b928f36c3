//! Lines, however the input is cut.

use futures::stream;
use proptest::prelude::*;

use super::*;

/// What is read of an input that comes in these pieces: number and text of each line, and the end.
async fn read(pieces: Vec<Bytes>, options: &BulkOptions) -> (Vec<(u64, Option<String>)>, End) {
    let input = stream::iter(pieces.into_iter().map(Ok)).boxed();
    read_all(Lines::received(input, options)).await
}

async fn read_all(mut lines: Lines) -> (Vec<(u64, Option<String>)>, End) {
    let mut read = Vec::new();
    loop {
        match lines.next().await {
            Ok(Line { number, text }) => {
                read.push((number, text.map(|text| String::from_utf8_lossy(&text).into_owned())))
            }
            Err(end) => return (read, end),
        }
    }
}

async fn read_text(text: &str) -> Vec<(u64, Option<String>)> {
    let text = Bytes::copy_from_slice(text.as_bytes());
    let (lines, end) = read(vec![text], &BulkOptions::default()).await;
    assert_eq!(end, End::Whole);
    lines
}

fn line(number: u64, text: &str) -> (u64, Option<String>) {
    (number, Some(text.to_owned()))
}

#[tokio::test]
async fn line_ends_of_all_systems_are_taken_off() {
    assert_eq!(read_text("a\r\nb\nc").await, [line(1, "a"), line(2, "b"), line(3, "c")]);
}

#[tokio::test]
async fn blank_lines_are_counted_and_not_given() {
    assert_eq!(read_text("\n \t\r\na\n\n\nb\n\n  ").await, [line(3, "a"), line(6, "b")]);
    assert_eq!(read_text("").await, []);
}

#[tokio::test]
async fn a_byte_order_mark_is_taken_off_the_first_line_only() {
    assert_eq!(read_text("\u{feff}a\n\u{feff}b").await, [line(1, "a"), line(2, "\u{feff}b")]);
}

#[tokio::test]
async fn a_line_that_is_too_long_is_passed_over_and_the_rest_goes_on() {
    let longest = "x".repeat(LINE_BYTES_MAX);
    let text = format!("a\n{longest}\n{longest}y\n{}\nb\n{longest}z", longest.repeat(3));
    let lines = read_text(&text).await;
    let numbers: Vec<_> = lines.iter().map(|(n, text)| (*n, text.is_some())).collect();
    assert_eq!(numbers, [(1, true), (2, true), (3, false), (4, false), (5, true), (6, false)]);
}

#[tokio::test]
async fn of_an_input_that_breaks_off_only_whole_lines_are_read() {
    let broken = Err(BoxError::from("cut"));
    let input = stream::iter([Ok(Bytes::from_static(b"a\n{\"title\": \"B\"}")), broken]).boxed();
    let read = read_all(Lines::received(input, &BulkOptions::default())).await;
    assert_eq!(read, (vec![line(1, "a")], End::Broken("cut".to_owned())));
}

#[tokio::test]
async fn lines_and_bytes_have_bounds() {
    let options = BulkOptions { lines_max: 2, ..BulkOptions::default() };
    let (lines, end) = read(vec![Bytes::from_static(b"a\nb\nc")], &options).await;
    assert_eq!((lines.len(), end), (2, End::TooManyLines(2)));
    let options = BulkOptions { bytes_max: 5, ..BulkOptions::default() };
    let pieces = || vec![Bytes::from_static(b"a\n"), Bytes::from_static(b"b\ncd\n")];
    let (lines, end) = read(pieces(), &options).await;
    assert_eq!((lines, end), (vec![line(1, "a"), line(2, "b")], End::TooManyBytes(5)));
    let options = BulkOptions { bytes_max: 7, lines_max: 3, ..BulkOptions::default() };
    assert_eq!(read(pieces(), &options).await.1, End::Whole);
}

#[tokio::test(start_paused = true)]
async fn an_input_that_stays_silent_ends() {
    let first = stream::iter([Ok(Bytes::from_static(b"a\nb"))]);
    let input = first.chain(stream::pending()).boxed();
    let options = BulkOptions::default();
    let (lines, end) = read_all(Lines::received(input, &options)).await;
    assert_eq!((lines, end), (vec![line(1, "a")], End::Idle(options.idle_timeout)));
}

#[tokio::test]
async fn reading_can_begin_after_a_line() {
    let input = stream::iter([Ok(Bytes::from_static(b"a\n\nb\nc"))]).boxed();
    let lines = Lines::kept(input, &BulkOptions::default()).after(3);
    assert_eq!(read_all(lines).await.0, [line(4, "c")]);
}

proptest! {
    #[test]
    fn how_the_input_is_cut_into_pieces_changes_nothing(
        text in "[ab\\r\\n \u{feff}]{0,40}",
        cuts in proptest::collection::vec(0usize..60, 0..6),
    ) {
        let whole = Bytes::from(text.into_bytes());
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
        cuts.extend([0, whole.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|ends| whole.slice(ends[0]..ends[1])).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let options = BulkOptions::default();
        let in_pieces = runtime.block_on(read(pieces, &options));
        prop_assert_eq!(in_pieces, runtime.block_on(read(vec![whole], &options)));
    }
}
