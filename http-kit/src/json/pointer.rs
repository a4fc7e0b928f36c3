//! JSON Pointers (RFC 6901).

use std::fmt::{self, Write};

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
