//! How a store of objects behaves, whichever it is. `suite!(open)` makes a test of each behaviour; `open`
//! gives a store with the limits that it is given, and what must be kept as long as it is used.

use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use objects::{Folder, Limits, ObjectName, Objects, ObjectsError};

pub(crate) const LIMITS: Limits =
    Limits { object_bytes_max: 32 << 20, timeout: Duration::from_secs(30), retries_max: 2 };

pub(crate) const TINY: Limits = Limits { object_bytes_max: 10, ..LIMITS };

pub(crate) fn name(name: &str) -> ObjectName {
    ObjectName::new(name).unwrap()
}

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn names(listed: &[objects::Meta]) -> Vec<&str> {
    listed.iter().map(|meta| meta.name.as_str()).collect()
}

/// Pieces of an odd size, each another byte, of so many bytes in all.
pub(crate) fn pieces(bytes: usize) -> impl futures::Stream<Item = Result<Bytes, String>> {
    const PIECE: usize = 700_001;
    let sizes = (0..bytes.div_ceil(PIECE)).map(move |index| (bytes - index * PIECE).min(PIECE));
    stream::iter(sizes.enumerate().map(|(index, size)| Ok(Bytes::from(vec![index as u8; size]))))
}

pub(crate) async fn what_is_put_can_be_read(objects: Objects) {
    let stored = objects.put(&name("posters/a.png"), text("abc")).await.unwrap();
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let hex: String = stored.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((stored.size, stored.is_new, hex.as_str()), (3, true, sha256));
    let object = objects.get(&name("posters/a.png")).await.unwrap().unwrap();
    assert_eq!((object.meta.size, object.range), (3, 0..3));
    assert_eq!(object.meta.name.content_type(), "image/png");
    assert_eq!(object.body.read(3).await.unwrap(), "abc");
}

pub(crate) async fn nothing_may_be_stored_too(objects: Objects) {
    objects.put(&name("empty.bin"), Bytes::new()).await.unwrap();
    assert_eq!(objects.read(&name("empty.bin")).await.unwrap().unwrap(), "");
    let stored = objects.put_stream(&name("empty-too.bin"), pieces(0)).await.unwrap();
    assert_eq!(stored.size, 0);
    assert_eq!(objects.head(&name("empty-too.bin")).await.unwrap().unwrap().size, 0);
}

pub(crate) async fn what_is_put_again_is_replaced_and_has_another_e_tag(objects: Objects) {
    objects.put(&name("a.png"), text("one")).await.unwrap();
    let first = objects.head(&name("a.png")).await.unwrap().unwrap();
    objects.put(&name("a.png"), text("two")).await.unwrap();
    let second = objects.head(&name("a.png")).await.unwrap().unwrap();
    assert!(first.e_tag.is_some() && first.e_tag != second.e_tag, "{first:?} {second:?}");
    assert!(second.modified >= first.modified);
    assert_eq!(objects.read(&name("a.png")).await.unwrap().unwrap(), "two");
}

pub(crate) async fn what_is_not_there_is_none_and_no_error(objects: Objects) {
    let absent = name("posters/absent.png");
    assert!(objects.get(&absent).await.unwrap().is_none());
    assert!(objects.get_range(&absent, 0..1).await.unwrap().is_none());
    assert!(objects.head(&absent).await.unwrap().is_none());
    assert!(objects.read(&absent).await.unwrap().is_none());
    assert!(
        objects.list(Some(&Folder::new("posters").unwrap()), None, 10).await.unwrap().is_empty()
    );
}

pub(crate) async fn a_name_is_created_once_and_the_same_content_again_is_as_good(objects: Objects) {
    let poster = name("posters/a.png");
    assert!(objects.create(&poster, text("one")).await.unwrap().is_new);
    assert!(!objects.create(&poster, text("one")).await.unwrap().is_new);
    for other in ["two", "longer", ""] {
        assert_eq!(objects.create(&poster, text(other)).await, Err(ObjectsError::Exists));
    }
    assert_eq!(objects.read(&poster).await.unwrap().unwrap(), "one");
}

