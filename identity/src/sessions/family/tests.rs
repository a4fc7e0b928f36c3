//! Given a family and a token, when it is shown, then.

use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const TERMS: Terms = Terms {
    grace: Duration::from_secs(10),
    idle: Duration::from_secs(1000),
    absolute: Duration::from_secs(5000),
};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn first() -> RefreshToken {
    RefreshToken::first(Uuid::from_u128(1), [1; 32])
}

fn begun() -> Family {
    Family::begin(&first(), at(0), &TERMS)
}

/// A family that was rotated once, at this second, and the token that it is at.
fn rotated(second: i64) -> (Family, RefreshToken) {
    match begun().decide(&first(), false, [7; 32], at(second), &TERMS) {
        Decision::Rotate { family, token } => (family, token),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_current_token_gives_another_which_is_then_the_current_one() {
    let (family, next) = rotated(100);
    assert_ne!(next, first());
    assert_eq!(family.shown(&next, false), Shown::Current);
    assert_eq!(family.shown(&first(), false), Shown::Previous);
}

#[test]
fn the_token_just_used_gives_the_very_same_answer_again_within_the_grace() {
    let (family, next) = rotated(100);
    for second in [100, 105, 109] {
        let again = family.decide(&first(), false, [9; 32], at(second), &TERMS);
        assert_eq!(again, Decision::Repeat(next.clone()));
    }
}

#[test]
fn after_the_grace_the_token_just_used_ends_the_family() {
    let (family, _) = rotated(100);
    assert_eq!(family.decide(&first(), false, [9; 32], at(110), &TERMS), Decision::End);
}

#[test]
fn an_older_token_ends_the_family_also_within_the_grace() {
    let (family, next) = rotated(100);
    let Decision::Rotate { family, .. } = family.decide(&next, false, [8; 32], at(101), &TERMS)
    else {
        panic!("the current token gives another");
    };
    assert_eq!(family.decide(&first(), true, [9; 32], at(102), &TERMS), Decision::End);
}

#[test]
fn a_token_that_is_made_up_harms_nobody() {
    let made_up = RefreshToken::first(Uuid::from_u128(1), [2; 32]);
    let refused = Decision::Refuse(Refusal::Unknown);
    assert_eq!(begun().decide(&made_up, false, [9; 32], at(1), &TERMS), refused);
    assert_eq!(rotated(100).0.decide(&made_up, false, [9; 32], at(101), &TERMS), refused);
}

#[test]
fn a_session_that_is_not_used_ends_and_so_does_one_that_is_used_for_ever() {
    let over = Decision::Refuse(Refusal::Expired);
    assert_eq!(begun().decide(&first(), false, [9; 32], at(1000), &TERMS), over);
    let (mut family, mut token) = rotated(900);
    for second in [1800, 2700, 3600, 4500] {
        match family.decide(&token, false, [9; 32], at(second), &TERMS) {
            Decision::Rotate { family: next, token: new } => (family, token) = (next, new),
            other => panic!("{second}: {other:?}"),
        }
    }
    assert_eq!(family.decide(&token, false, [9; 32], at(5000), &TERMS), over);
}

#[test]
fn what_follows_a_token_is_not_known_from_it_alone() {
    assert_ne!(first().successor(&[1; 32]), first().successor(&[2; 32]));
    let other = RefreshToken::first(Uuid::from_u128(1), [2; 32]);
    assert_ne!(first().successor(&[1; 32]), other.successor(&[1; 32]));
}

/// What can happen: one of the tokens given out so far is shown, counted from the last; time passes.
#[derive(Debug, Clone)]
enum Step {
    Show(usize),
    ShowMadeUp(u8),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..4_usize).prop_map(Step::Show),
        1 => (2..=255_u8).prop_map(Step::ShowMadeUp),
        2 => (0..15_i64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    /// Whatever is shown in whatever order: there is one chain, it grows at its end only, and once the
    /// session has ended nothing gives anything.
    #[test]
    fn there_is_never_a_second_chain(steps in steps()) {
        let (mut chain, mut family) = (vec![first()], Some(begun()));
        let (mut now, mut rotated_at) = (0, 0);
        for (number, step) in steps.into_iter().enumerate() {
            let (token, place) = match step {
                Step::Wait(seconds) => { now += seconds; continue; }
                Step::ShowMadeUp(byte) => (RefreshToken::first(Uuid::from_u128(1), [byte; 32]), None),
                Step::Show(back) => {
                    let place = chain.len().saturating_sub(1 + back);
                    (chain[place].clone(), Some(chain.len() - 1 - place))
                }
            };
            let Some(lives) = &family else { break };
            let is_older = place.is_some_and(|back| back > 1);
            let mut salt = [0; 32];
            salt[..8].copy_from_slice(&number.to_le_bytes());
            let decided = lives.decide(&token, is_older, salt, at(now), &TERMS);
            match place {
                None => prop_assert_eq!(decided, Decision::Refuse(Refusal::Unknown)),
                Some(0) => {
                    let Decision::Rotate { family: next, token } = decided else {
                        return Err(TestCaseError::fail("the current token was refused"));
                    };
                    prop_assert!(!chain.contains(&token));
                    prop_assert_eq!(next.generation, lives.generation + 1);
                    (family, rotated_at) = (Some(next), now);
                    chain.push(token);
                }
                Some(1) if now < rotated_at + 10 => {
                    let last = chain.last().cloned().unwrap();
                    prop_assert_eq!(decided, Decision::Repeat(last));
                }
                Some(_) => {
                    prop_assert_eq!(decided, Decision::End);
                    family = None;
                }
            }
        }
    }
}
