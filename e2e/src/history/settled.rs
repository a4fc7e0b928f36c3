//! Nodes at rest against the log, and against each other.

use std::collections::HashMap;

use super::{Shown, Violation, films::Films};

pub(super) fn check(nodes: &[Shown], films: &Films<'_>) -> Vec<Violation> {
    let mut found: Vec<Violation> = nodes.iter().flat_map(|node| films_of(node, films)).collect();
    let Some((first, others)) = nodes.split_first() else { return found };
    for other in others {
        let answers = first.answers.iter().zip(&other.answers);
        let differ = answers.filter(|(one, another)| one != another);
        found.extend(differ.map(|((target, _), _)| Violation::Disagree {
            nodes: (first.node.clone(), other.node.clone()),
            target: target.clone(),
        }));
    }
    found
}

/// Every film that a node shows otherwise than the log tells it, or shows at all, or does not.
fn films_of(node: &Shown, films: &Films<'_>) -> Vec<Violation> {
    let mut told: HashMap<&str, (u64, u64)> =
        films.present().map(|(stream, film)| (stream, film.shown_at_end())).collect();
    let mut found = Vec::new();
    let mut differs = |stream: &str, log, shown| {
        let (node, stream) = (node.node.clone(), stream.to_owned());
        found.push(Violation::ShownOther { node, stream, log, shown });
    };
    for film in &node.films {
        let (log, shown) = (told.remove(film.stream.as_str()), (film.revision, film.ratings));
        if log != Some(shown) {
            differs(&film.stream, log, Some(shown));
        }
    }
    let mut missing: Vec<_> = told.into_iter().collect();
    missing.sort_unstable();
    missing.into_iter().for_each(|(stream, log)| differs(stream, Some(log), None));
    found
}
