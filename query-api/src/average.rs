//! The average rating: how it is shown, and which averages a filter means.
//!
//! An average is shown with two places. Somebody who sees 8.67 and filters by 8.67 means the films that show
//! 8.67, so filters compare what is shown. The store keeps averages unrounded, under an index. So a filter
//! is turned into a range of averages here, exact to the last bit of how [`shown`] rounds.

use std::ops::Range;

use crate::filter::Comparison;

/// An average as it is shown: rounded to two places, half up. `average` is not negative.
pub(crate) fn shown(average: f64) -> f64 {
    hundredths(average) / 100.0
}

/// The averages whose shown form compares with `asked` (0 to 10) in this way. 0 is never among them: it stands for
/// films that nobody rated.
pub(crate) fn that_show(comparison: Comparison, asked: f64) -> Range<f64> {
    // In hundredths: the least that shows as `asked` or more, and the least that shows as more.
    let nearest = (asked * 100.0).round();
    let least = nearest + if nearest / 100.0 < asked { 1.0 } else { 0.0 };
    let next = nearest + if nearest / 100.0 <= asked { 1.0 } else { 0.0 };
    let (from, above) = (least_of(least), least_of(next));
    let (lowest, no_end) = (f64::MIN_POSITIVE, f64::INFINITY);
    match comparison {
        Comparison::Equal => from..above,
        Comparison::AtLeast => from..no_end,
        Comparison::MoreThan => above..no_end,
        Comparison::AtMost => lowest..above,
        Comparison::LessThan => lowest..from,
    }
}

/// How many hundredths an average shows.
fn hundredths(average: f64) -> f64 {
    (average * 100.0).round()
}

/// The least average that shows so many hundredths or more.
fn least_of(wanted: f64) -> f64 {
    if wanted <= 0.0 {
        return f64::MIN_POSITIVE;
    }
    // A few bits beside it at most, since the multiplication rounds too.
    let mut least = (wanted - 0.5) / 100.0;
    while hundredths(least) < wanted {
        least = least.next_up();
    }
    while hundredths(least.next_down()) >= wanted {
        least = least.next_down();
    }
    least
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn holds(comparison: Comparison, left: f64, right: f64) -> bool {
        match comparison {
            Comparison::Equal => left == right,
            Comparison::AtLeast => left >= right,
            Comparison::MoreThan => left > right,
            Comparison::AtMost => left <= right,
            Comparison::LessThan => left < right,
        }
    }

    const ALL: [Comparison; 5] = [
        Comparison::Equal,
        Comparison::AtLeast,
        Comparison::MoreThan,
        Comparison::AtMost,
        Comparison::LessThan,
    ];

    /// What people ask, and what lies a hair beside it.
    fn any_asked() -> impl Strategy<Value = f64> {
        let written = (0..=1_000_u16).prop_map(|hundredths| f64::from(hundredths) / 100.0);
        let halves = (0..2_000_u16).prop_map(|halves| f64::from(halves) / 200.0);
        let beside = written.clone().prop_map(f64::next_up);
        let below = (1..=1_000_u16).prop_map(|all| (f64::from(all) / 100.0).next_down());
        prop_oneof![written, halves, beside, below, 0.0..=10.0]
    }

    fn any_average() -> impl Strategy<Value = f64> {
        let of_ratings = (1..5_000_u32)
            .prop_flat_map(|count| (count..=10 * count, Just(count)))
            .prop_map(|(sum, count)| f64::from(sum) / f64::from(count));
        let half = (200..2_000_u16).prop_map(|halves| f64::from(halves) / 200.0);
        let beside = half.clone().prop_map(f64::next_down);
        prop_oneof![of_ratings, half, beside]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn a_filter_compares_what_is_shown(average in any_average(), asked in any_asked()) {
            for comparison in ALL {
                prop_assert_eq!(
                    that_show(comparison, asked).contains(&average),
                    holds(comparison, shown(average), asked),
                    "{:?} {}", comparison, asked
                );
            }
        }

        #[test]
        fn whatever_is_shown_is_found_by_it(average in any_average()) {
            let asked: f64 = shown(average).to_string().parse().unwrap();
            prop_assert!(that_show(Comparison::Equal, asked).contains(&average));
        }
    }

    #[test]
    fn a_film_that_nobody_rated_passes_no_filter() {
        for comparison in ALL {
            for asked in [-0.0, 0.0, 5e-324, 0.004, 0.005, 10.0] {
                assert!(!that_show(comparison, asked).contains(&0.0), "{comparison:?} {asked}");
            }
        }
    }

    #[test]
    fn what_is_never_shown_is_equal_to_nothing() {
        assert!(that_show(Comparison::Equal, 8.666).is_empty());
        assert!(!that_show(Comparison::Equal, 8.67).is_empty());
    }
}
