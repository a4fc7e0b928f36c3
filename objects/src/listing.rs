//! Listing: a page of the objects, in the order of names.

use std::collections::BTreeMap;

use futures::TryStreamExt;

use crate::{
    Folder, Meta, ObjectName, Objects, ObjectsError,
    limits::LISTED_MAX,
    measured::Measured,
    store::{meta, path},
};

impl Objects {
    /// Up to `max` objects, and never more than 1000, whose names come after `after`, in the order of names. With
    /// `folder`, only those below it. If there are fewer than `max` (or 1000), there are no more.
    ///
    /// For each page of a local folder, all of it is walked through.
    ///
    /// # Errors
    /// If the store cannot be asked.
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
            // Objects with other names are not ours.
            let Some(meta) = meta(&object) else { continue };
            // Not all stores respect the offset.
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
