//! How easily a password is guessed: an estimate, with a bound on its work.
//!
//! zxcvbn tries every way in which signs may stand for letters (`4` for `a`, `(` for `c`): with all such signs in
//! a password there are 1,152, each looks up every part of it, and one password of 128 characters takes a
//! processor for seconds. So that work is counted before, and where it is too much a beginning is judged.

/// A score of zxcvbn that is enough: 3 of 4, "safely unguessable" by whoever has stolen slow hashes.
const SCORE_MIN: u8 = 3;

/// A score that is enough for a beginning: where it was cut there may be half a word, which looks like chance.
const SCORE_MIN_CUT: u8 = 4;

/// The most parts that are looked up, each time in every dictionary. A thousand take 0.1 to 0.2 ms (measured in a
/// release build on a busy machine of 2 cores), so that the worst password takes some 20 ms, as a hash does; one that
/// repeats itself up to a third more, since what it repeats is judged as well. Of 12 characters nothing is ever
/// cut, and of 26 on two rows of a keyboard neither.
const LOOKUPS_MAX: usize = 100_000;

/// How many characters zxcvbn looks at.
const CHARS_JUDGED: usize = 100;

/// Signs that stand for a letter, as zxcvbn has them. Where one stands for two letters, either may be meant.
const SIGNS: [(char, &str); 12] = [
    ('a', "4@"),
    ('b', "8"),
    ('c', "({[<"),
    ('e', "3"),
    ('g', "69"),
    ('i', "1!|"),
    ('l', "1|7"),
    ('o', "0"),
    ('s', "$5"),
    ('t', "+7"),
    ('x', "%"),
    ('z', "2"),
];

/// The letter whose signs all stand for another one, too: each doubles the ways.
const SHARED: char = 'l';

/// Whether a password is not among the first that somebody would try who knows the `known` words.
pub(super) fn is_hard_to_guess(password: &str, known: &[&str]) -> bool {
    let judged = Judged::of(password);
    let score_min = if judged.is_cut { SCORE_MIN_CUT } else { SCORE_MIN };
    u8::from(zxcvbn::zxcvbn(&judged.text, known).score()) >= score_min
}

/// What of a password is judged.
struct Judged {
    text: String,
    /// Whether something came after it. That is not counted: it can only make the password harder to guess.
    is_cut: bool,
}

impl Judged {
    /// The whole password where that is not too much work. Else one round of it where it goes round and round, as
    /// a weak one does not get better by being repeated; and of that the longest beginning that is not too much.
    fn of(password: &str) -> Self {
        let all: Vec<char> = password.chars().take(CHARS_JUDGED).collect();
        if lookups(&all) <= LOOKUPS_MAX {
            return Self { text: password.to_owned(), is_cut: false };
        }
        let round = round_of(&password.chars().collect::<Vec<_>>());
        let round = round.unwrap_or(all.len()).min(all.len());
        let fits = |chars: &usize| lookups(&all[..*chars]) <= LOOKUPS_MAX;
        let chars = (1..=round).rev().find(fits).unwrap_or_default();
        Self { text: all[..chars].iter().collect(), is_cut: chars < round }
    }
}

/// How many parts of a text are looked up, at most: all there are, for each way to read its signs.
fn lookups(text: &[char]) -> usize {
    let ways_of = |&(letter, signs): &(char, &str)| {
        let there = signs.chars().filter(|sign| text.contains(sign)).count();
        let each = if letter == SHARED { 2 } else { 1 };
        (there * each).max(1)
    };
    let ways: usize = SIGNS.iter().map(ways_of).product();
    ways * (text.len() * (text.len() + 1) / 2)
}

/// After how many characters a text begins again, and goes on so to its end. `None` where it does not.
fn round_of(text: &[char]) -> Option<usize> {
    let goes_on = |round: &usize| text[*round..] == text[..text.len() - round];
    (1..=text.len() / 2).find(goes_on)
}

#[cfg(test)]
mod tests {
    use zxcvbn::matching::patterns::MatchPattern;

    use super::*;

    /// Every sign there is, again and again: it took between two and five seconds.
    const ALL_SIGNS: &str = "4@ ({ [< 69 1! |7 03 $5 +7 %2 ";

