//! What the suite asks and the log on KurrentDB does not promise, by name and with the reason.

/// A behaviour that is not promised, and why.
pub(crate) const NOT_PROMISED: [(&str, &str); 7] = [
    (
        "repetition::a_partial_repetition_is_an_error",
        "the server looks for ids at the expected revision only",
    ),
    (
        "repetition::ids_of_two_appends_with_something_between_are_an_error",
        "to the server, events that follow one another in their stream are one append",
    ),
    (
        "repetition::ids_in_another_stream_are_an_error",
        "to the server, ids are unique in a stream, not in the log",
    ),
    (
        "repetition::ids_at_another_revision_are_an_error",
        "the server looks for ids at the expected revision only",
    ),
    (
        "copying::the_id_of_a_restored_event_is_taken",
        "to the server, ids are unique in a stream, not in the log",
    ),
    (
        "group::appends_that_wait_together_share_commits",
        "the server groups commits by itself, which nobody sees from outside",
    ),
    (
        "group::every_append_is_counted_by_its_outcome",
        "one of its outcomes is that of an id in another stream",
    ),
];

/// Why a behaviour is not promised, where it is not.
pub(crate) fn why_not(name: &str) -> Option<&'static str> {
    NOT_PROMISED.iter().find(|(behaviour, _)| *behaviour == name).map(|(_, why)| *why)
}
