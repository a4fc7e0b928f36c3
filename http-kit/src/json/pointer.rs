//! JSON Pointers (RFC 6901).

use std::fmt::{self, Write};

use serde_path_to_error::{Path, Segment};

/// The pointer to where reading stopped. What is not a member or an element (the variant of an enum)
/// has no place in a pointer.
pub(super) fn of_path(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => push(&mut pointer, index),
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { .. } => {}
            Segment::Unknown => break,
        }
    }
    pointer
}

/// Goes one step down: adds a member's name or an element's index.
pub(super) fn push(pointer: &mut String, step: impl fmt::Display) {
    let start = pointer.len() + 1;
    // Writing to a String never fails.
    let _ = write!(pointer, "/{step}");
    if pointer[start..].contains(['~', '/']) {
        let escaped = pointer[start..].replace('~', "~0").replace('/', "~1");
        pointer.replace_range(start.., &escaped);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        #[test]
        fn a_pointer_leads_to_the_member_it_was_made_for(name in "[a-z/~01]{0,6}") {
            let document = json!({ "list": [0, { (&name): 42 }] });
            let mut pointer = String::new();
            push(&mut pointer, "list");
            push(&mut pointer, 1);
            push(&mut pointer, &name);
            prop_assert_eq!(document.pointer(&pointer), Some(&json!(42)));
        }
    }
}
