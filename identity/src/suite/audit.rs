//! The audit trail.

use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::sessions::account;
use crate::{
    Ports, Role,
    audit::{Details, Entry, Filter, Kind, Origin, Outcome, Place, Recorded, refusals},
};

const ANN: Uuid = Uuid::from_u128(0xa);
const BOB: Uuid = Uuid::from_u128(0xb);

/// So many seconds into these tests.
fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(seconds)
}

fn entry(number: u128, seconds: i64, kind: Kind) -> Entry {
    Entry::new(Uuid::from_u128(number), at(seconds), kind)
}

fn origin() -> Origin {
    Origin::new(Some(IpAddr::from([192, 0, 2, 7])), "request-1")
}

async fn page(ports: &Ports, filter: Filter, after: Option<Place>, limit: u32) -> Vec<Recorded> {
    ports.audit.page(&filter, after, limit).await.unwrap()
}

async fn all(ports: &Ports) -> Vec<Recorded> {
    page(ports, Filter::default(), None, 1000).await
}

fn numbers(entries: &[Recorded]) -> Vec<u128> {
    entries.iter().map(|entry| entry.id.as_u128()).collect()
}

/// Everything that an entry can say is there when it is read.
pub async fn an_entry_is_read_back_as_it_was_written(ports: Ports) {
    let written = entry(1, 0, Kind::RoleChanged)
        .about(ANN)
        .by(BOB)
        .from(&origin())
        .role(Some(Role::Member), Role::Editor)
        .because("asked for");
    ports.audit.record(&[written]).await.unwrap();
    let read = all(&ports).await.pop().unwrap();
    let expected = Recorded {
        id: Uuid::from_u128(1),
        at: at(0),
        kind: "role_changed".to_owned(),
        outcome: "done".to_owned(),
        account: Some(ANN),
        actor: Some(BOB),
        address: Some("192.0.2.7".to_owned()),
        request_id: Some("request-1".to_owned()),
        times: 1,
        details: Details {
            role_before: Some("member".into()),
            role: Some("editor".into()),
            reason: Some("asked for".into()),
            ..Details::default()
        },
    };
    assert_eq!(read, expected);
}

/// What is not known is not there.
pub async fn an_entry_may_say_next_to_nothing(ports: Ports) {
    ports.audit.record(&[entry(1, 0, Kind::SignInRefused)]).await.unwrap();
    let read = all(&ports).await.pop().unwrap();
    assert_eq!((read.account, read.actor, read.address, read.request_id), (None, None, None, None));
    assert_eq!((read.outcome.as_str(), read.details), ("refused", Details::default()));
}

/// Pages are cut between entries of the same time too, and nothing is on two of them or on none.
pub async fn the_newest_come_first_and_pages_meet_without_gap_or_repeat(ports: Ports) {
    let seconds = [0, 5, 5, 5, 2, 9, 5];
    let entries: Vec<Entry> =
        (1..).zip(seconds).map(|(number, seconds)| entry(number, seconds, Kind::SignIn)).collect();
    ports.audit.record(&entries).await.unwrap();
    let read_to_the_end = async |filter, mut after| {
        let mut read = Vec::new();
        loop {
            let some = page(&ports, filter, after, 2).await;
            let Some(last) = some.last() else { return read };
            assert!(some.len() <= 2);
            after = Some(last.place());
            read.extend(numbers(&some));
        }
    };
    assert_eq!(read_to_the_end(Filter::default(), None).await, [6, 7, 4, 3, 2, 5, 1]);
    let until = Filter { until: Some(at(9)), ..Filter::default() };
    let newest = all(&ports).await.first().map(Recorded::place);
    assert_eq!(read_to_the_end(until, newest).await, [7, 4, 3, 2, 5, 1]);
}

