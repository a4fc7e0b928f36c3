//! What every store of the read model can be asked, whatever keeps it.

use std::fmt;

use async_trait::async_trait;
use events::{AccountId, MovieId, Slug};
use read_model::{Checkpoint, FacetDocument, FacetKey, FacetKind, MovieDocument, RatingDocument};

use super::StoreError;
use crate::{
    filter::MovieFilter,
    page::{Page, Place, Window},
    sort::{FacetSort, MovieSort, Order, RatingSort},
};

/// What was read, and the state of the read model that it belongs to.
pub(crate) type Seen<T> = (Checkpoint, T);

/// One generation of the read model, as the queries read it. Clones and threads share it.
///
/// **A method is a snapshot.** All that one call gives is of one moment, and the checkpoint beside it is
/// that of the same moment: an answer never mixes two states. Two calls may see two states, the later
/// one never an older one, as long as they ask the same machine.
///
/// **Time is bounded.** A call that takes longer than a store allows (two seconds) is given up with
/// [`StoreError::TooSlow`], and its connection is free again soon after. [`StoreError::Unavailable`]
/// is for what may pass: no connection became free in time, or the server is gone, restarting or full. All other
/// errors need somebody to look at them. No error shows a password.
///
/// **Lists.** Items stand in the order that was asked for. Equal ones are ordered by their unique key, in the
/// direction of the last key. Texts are compared by their bytes, and an absent value is the smallest. A
/// window after (or before) an item shows what comes right after (before) the item's keys, whether the
/// item is still there or not. So whoever follows pages misses nothing and sees nothing twice, as long as the
/// items' own keys stay the same. A page ends after [`MAX_BYTES`](crate::page::MAX_BYTES) of documents, but never
/// before its first item. A page costs about the same wherever it is; only the items that an offset
/// skips have to be gone through.
///
/// **Searches.** All stores find the same films by the same words. If no film has the words of a query,
/// a store may look for similar ones (`Matching::Any`), and then says so with every page. Which films are similar
/// may change between two pages. Whether a search is exact or similar does not: the window of the next page
/// says it.
///
/// Deleted films are not there, nor are their ratings; they are in no list. A store never writes.
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Which build of the read model this is. It never changes: another one is another store.
    fn generation(&self) -> u64;

    /// What the read model reflects now. Cheap enough to be asked at any time.
    async fn checkpoint(&self) -> Result<Checkpoint, StoreError>;

    /// Which life of the read model this is, for nodes that share answers: the number changes when the
    /// database is restored or made anew, and when something in it changes while the position stays the same.
    /// `None`: no other node can read this store. Cheap enough to be asked at any time.
    async fn life(&self) -> Result<Option<u64>, StoreError>;

    /// A film.
    async fn movie(&self, id: MovieId) -> Result<Seen<Option<MovieDocument>>, StoreError>;

    /// A facet.
    async fn facet(
        &self,
        kind: FacetKind,
        slug: &Slug,
    ) -> Result<Seen<Option<FacetDocument>>, StoreError>;

    /// One person's rating of a film; `None` also where the film is not there.
    async fn rating(
        &self,
        movie: MovieId,
        account: AccountId,
    ) -> Result<Seen<Option<RatingDocument>>, StoreError>;

    /// A part of a list of films; `None` where the facet whose films they are is not there.
    async fn movies(
        &self,
        list: &MovieList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<MovieDocument>>>, StoreError>;

    /// A part of a list of facets; `None` where the film whose facets they are is not there.
    async fn facets(
        &self,
        list: &FacetList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<FacetDocument>>>, StoreError>;

    /// A part of the list of a film's ratings; `None` where the film is not there.
    async fn ratings(
        &self,
        list: &RatingList,
        part: &Part,
    ) -> Result<Seen<Option<Listed<RatingDocument>>>, StoreError>;

    /// Closes all connections, when what they are reading is read. What is asked afterwards is
    /// [`StoreError::Unavailable`].
    async fn close(&self);
}

/// A list of films.
#[derive(Debug, Clone)]
pub struct MovieList {
    /// The facet whose films they are: it must be there. That they belong to it is one of the
    /// conditions of `filter`.
    pub of: Option<FacetKey>,
    /// Which films.
    pub filter: MovieFilter,
    /// How they stand.
    pub order: Order<MovieSort>,
}

/// A list of facets of one kind.
#[derive(Debug, Clone)]
pub struct FacetList {
    /// Of this kind.
    pub kind: FacetKind,
    /// Only those of this film, which must be there.
    pub movie: Option<MovieId>,
    /// Only those in whose slug a word begins like this.
    pub begins: Option<Slug>,
    /// How they stand.
    pub order: Order<FacetSort>,
}

/// The list of a film's ratings.
#[derive(Debug, Clone)]
pub struct RatingList {
    /// The film, which must be there.
    pub movie: MovieId,
    /// How they stand.
    pub order: Order<RatingSort>,
}

/// What is asked of a list.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which items.
    pub window: Window,
    /// Whether the whole list shall be counted.
    pub count: Option<Counting>,
    /// Whether the whole list shall be counted, to its end, if the window shows nothing.
    pub count_if_empty: bool,
}

/// How far a list is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// To its end.
    All,
    /// To this number, and no further.
    UpTo(u32),
}

/// What a list shows.
#[derive(Debug)]
pub struct Listed<T> {
    /// What is seen through the window.
    pub page: Page<T>,
    /// How many items the list has, where that was asked for.
    pub total: Option<u64>,
    /// Whether no film has the words that were searched for, and these have similar ones.
    pub is_similar: bool,
}

impl Part {
    /// How far the list is to be counted, depending on whether the page has items. `None`: not at all.
    pub(crate) fn counting(&self, page_is_empty: bool) -> Option<Counting> {
        if page_is_empty && self.count_if_empty { Some(Counting::All) } else { self.count }
    }
}

impl Counting {
    /// The number at which counting stops. `None`: it does not stop before the end.
    pub(crate) fn most(self) -> Option<u32> {
        match self {
            Self::All => None,
            Self::UpTo(most) => Some(most),
        }
    }
}

impl<T> Listed<T> {
    /// Whether the page is the last one in the direction of its window.
    pub(crate) fn ends(&self, window: &Window) -> bool {
        match window.at {
            Place::Before(_) => self.page.before.is_none(),
            Place::Offset(_) | Place::After(_) => self.page.after.is_none(),
        }
    }

    /// The same list with other items.
    pub(crate) fn try_map<U>(
        self,
        map: impl Fn(T) -> Result<U, StoreError>,
    ) -> Result<Listed<U>, StoreError> {
        let page = self.page.try_map(map)?;
        Ok(Listed { page, total: self.total, is_similar: self.is_similar })
    }
}
