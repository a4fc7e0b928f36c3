//! What can be asked of a film, however it is asked: a route asks one thing, each line of a bulk request
//! another. From here on both go the same way.

use domain::{
    Invalid,
    movie::{Movie, MovieAction, MovieCommand, MovieDraft},
};
use events::{MovieId, StreamName};
use http_kit::Problem;
use serde_json::Value;

use super::body::{self, read};
use crate::{
    circumstances::Circumstances,
    execute::Task,
    problem::invalid,
    receipt::{Outcome, Success},
    routes::movie_subject,
    state::CommandState,
};

/// Something that is asked of a film, with what the client sent along.
#[derive(Debug)]
pub(crate) enum MovieRequest {
    /// That there is a new one, under an id that was made for it.
    Create(MovieId, Value),
    /// That it is exactly this.
    Put(MovieId, Value),
    /// That some of it changes.
    Patch(MovieId, Value),
    Delete(MovieId),
    Restore(MovieId),
}

impl CommandState {
    /// Reads what is asked of a film, checks it, and carries it out.
    pub(crate) async fn ask_of_movie(
        &self,
        circumstances: Circumstances,
        request: MovieRequest,
    ) -> Result<Outcome, Problem> {
        let stated = circumstances.preconditions.expected_version;
        let (version, task) = self.read_movie_request(request)?;
        let version = match (stated, version) {
            (Some(stated), Some(version)) if stated != version => return Err(contradiction()),
            (stated, version) => stated.or(version),
        };
        Ok(self.perform(circumstances.expecting(version), task).await?)
    }

    fn read_movie_request(
        &self,
        request: MovieRequest,
    ) -> Result<(Option<u64>, Task<Movie>), Problem> {
        let (version, movie, action, success) = match request {
            MovieRequest::Create(movie, film) => {
                let content = read::<MovieDraft>(film)?.into_content().map_err(invalid)?;
                (None, movie, MovieAction::Create(Box::new(content)), Success::Put)
            }
            MovieRequest::Put(movie, film) => {
                let (version, content) = body::replacement(film)?;
                (version, movie, MovieAction::Put(Box::new(content)), Success::Put)
            }
            MovieRequest::Patch(movie, changes) => {
                let (version, patch) = body::patch(changes)?;
                (version, movie, MovieAction::Patch(Box::new(patch)), Success::Changed)
            }
            MovieRequest::Delete(movie) => (None, movie, MovieAction::Delete, Success::Gone),
            MovieRequest::Restore(movie) => (None, movie, MovieAction::Restore, Success::Changed),
        };
        Ok((version, task(self, movie, action, success)))
    }
}

/// Something to do to a film.
pub(in crate::routes) fn task(
    state: &CommandState,
    movie: MovieId,
    action: MovieAction,
    success: Success,
) -> Task<Movie> {
    Task {
        stream: StreamName::movie(movie),
        command: MovieCommand { movie, action },
        subject: movie_subject(movie),
        success,
        require_if_match: state.require_if_match,
        is_seen_unwritten: false,
    }
}

/// A version is named twice, and not the same.
fn contradiction() -> Problem {
    invalid(vec![Invalid {
        pointer: "/expected_version".to_owned(),
        expected: "be the same wherever it is given".to_owned(),
    }])
}