pub(crate) async fn of_many_that_create_one_name_one_wins(objects: Objects) {
    let poster = name("posters/a.png");
    let contents: Vec<Bytes> = (0..16).map(|index| Bytes::from(format!("from {index}"))).collect();
    let attempts = contents.iter().map(|content| objects.create(&poster, content.clone()));
    let outcomes = futures::future::join_all(attempts).await;
    let winners: Vec<usize> = outcomes
        .iter()
        .enumerate()
        .filter(|(_, outcome)| outcome.is_ok())
        .map(|(at, _)| at)
        .collect();
    assert_eq!(winners.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().filter(|outcome| **outcome == Err(ObjectsError::Exists)).count() == 15);
    assert_eq!(objects.read(&poster).await.unwrap().unwrap(), contents[winners[0]]);
}

pub(crate) async fn a_range_gives_its_bytes_and_no_more_than_there_are(objects: Objects) {
    let poster = name("a.png");
    objects.put(&poster, text("0123456789")).await.unwrap();
    for (range, expected, there) in [(2..5, "234", 2..5), (0..1, "0", 0..1), (8..100, "89", 8..10)]
    {
        let object = objects.get_range(&poster, range).await.unwrap().unwrap();
        assert_eq!((object.meta.size, object.range), (10, there));
        assert_eq!(object.body.read(10).await.unwrap(), expected);
    }
    for nothing in [10..11, 50..60, 3..3] {
        let refused = objects.get_range(&poster, nothing.clone()).await.map(drop);
        assert_eq!(refused, Err(ObjectsError::Range { size: 10 }), "{nothing:?}");
    }
}

pub(crate) async fn what_is_deleted_is_gone_and_may_be_deleted_again(objects: Objects) {
    let poster = name("posters/a.png");
    objects.put(&poster, text("abc")).await.unwrap();
    for _ in 0..2 {
        objects.delete(&poster).await.unwrap();
        assert!(objects.head(&poster).await.unwrap().is_none());
    }
    assert!(objects.create(&poster, text("other")).await.unwrap().is_new);
}

pub(crate) async fn pieces_become_one_object_however_many_they_are(objects: Objects) {
    // Less than a part, a part exactly, several and a rest.
    for bytes in [1_000_000, 8 << 20, (20 << 20) + 17] {
        let large = name("exports/large.bin");
        let stored = objects.put_stream(&large, pieces(bytes)).await.unwrap();
        assert_eq!(stored.size, bytes as u64);
        let expected: Vec<u8> =
            pieces(bytes).map(|piece| piece.unwrap()).collect::<Vec<_>>().await.concat();
        let read = objects.read(&large).await.unwrap().unwrap();
        assert!(read == expected, "{bytes} bytes are not what they were");
        let twin = objects.put(&name("exports/twin.bin"), read).await.unwrap();
        assert_eq!(twin.sha256, stored.sha256);
        let end = bytes as u64 - 5;
        let tail = objects.get_range(&large, end..end + 5).await.unwrap().unwrap();
        assert_eq!(tail.body.read(5).await.unwrap(), expected[bytes - 5..]);
    }
}

pub(crate) async fn content_that_fails_in_the_middle_leaves_what_was_there(objects: Objects) {
    let large = name("exports/large.bin");
    objects.put(&large, text("before")).await.unwrap();
    for bytes in [1_000, 17 << 20] {
        let broken = pieces(bytes).chain(stream::iter([Err("the client is gone".to_owned())]));
        let failed = objects.put_stream(&large, broken).await;
        assert_eq!(failed, Err(ObjectsError::Content("the client is gone".to_owned())));
        assert_eq!(objects.read(&large).await.unwrap().unwrap(), "before");
    }
    assert_eq!(names(&objects.list(None, None, 10).await.unwrap()), ["exports/large.bin"]);
}

