//! Listing: a page of what there is, in the order of names.

use std::collections::BTreeMap;

use futures::TryStreamExt;

use crate::{
    Folder, Meta, ObjectName, Objects, ObjectsError,
    limits::LISTED_MAX,
    measured::Measured,
    store::{meta, path},
};

impl Objects {
    /// Up to `max` objects (and never more than 1000) below `folder`, or of all, whose names come behind
    /// `after`, in the order of names. Fewer than were asked for: there are no more.
    ///
    /// A local folder is walked as a whole for each page.
    ///
    /// # Errors
    /// Where the store cannot be asked.
    pub async fn list(
        &self,
        folder: Option<&Folder>,
        after: Option<&ObjectName>,
        max: usize,
    ) -> Result<Vec<Meta>, ObjectsError> {
        let measured = Measured::start("list");
        measured.end(self.in_time(self.page(folder, after, max.min(LISTED_MAX))).await)
    }

    async fn page(
        &self,
        folder: Option<&Folder>,
        after: Option<&ObjectName>,
        max: usize,
    ) -> Result<Vec<Meta>, ObjectsError> {
        let folder = folder.map(|folder| object_store::path::Path::from(folder.as_str()));
        let mut found = match after {
            Some(after) => self.store.list_with_offset(folder.as_ref(), &path(after)),
            None => self.store.list(folder.as_ref()),
        };
        let mut page: BTreeMap<ObjectName, Meta> = BTreeMap::new();
        while let Some(object) = found.try_next().await? {
            // What others have put there under other names is none of ours.
            let Some(meta) = meta(&object) else { continue };
            // Not all stores leave out what they were asked to leave out.
            if after.is_some_and(|after| meta.name <= *after) {
                continue;
            }
            page.insert(meta.name.clone(), meta);
            if page.len() > max {
                page.pop_last();
            }
            if page.len() == max && self.place.lists_in_order() {
                break;
            }
        }
        Ok(page.into_values().collect())
    }
}
