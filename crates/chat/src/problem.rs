//! What went wrong, told to a client: problem details (RFC 9457).

use std::borrow::Cow;
use std::time::Duration;

use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

/// A fault that a client can act on: the body of an HTTP error and of a MESSAGE on
/// `/user/queue/errors`, in one JSON form (`application/problem+json`, RFC 9457, section 3.1).
///
/// `type`, `title`, `status` and `retryable` follow from the [`ProblemCode`]; a problem adds only
/// what is particular to this occurrence. It never carries a cause, a secret or what somebody said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: ProblemCode,
    detail: Cow<'static, str>,
    retry_after: Option<Duration>,
    // Boxed, as the id is: a problem is the error of many a result.
    until: Option<Box<OffsetDateTime>>,
    errors: Vec<ProblemError>,
    trace_id: Option<Box<str>>,
}

/// One wrong place in what a client sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProblemError {
    /// Where: a JSON pointer (RFC 6901) into the body, or `?name` for a query parameter and
    /// `{name}` for a path parameter.
    pub pointer: Cow<'static, str>,
    /// What is wrong there, for people.
    pub detail: Cow<'static, str>,
}

impl Problem {
    /// The media type of the JSON form (RFC 9457, section 6.1).
    pub const MEDIA_TYPE: &'static str = "application/problem+json";

    /// Makes a problem of this kind; `detail` tells a person what happened and what to do.
    pub fn new(code: ProblemCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            detail: detail.into(),
            retry_after: None,
            until: None,
            errors: Vec::new(),
            trace_id: None,
        }
    }

    /// Points at one wrong place; may be repeated.
    #[must_use]
    pub fn pointing_at(
        mut self,
        pointer: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.errors.push(ProblemError {
            pointer: pointer.into(),
            detail: detail.into(),
        });
        self
    }

    /// Advises when to try again (`retryAfterMs`; over HTTP also `Retry-After`).
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Says when what stands against it ends by itself (`until`); nothing where it does not.
    #[must_use]
    pub fn until(mut self, end: Option<OffsetDateTime>) -> Self {
        self.until = end.map(Box::new);
        self
    }

    /// Names the request (`traceId`), so that a report can be matched to the logs.
    #[must_use]
    pub fn traced(mut self, trace_id: impl Into<Box<str>>) -> Self {
        self.trace_id = Some(trace_id.into());
        self
    }

    /// Its kind.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// What happened, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// How long to wait before trying again, where that is known.
    pub fn retry_after_advised(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The wrong places, in the order in which they were found.
    pub fn errors(&self) -> &[ProblemError] {
        &self.errors
    }

    /// The JSON form.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a problem holds only texts and numbers")
    }
}

impl Serialize for Problem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_struct("Problem", 10)?;
        json.serialize_field("type", &self.code.type_uri())?;
        json.serialize_field("title", self.code.title())?;
        json.serialize_field("status", &self.code.status())?;
        json.serialize_field("detail", &self.detail)?;
        json.serialize_field("code", self.code.as_str())?;
        json.serialize_field("retryable", &self.code.retryable())?;
        match self.retry_after {
            Some(wait) => {
                let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                json.serialize_field("retryAfterMs", &wait_ms)?;
            }
            None => json.skip_field("retryAfterMs")?,
        }
        match &self.until {
            Some(end) => json.serialize_field("until", &Utc(**end))?,
            None => json.skip_field("until")?,
        }
        if self.errors.is_empty() {
            json.skip_field("errors")?;
        } else {
            json.serialize_field("errors", &self.errors)?;
        }
        match &self.trace_id {
            Some(trace_id) => json.serialize_field("traceId", trace_id)?,
            None => json.skip_field("traceId")?,
        }
        json.end()
    }
}

