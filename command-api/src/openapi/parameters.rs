//! Parameters of paths and queries. Headers that make a request conditional or repeatable are not
//! among them: whether a value of theirs is acceptable depends on what has happened, which no schema
//! can say. Each operation names them under `x-protocol-parameters`.

use utoipa::{
    IntoParams,
    openapi::{
        Object, Required,
        path::{Parameter, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
    },
};

use super::schemas::{name, uuid};
use crate::{
    circumstances::DryRunParameter,
    path::{GenrePath, JobPath, MoviePath, PlatformPath, TagPath},
};

fn in_path(name: &str, description: &str, schema: Object) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

fn movie_id() -> Parameter {
    in_path("id", "The film.", uuid("A UUID."))
}

macro_rules! parameters {
    ($($of:ty => [$($parameter:expr),+]),+ $(,)?) => {
        $(impl IntoParams for $of {
            fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
                vec![$($parameter),+]
            }
        })+
    };
}

parameters! {
    MoviePath => [movie_id()],
    JobPath => [in_path("id", "The job.", uuid("A UUID."))],
    TagPath => [movie_id(), in_path("tag", "The tag, by name or slug.", name("A name.").build())],
    PlatformPath => [
        movie_id(),
        in_path("platform", "The platform, by name or slug.", name("A name.").build())
    ],
    GenrePath => [in_path("slug", "The genre, by slug or name.", name("A name.").build())],
    DryRunParameter => [
        ParameterBuilder::new()
            .name("dry_run")
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some("Whether to say what would happen rather than do it."))
            .schema(Some(ObjectBuilder::new().schema_type(Type::Boolean).default(Some(false.into()))))
            .build()
    ],
}
