//! Commands against the log.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Fact, Operation, Outcome, Violation};

pub(super) fn check(
    operations: &[Operation],
    log: &[Fact],
    is_of_others: impl Fn(Option<&str>) -> bool,
) -> Vec<Violation> {
    let mut found = structure(log);
    let mut by_key: HashMap<&str, Vec<&Fact>> = HashMap::new();
    // What has no key comes from no operation.
    let mut unasked: Vec<&Fact> = Vec::new();
    for fact in log.iter().filter(|fact| !is_of_others(fact.key.as_deref())) {
        match fact.key.as_deref() {
            Some(key) => by_key.entry(key).or_default().push(fact),
            None => unasked.push(fact),
        }
    }
    let end = log.last().map_or(0, |fact| fact.position);
    for operation in operations {
        let facts = by_key.remove(operation.key.as_str()).unwrap_or_default();
        found.extend(effects(operation, &facts, end));
        found.extend(guarded(operation, &facts));
    }
    unasked.extend(by_key.into_values().flatten());
    unasked.sort_by_key(|fact| fact.position);
    found.extend(unasked.into_iter().map(|fact| Violation::Unasked { position: fact.position }));
    found.extend(real_time(operations, log));
    found
}

/// What the log must be, whoever wrote it: positions and revisions from 1 without gaps, ids once.
fn structure(log: &[Fact]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut revisions: HashMap<&str, u64> = HashMap::new();
    let mut ids = HashSet::new();
    for (fact, expected) in log.iter().zip(1..) {
        let position = fact.position;
        if position != expected {
            // All that follow would be out of place too.
            found.push(Violation::PositionGap { expected, found: position });
            break;
        }
        let revision = revisions.entry(&fact.stream).or_default();
        *revision += 1;
        if fact.revision != *revision {
            let (stream, expected) = (fact.stream.clone(), *revision);
            found.push(Violation::RevisionGap { stream, expected, found: fact.revision, position });
            *revision = fact.revision;
        }
        if !ids.insert(&fact.id) {
            found.push(Violation::DoubledId { id: fact.id.clone(), position });
        }
    }
    found
}

/// What one operation left behind, against what its client was told. `end` is the log's last position.
fn effects(operation: &Operation, facts: &[&Fact], end: u64) -> Vec<Violation> {
    let key = || operation.key.clone();
    let positions = || facts.iter().map(|fact| fact.position).collect();
    let (told, position) = match &operation.outcome {
        Outcome::Refused if facts.is_empty() => return vec![],
        Outcome::Refused => {
            return vec![Violation::RefusedYetDone { key: key(), positions: positions() }];
        }
        Outcome::Unknown => return open(operation, facts),
        Outcome::Wrong(said) => {
            let mut found = open(operation, facts);
            found.push(Violation::WrongAnswer { to: key(), said: said.clone() });
            return found;
        }
        Outcome::Acknowledged { position, .. } if *position > end => {
            return vec![Violation::Lost { key: key(), event: None, position: *position }];
        }
        Outcome::Acknowledged { events: None, position } => {
            return unnamed(operation, facts, *position);
        }
        Outcome::Acknowledged { events: Some(events), position } => (events, *position),
    };
    let mut found = Vec::new();
    for event in told {
        if !facts.iter().any(|fact| fact.id == *event) {
            found.push(Violation::Lost { key: key(), event: Some(event.clone()), position });
        }
    }
    let extra = facts.iter().filter(|fact| !told.contains(&fact.id)).count();
    if extra > 0 {
        found.push(Violation::Doubled { key: key(), positions: positions() });
    }
    if found.is_empty() {
        let ids: Vec<&str> = facts.iter().map(|fact| fact.id.as_str()).collect();
        let last = facts.last().map_or(position, |fact| fact.position);
        if ids != *told || last != position || !is_one_append(facts, told.len()) {
            found.push(Violation::Misplaced { key: key(), told: position, positions: positions() });
        }
    }
    found
}

/// What may be there of a command of which nobody knows what became: all of it, once, or nothing.
fn open(operation: &Operation, facts: &[&Fact]) -> Vec<Violation> {
    let (key, positions) =
        (operation.key.clone(), facts.iter().map(|fact| fact.position).collect());
    if !is_one_append(facts, *operation.events.end()) {
        return vec![Violation::Doubled { key, positions }];
    }
    if !facts.is_empty() && facts.len() < *operation.events.start() {
        return vec![Violation::Half { key, positions }];
    }
    vec![]
}

/// What must be there of a command whose answer told where it ended, and named no events.
fn unnamed(operation: &Operation, facts: &[&Fact], position: u64) -> Vec<Violation> {
    let key = operation.key.clone();
    if facts.len() < *operation.events.start() {
        return vec![Violation::Lost { key, event: None, position }];
    }
    let found = open(operation, facts);
    let last = facts.last().map_or(position, |fact| fact.position);
    if found.is_empty() && last != position {
        let positions = facts.iter().map(|fact| fact.position).collect();
        return vec![Violation::Misplaced { key, told: position, positions }];
    }
    found
}

/// Whether what was meant for one revision follows that one.
fn guarded(operation: &Operation, facts: &[&Fact]) -> Option<Violation> {
    let (meant_for, first) = (operation.meant_for?, facts.first()?);
    (first.revision != meant_for + 1).then(|| Violation::Overwrote {
        key: operation.key.clone(),
        meant_for,
        stream: first.stream.clone(),
        revision: first.revision,
    })
}

/// Whether these can come from one append: neighbours in one stream, and no more than it can make.
fn is_one_append(facts: &[&Fact], events_max: usize) -> bool {
    facts.len() <= events_max
        && facts.windows(2).all(|pair| {
            pair[0].stream == pair[1].stream && pair[0].position + 1 == pair[1].position
        })
}

/// What was answered before another command was sent stands before that one's events.
fn real_time(operations: &[Operation], log: &[Fact]) -> Vec<Violation> {
    let positions: HashMap<&str, u64> =
        log.iter().map(|fact| (fact.id.as_str(), fact.position)).collect();
    let mut done = Vec::new();
    for operation in operations {
        let Outcome::Acknowledged { events: Some(events), .. } = &operation.outcome else {
            continue;
        };
        let places: Vec<u64> =
            events.iter().filter_map(|id| positions.get(id.as_str()).copied()).collect();
        if let (Some(first), Some(last)) = (places.iter().min(), places.iter().max()) {
            done.push((operation, *first, *last));
        }
    }
    // For every moment, the furthest that had been answered by then.
    let mut furthest: BTreeMap<u64, (u64, &str)> = BTreeMap::new();
    done.sort_by_key(|(operation, ..)| operation.answered);
    let mut most = (0, "");
    for (operation, _, last) in &done {
        most = most.max((*last, operation.key.as_str()));
        furthest.insert(operation.answered, most);
    }
    let mut found = Vec::new();
    for (later, first, _) in &done {
        let before = furthest.range(..later.sent).next_back();
        if let Some((_, (last, earlier))) = before
            && last > first
        {
            let (earlier, later) = ((*earlier).to_owned(), later.key.clone());
            found.push(Violation::Reordered { earlier, at: *last, later, before: *first });
        }
    }
    found
}