/// A time as all JSON of ours writes it (RFC 3339).
#[derive(Serialize)]
struct Utc(#[serde(with = "rfc3339")] OffsetDateTime);

/// The kinds of [`Problem`]: the catalogue that clients program against. A code never changes its
/// meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemCode {
    /// A parameter, a member of the JSON or the JSON itself breaks a rule.
    InvalidRequest,
    /// The request carries no good proof of identity.
    Unauthenticated,
    /// The sender may not do this.
    Forbidden,
    /// Nothing is here.
    NotFound,
    /// Something is here, which does not know the request's method.
    MethodNotAllowed,
    /// The destination does not exist.
    UnknownDestination,
    /// The same idempotency key was used before with another content.
    TempIdConflict,
    /// The room is there already.
    RoomExists,
    /// The room would be left without an owner.
    LastOwner,
    /// There are as many of it as there may be.
    LimitReached,
    /// The sender was banned from the room.
    Banned,
    /// The sender may hear the room and not speak in it.
    Muted,
    /// The room is kept as it is: nothing is said or changed in it any more.
    RoomArchived,
    /// It was here and is deleted.
    Gone,
    /// It has changed since the version that the request names.
    PreconditionFailed,
    /// The request has to name the version that it means to change.
    PreconditionRequired,
    /// The body is larger than the server takes.
    TooLarge,
    /// The body is not in the media type that is asked for.
    UnsupportedMediaType,
    /// The room has as many listeners as it may have.
    RoomFull,
    /// Requests come faster than they may.
    RateLimited,
    /// A fault of the server.
    Internal,
    /// The server has more to do than it may take on.
    Overloaded,
    /// The room is so busy that the message could not be stored in time.
    RoomBusy,
    /// The store cannot be reached.
    StoreUnavailable,
    /// The server did not finish in time.
    Timeout,
}

