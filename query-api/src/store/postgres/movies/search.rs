//! What is searched for, and how well a film fits it.

use events::text::plain;
use read_model::search::Words;

use super::{Query, condition::push_has_words};
use crate::{filter::MovieFilter, store::postgres::listing::storable};

/// What is searched for.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::store::postgres) struct Search {
    /// The query in plain form.
    pub(in crate::store::postgres) plain: String,
    /// What films are found by; `None` where nothing in the query is a letter or a digit.
    pub(in crate::store::postgres) films: Option<String>,
    /// The same words, in titles only.
    pub(in crate::store::postgres) titles: Option<String>,
    /// Where similar words are looked for: the schema of pg_trgm.
    pub(in crate::store::postgres) similar: Option<String>,
}

impl Search {
    /// What the filter searches for.
    pub(in crate::store::postgres) fn of(filter: &MovieFilter) -> Option<Self> {
        let query = filter.query.as_deref()?;
        let words = Words::of(query);
        Some(Self {
            plain: storable(&plain(query)),
            films: words.as_ref().map(Words::tsquery),
            titles: words.as_ref().map(Words::tsquery_of_titles),
            similar: None,
        })
    }

    /// Pushes how well a film fits a query, the best first: the title is the query, begins with it, has it
    /// at the beginning of a word, has all of its words; or the words are elsewhere. Where similar words
    /// were looked for, the titles that are most like the query come first among the rest.
    ///
    /// It depends on the film and the query alone, not on what other films there are, so that pages hold
    /// together while films come and go.
    pub(super) fn push_relevance(&self, query: &mut Query) {
        query.push("(CASE WHEN m.title = ").push_bind(self.plain.clone());
        query.push(" THEN 0 WHEN starts_with(m.title, ").push_bind(self.plain.clone());
        query.push(") THEN 1 WHEN strpos(' ' || m.title, ").push_bind(format!(" {}", self.plain));
        query.push(") > 0 THEN 2");
        if let Some(words) = &self.titles {
            query.push(" WHEN ");
            push_has_words(query, words);
            query.push(" THEN 3");
        }
        match &self.similar {
            Some(trigrams) => {
                query.push(format_args!(" ELSE 4 + round(10 * (1 - {trigrams}.word_similarity("));
                query.push_bind(self.plain.clone()).push(", m.title)))");
            }
            None => _ = query.push(" ELSE 4"),
        }
        query.push(" END)::bigint");
    }
}
