//! What the derived descriptions cannot tell of the JSON: JSON Schemas of the types with rules of
//! their own.

use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::{Nickname, Problem, ProblemCode, ProblemError, RoomId, RoomName};

impl ToSchema for RoomId {}

impl PartialSchema for RoomId {
    fn schema() -> RefOr<Schema> {
        let rules = "Names a room: no `/`, no control character, no reserved first path segment. \
                     `private-{uuid}` names a private room; any other names an open one.";
        text(rules, RoomId::CHARS_MAX)
    }
}

impl ToSchema for RoomName {}

impl PartialSchema for RoomName {
    fn schema() -> RefOr<Schema> {
        let rules = "What a room is called, for people: not blank, no control character.";
        text(rules, RoomName::CHARS_MAX)
    }
}

impl ToSchema for Nickname {}

impl PartialSchema for Nickname {
    fn schema() -> RefOr<Schema> {
        let rules = "A name to speak under: not blank, no control character.";
        text(rules, Nickname::CHARS_MAX)
    }
}

impl ToSchema for ProblemCode {}

impl PartialSchema for ProblemCode {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "What kind of problem it is; `/docs/problems` lists all.",
            ))
            .enum_values(Some(ProblemCode::ALL.map(ProblemCode::as_str)))
            .into()
    }
}

impl ToSchema for Problem {}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let of = |kind, description: &str| {
            ObjectBuilder::new()
                .schema_type(kind)
                .description(Some(description))
        };
        let wait = of(Type::Integer, "How long to wait before trying again.").minimum(Some(0));
        let end = of(
            Type::String,
            "When a mute or a ban ends by itself; absent where it does not.",
        )
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        let required = ["type", "title", "status", "detail", "code", "retryable"];
        let problem = ObjectBuilder::new()
            .description(Some("Problem details (RFC 9457): a fault to act on."))
            .property("type", of(Type::String, "Where the kind is described."))
            .property("title", of(Type::String, "The kind in a few words."))
            .property("status", of(Type::Integer, "The HTTP status."))
            .property("detail", of(Type::String, "What happened and what to do."))
            .property("code", ProblemCode::schema())
            .property(
                "retryable",
                of(Type::Boolean, "Whether the same, sent later, may succeed."),
            )
            .property("retryAfterMs", wait)
            .property("until", end)
            .property("errors", ArrayBuilder::new().items(ProblemError::schema()))
            .property("traceId", of(Type::String, "The id of the request."));
        let all = required.into_iter().fold(problem, ObjectBuilder::required);
        all.into()
    }
}

fn text(rules: &str, chars_max: usize) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(rules))
        .min_length(Some(1))
        .max_length(Some(chars_max))
        .into()
}