impl ProblemCode {
    /// Every kind, as the catalogue lists them.
    pub const ALL: [Self; 25] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnknownDestination,
        Self::TempIdConflict,
        Self::RoomExists,
        Self::LastOwner,
        Self::LimitReached,
        Self::Banned,
        Self::Muted,
        Self::RoomArchived,
        Self::Gone,
        Self::PreconditionFailed,
        Self::PreconditionRequired,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::RoomFull,
        Self::RateLimited,
        Self::Internal,
        Self::Overloaded,
        Self::RoomBusy,
        Self::StoreUnavailable,
        Self::Timeout,
    ];

    /// The member `code`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid-request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::UnknownDestination => "unknown-destination",
            Self::TempIdConflict => "temp-id-conflict",
            Self::RoomExists => "room-exists",
            Self::LastOwner => "last-owner",
            Self::LimitReached => "limit-reached",
            Self::Banned => "banned",
            Self::Muted => "muted",
            Self::RoomArchived => "room-archived",
            Self::Gone => "gone",
            Self::PreconditionFailed => "precondition-failed",
            Self::PreconditionRequired => "precondition-required",
            Self::TooLarge => "too-large",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::RoomFull => "room-full",
            Self::RateLimited => "rate-limited",
            Self::Internal => "internal",
            Self::Overloaded => "overloaded",
            Self::RoomBusy => "room-busy",
            Self::StoreUnavailable => "store-unavailable",
            Self::Timeout => "timeout",
        }
    }

    /// The member `type`: a reference to the kind's place in the documents, relative to the server.
    pub fn type_uri(self) -> String {
        format!("/docs/problems#{}", self.as_str())
    }

    /// The member `title`: the kind in a few words, the same each time.
    pub fn title(self) -> &'static str {
        match self {
            Self::InvalidRequest => "The request breaks a rule",
            Self::Unauthenticated => "Not authenticated",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Nothing is here",
            Self::MethodNotAllowed => "The method is not known here",
            Self::UnknownDestination => "The destination does not exist",
            Self::TempIdConflict => "The tempId was used for another message",
            Self::RoomExists => "The room exists already",
            Self::LastOwner => "A room keeps an owner",
            Self::LimitReached => "There are as many as there may be",
            Self::Banned => "Banned from the room",
            Self::Muted => "Muted in the room",
            Self::RoomArchived => "The room is archived",
            Self::Gone => "It is deleted",
            Self::PreconditionFailed => "It has changed since",
            Self::PreconditionRequired => "A condition is missing",
            Self::TooLarge => "Too large",
            Self::UnsupportedMediaType => "The media type is not supported",
            Self::RoomFull => "The room is full",
            Self::RateLimited => "Too many requests",
            Self::Internal => "The server failed",
            Self::Overloaded => "The server is overloaded",
            Self::RoomBusy => "The room is busy",
            Self::StoreUnavailable => "The store cannot be reached",
            Self::Timeout => "The server did not finish in time",
        }
    }

    /// The member `status`: the HTTP status (RFC 9110, section 15), also where no HTTP is spoken.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::Unauthenticated => 401,
            Self::Forbidden | Self::Banned | Self::Muted => 403,
            Self::NotFound | Self::UnknownDestination => 404,
            Self::MethodNotAllowed => 405,
            Self::TempIdConflict
            | Self::RoomExists
            | Self::LastOwner
            | Self::LimitReached
            | Self::RoomArchived
            | Self::RoomFull => 409,
            Self::Gone => 410,
            Self::PreconditionFailed => 412,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::PreconditionRequired => 428,
            Self::RateLimited => 429,
            Self::Internal => 500,
            Self::Overloaded | Self::RoomBusy | Self::StoreUnavailable => 503,
            Self::Timeout => 504,
        }
    }

    /// The member `retryable`: whether the same request, sent again later, may succeed.
    pub fn retryable(self) -> bool {
        match self {
            Self::RoomFull
            | Self::RateLimited
            | Self::Internal
            | Self::Overloaded
            | Self::RoomBusy
            | Self::StoreUnavailable
            | Self::Timeout => true,
            Self::InvalidRequest
            | Self::Unauthenticated
            | Self::Forbidden
            | Self::NotFound
            | Self::MethodNotAllowed
            | Self::UnknownDestination
            | Self::TempIdConflict
            | Self::RoomExists
            | Self::LastOwner
            | Self::LimitReached
            | Self::Banned
            | Self::Muted
            | Self::RoomArchived
            | Self::Gone
            | Self::PreconditionFailed
            | Self::PreconditionRequired
            | Self::TooLarge
            | Self::UnsupportedMediaType => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_full_problem_has_exactly_the_contracts_members() {
        let problem = Problem::new(ProblemCode::StoreUnavailable, "Try again.")
            .pointing_at("/content", "is blank")
            .retry_after(Duration::from_millis(1_500))
            .until(Some(OffsetDateTime::UNIX_EPOCH))
            .traced("r-1");
        assert_eq!(
            problem.to_json(),
            r##"{"type":"/docs/problems#store-unavailable","title":"The store cannot be reached","status":503,"detail":"Try again.","code":"store-unavailable","retryable":true,"retryAfterMs":1500,"until":"1970-01-01T00:00:00Z","errors":[{"pointer":"/content","detail":"is blank"}],"traceId":"r-1"}"##
        );
    }

    #[test]
    fn members_without_a_value_are_absent() {
        assert_eq!(
            Problem::new(ProblemCode::NotFound, "No such route.").to_json(),
            r##"{"type":"/docs/problems#not-found","title":"Nothing is here","status":404,"detail":"No such route.","code":"not-found","retryable":false}"##
        );
    }

    #[test]
    fn the_catalogue_lists_every_code_once() {
        let codes: HashSet<_> = ProblemCode::ALL.map(ProblemCode::as_str).into();
        assert_eq!(codes.len(), ProblemCode::ALL.len());
    }

    #[test]
    fn a_client_fault_is_never_called_retryable_unless_it_passes_by_itself() {
        for code in ProblemCode::ALL
            .into_iter()
            .filter(|code| code.status() < 429)
        {
            assert_eq!(code.retryable(), code == ProblemCode::RoomFull, "{code:?}");
        }
    }
}