    /// Two rows of a keyboard, and the same with Shift.
    const ROWS: &str = "`1234567890-=~!@#$%^&*()_+";

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    /// Texts of `wanted` characters whose signs are in all kinds of orders, the same each time.
    fn made_up(wanted: usize) -> Vec<String> {
        let signs: Vec<char> = SIGNS.iter().flat_map(|(_, signs)| signs.chars()).collect();
        let steps = (1..signs.len()).map(|step| {
            (0..wanted).map(|at| signs[(at * step + at / signs.len()) % signs.len()]).collect()
        });
        let late =
            |at: usize| format!("{}{ALL_SIGNS}", "ab".repeat(at)).chars().take(wanted).collect();
        let repeated = ALL_SIGNS.chars().cycle().take(wanted).collect();
        steps.chain((0..40).map(late)).chain([repeated]).collect()
    }

    #[test]
    fn no_password_is_more_work_than_there_may_be() {
        assert!(lookups(&chars(&ALL_SIGNS.repeat(4)[..100])) > 50 * LOOKUPS_MAX);
        for wanted in [12, 13, 20, 33, 64, 100, 128] {
            for password in made_up(wanted) {
                let judged = Judged::of(&password);
                let looked_at = chars(&judged.text).into_iter().take(CHARS_JUDGED);
                assert!(lookups(&looked_at.collect::<Vec<_>>()) <= LOOKUPS_MAX, "{password}");
                assert!(judged.text.chars().count() >= 12, "{password}");
            }
        }
    }

    /// The bound is sure only if no other sign stands for a letter: each is tried in a word with each letter.
    #[test]
    fn the_signs_are_those_that_the_estimate_knows() {
        let words = [
            "password",
            "blink182",
            "chicken",
            "dragon",
            "liverpool",
            "football",
            "ginger",
            "hunter",
            "jasmine",
            "killer",
            "monkey",
            "nicole",
            "xavier",
            "zxcvbnm",
            "yankees",
            "welcome",
            "victoria",
        ];
        let mut known = Vec::new();
        for sign in ('!'..='~').filter(|sign| !sign.is_ascii_alphabetic()) {
            for letter in 'a'..='z' {
                let is_read = words.iter().filter(|word| word.contains(letter)).any(|word| {
                    let text = word.replace(letter, &sign.to_string());
                    zxcvbn::zxcvbn(&text, &[]).sequence().iter().any(|found| match &found.pattern {
                        MatchPattern::Dictionary(word) => {
                            word.sub.as_ref().is_some_and(|sub| sub.get(&sign) == Some(&letter))
                        }
                        _ => false,
                    })
                });
                if is_read {
                    known.push((letter, sign));
                }
            }
        }
        known.sort_unstable();
        let mut ours: Vec<(char, char)> = SIGNS
            .iter()
            .flat_map(|(letter, signs)| signs.chars().map(|sign| (*letter, sign)))
            .collect();
        ours.sort_unstable();
        assert_eq!(known, ours);
    }

    #[test]
    fn a_strong_password_is_strong_whatever_comes_after_it() {
        let strong = "7Kq!vR2#pLx9";
        for tail in [
            "a".repeat(116),
            ALL_SIGNS.chars().cycle().take(116).collect(),
            ROWS.chars().cycle().take(116).collect(),
            "password".repeat(14),
        ] {
            assert!(is_hard_to_guess(&format!("{strong}{tail}"), &[]), "{tail}");
        }
        for password in made_up(128).iter().step_by(6) {
            assert!(is_hard_to_guess(password, &[]), "{password}");
        }
    }

    #[test]
    fn a_weak_password_is_not_strong_because_it_is_long_and_full_of_signs() {
        let code_points: String = ('!'..='@').collect();
        for password in [
            ROWS.to_owned(),
            ROWS.repeat(4),
            code_points.clone(),
            code_points.repeat(4),
            "p4$$w0rd".repeat(16),
            format!("{}{}", "4@".repeat(50), "4@"),
        ] {
            assert!(!is_hard_to_guess(&password, &[]), "{password}");
        }
        // The bound makes the difference for these.
        for password in [ROWS.repeat(4), code_points] {
            assert!(lookups(&chars(&password)) > LOOKUPS_MAX, "{password}");
        }
    }

    #[test]
    fn ordinary_passwords_are_judged_whole() {
        for password in
            ["correct horse battery staple", ROWS, &"1234567890".repeat(10), &"a".repeat(128)]
        {
            let judged = Judged::of(password);
            assert_eq!((judged.text.as_str(), judged.is_cut), (password, false));
        }
    }

    #[test]
    fn what_goes_round_is_known_by_its_first_round() {
        for (text, round) in [("abcabcab", Some(3)), ("aaaa", Some(1)), ("abcab", None), ("", None)]
        {
            assert_eq!(round_of(&chars(text)), round, "{text}");
        }
    }
}
