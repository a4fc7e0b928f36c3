//! Documents in the working set.

/// A document as it was loaded and as it is now.
#[derive(Debug)]
pub(crate) struct Tracked<T> {
    pub(crate) before: Option<T>,
    pub(crate) now: Option<T>,
}

impl<T> Default for Tracked<T> {
    fn default() -> Self {
        Self { before: None, now: None }
    }
}

impl<T: Clone + PartialEq> Tracked<T> {
    pub(crate) fn loaded(document: T) -> Self {
        Self { before: Some(document.clone()), now: Some(document) }
    }

    pub(crate) fn has_changed(&self) -> bool {
        self.before != self.now
    }
}