/// Alone and together.
pub async fn every_filter_leaves_the_entries_that_fit(ports: Ports) {
    let entries = [
        entry(1, 0, Kind::SignIn).about(ANN).by(ANN),
        entry(2, 1, Kind::RoleChanged).about(ANN).by(BOB),
        entry(3, 2, Kind::PasswordChanged).about(BOB).by(BOB).refused(),
        entry(4, 3, Kind::SignInRefused).about(BOB),
    ];
    ports.audit.record(&entries).await.unwrap();
    let none = Filter::default();
    let cases: [(Filter, &[u128]); 10] = [
        (Filter { kind: Some(Kind::RoleChanged), ..none }, &[2]),
        (Filter { outcome: Some(Outcome::Refused), ..none }, &[4, 3]),
        (Filter { account: Some(ANN), ..none }, &[2, 1]),
        (Filter { actor: Some(BOB), ..none }, &[3, 2]),
        (Filter { account: Some(BOB), actor: Some(BOB), ..none }, &[3]),
        (Filter { since: Some(at(2)), ..none }, &[4, 3]),
        (Filter { until: Some(at(2)), ..none }, &[2, 1]),
        (Filter { since: Some(at(1)), until: Some(at(2)), ..none }, &[2]),
        (Filter { account: Some(ANN), kind: Some(Kind::Erased), ..none }, &[]),
        (
            Filter {
                outcome: Some(Outcome::Refused),
                account: Some(BOB),
                since: Some(at(3)),
                ..none
            },
            &[4],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(numbers(&page(&ports, filter, None, 10).await), expected, "{filter:?}");
    }
}

/// A batch that failed half-way for the caller can be sent again.
pub async fn an_entry_that_is_written_twice_is_there_once(ports: Ports) {
    let first = entry(1, 0, Kind::SignIn).about(ANN);
    ports.audit.record(std::slice::from_ref(&first)).await.unwrap();
    ports.audit.record(&[first, entry(2, 1, Kind::SignOut)]).await.unwrap();
    assert_eq!(numbers(&all(&ports).await), [2, 1]);
}

/// The end of the time for which the trail is kept.
pub async fn old_entries_are_forgotten_so_many_at_a_time_and_the_oldest_first(ports: Ports) {
    let entries: Vec<Entry> =
        (1..=6).map(|number| entry(number, i64::try_from(number).unwrap(), Kind::SignIn)).collect();
    ports.audit.record(&entries).await.unwrap();
    assert_eq!(ports.audit.forget_before(at(5), 3).await.unwrap(), 3);
    assert_eq!(numbers(&all(&ports).await), [6, 5, 4]);
    assert_eq!(ports.audit.forget_before(at(5), 3).await.unwrap(), 1);
    assert_eq!(ports.audit.forget_before(at(5), 3).await.unwrap(), 0);
    assert_eq!(numbers(&all(&ports).await), [6, 5]);
}

/// Refusals wait before they are written, and may be those of somebody who was erased meanwhile.
pub async fn what_is_recorded_of_somebody_erased_does_not_lead_to_them_any_more(ports: Ports) {
    let (ann, bob) = (account(&ports, 1).await, account(&ports, 2).await);
    let refused = |number| entry(number, 1, Kind::Refused).from(&origin());
    ports.audit.record(&[refused(1).by(ann), refused(2).about(ann)]).await.unwrap();
    let erased = entry(3, 2, Kind::Erased).about(ann).by(bob).from(&origin());
    ports.accounts.erase(ann, None, None, at(2), &erased).await.unwrap();
    let late = [refused(4).by(ann), refused(5).about(ann), refused(6).by(bob), refused(7)];
    ports.audit.record(&late).await.unwrap();
    for entry in all(&ports).await.into_iter().filter(|entry| entry.kind != "registered") {
        let is_hers = entry.account == Some(ann) || entry.actor == Some(ann);
        let leads = (entry.address.is_some(), entry.request_id.is_some());
        assert_eq!(leads, (!is_hers, !is_hers), "{entry:?}");
    }
}

/// Whichever comes first.
pub async fn what_is_recorded_at_the_moment_of_an_erasing_does_not_lead_to_the_person(
    ports: Ports,
) {
    for round in 0..10 {
        let ann = account(&ports, 100 + round).await;
        let number = 1000 + 10 * round;
        let late = entry(number, 1, Kind::Refused).by(ann).from(&origin());
        let erased = entry(number + 1, 2, Kind::Erased).about(ann).by(ann);
        let (of_one, of_other) = (ports.clone(), ports.clone());
        let recorded = tokio::spawn(async move { of_one.audit.record(&[late]).await });
        let done =
            tokio::spawn(
                async move { of_other.accounts.erase(ann, None, None, at(2), &erased).await },
            );
        recorded.await.unwrap().unwrap();
        done.await.unwrap().unwrap();
    }
    for entry in all(&ports).await {
        assert_eq!((entry.address.as_ref(), entry.request_id.as_ref()), (None, None), "{entry:?}");
    }
}

/// What strangers can write has an end, and pushes nothing else out.
pub async fn only_the_newest_refusals_are_kept_and_whatever_was_done(ports: Ports) {
    let mut entries = vec![entry(1, 0, Kind::RoleChanged), entry(2, 0, Kind::SignInRefused)];
    entries.extend((3..=13).map(|number| entry(number, 1, Kind::Refused)));
    ports.audit.record(&entries).await.unwrap();
    let forget =
        async |transactions| ports.audit.forget_refusals(2, 3, transactions).await.unwrap();
    assert_eq!([forget(1).await, forget(2).await, forget(9).await], [3, 6, 0]);
    assert_eq!(numbers(&all(&ports).await), [13, 12, 2, 1]);
}

/// Writers wait for each other, and none is lost.
pub async fn entries_of_many_writers_are_all_there(ports: Ports) {
    let writers = (0..8).map(|writer: u128| {
        let ports = ports.clone();
        tokio::spawn(async move {
            for number in 0..10 {
                let one = entry(writer * 10 + number, 0, Kind::SignIn);
                ports.audit.record(&[one]).await.unwrap();
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(all(&ports).await.len(), 80);
}

/// A thousand guesses are one line.
pub async fn refusals_that_are_the_same_are_one_entry_that_says_how_often(ports: Ports) {
    let (refusals, writer) = refusals(ports.audit.clone());
    for number in 0..1000 {
        let guess = entry(number, 0, Kind::SignInRefused).about(ANN).from(&origin());
        refusals.offer(guess);
    }
    refusals.offer(entry(5000, 1, Kind::Refused).by(BOB).request("POST", "/v1/movies", 403));
    writer.run(std::future::ready(())).await;
    let read = all(&ports).await;
    let told: Vec<_> = read.iter().map(|entry| (entry.kind.as_str(), entry.times)).collect();
    assert_eq!(told, [("refused", 1), ("sign_in_refused", 1000)]);
    assert_eq!(read[0].details.route.as_deref(), Some("/v1/movies"));
}