pub(crate) async fn a_listing_is_in_order_and_goes_on_where_the_last_ended(objects: Objects) {
    for each in ["b/2.png", "a.png", "b/1.png", "b-c/1.png", "b/10.png", "c/d/e.json"] {
        objects.put(&name(each), text("x")).await.unwrap();
    }
    let all = objects.list(None, None, 100).await.unwrap();
    let expected = ["a.png", "b-c/1.png", "b/1.png", "b/10.png", "b/2.png", "c/d/e.json"];
    assert_eq!(names(&all), expected);
    let mut paged = Vec::new();
    loop {
        let page = objects.list(None, paged.last(), 2).await.unwrap();
        paged.extend(page.iter().map(|meta| meta.name.clone()));
        if page.len() < 2 {
            break;
        }
    }
    assert_eq!(paged.iter().map(ObjectName::as_str).collect::<Vec<_>>(), expected);
    let b = Folder::new("b").unwrap();
    let below = objects.list(Some(&b), None, 100).await.unwrap();
    assert_eq!(names(&below), ["b/1.png", "b/10.png", "b/2.png"], "and not what is in b-c");
    let rest = objects.list(Some(&b), Some(&name("b/10.png")), 100).await.unwrap();
    assert_eq!(names(&rest), ["b/2.png"]);
    assert!(objects.list(None, None, 0).await.unwrap().is_empty());
}

pub(crate) async fn all_that_is_asked_of_a_store_can_be_tried_out(objects: Objects) {
    objects.health().await.unwrap();
    let steps = objects.probe("0001").await.unwrap();
    assert!(steps.iter().any(|step| step.what == "replace it by 9 MiB in parts"), "{steps:?}");
    assert!(objects.list(None, None, 10).await.unwrap().is_empty(), "nothing of it stays");
}

pub(crate) async fn what_is_larger_than_it_may_be_is_refused_and_leaves_nothing(tiny: Objects) {
    let poster = name("posters/a.png");
    tiny.put(&poster, text("0123456789")).await.unwrap();
    let eleven = text("0123456789a");
    let refused = Err(ObjectsError::TooLarge { max: 10 });
    assert_eq!(tiny.put(&poster, eleven.clone()).await, refused);
    assert_eq!(tiny.create(&name("posters/b.png"), eleven).await, refused);
    assert_eq!(tiny.put_stream(&poster, pieces(40 << 20)).await, refused);
    assert_eq!(tiny.read(&poster).await.unwrap().unwrap(), "0123456789");
    assert_eq!(names(&tiny.list(None, None, 10).await.unwrap()), ["posters/a.png"]);
}

/// A test of each behaviour.
macro_rules! suite {
    ($open:expr) => {
        suite!(@ $open, suite::LIMITS,
            what_is_put_can_be_read
            nothing_may_be_stored_too
            what_is_put_again_is_replaced_and_has_another_e_tag
            what_is_not_there_is_none_and_no_error
            a_name_is_created_once_and_the_same_content_again_is_as_good
            of_many_that_create_one_name_one_wins
            a_range_gives_its_bytes_and_no_more_than_there_are
            what_is_deleted_is_gone_and_may_be_deleted_again
            pieces_become_one_object_however_many_they_are
            content_that_fails_in_the_middle_leaves_what_was_there
            a_listing_is_in_order_and_goes_on_where_the_last_ended
            all_that_is_asked_of_a_store_can_be_tried_out
        );
        suite!(@ $open, suite::TINY, what_is_larger_than_it_may_be_is_refused_and_leaves_nothing);
    };
    (@ $open:expr, $limits:expr, $($behaviour:ident)+) => {
        $(
            #[tokio::test]
            async fn $behaviour() {
                let (objects, _kept) = $open($limits);
                suite::$behaviour(objects).await;
            }
        )+
    };
}

pub(crate) use suite;
