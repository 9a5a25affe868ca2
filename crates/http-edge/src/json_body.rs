//! A body of JSON.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use chat::{Problem, ProblemCode};
use serde::de::DeserializeOwned;

use crate::ProblemResponse;

/// Extracts the body as `T` from `application/json`. What is wrong is told as a problem that
/// points at the member (RFC 6901).
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ProblemResponse> {
        if !is_json(request.headers()) {
            return Err(unsupported());
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(unreadable)?;
        parse(&body).map(Self).map_err(ProblemResponse)
    }
}

/// A request without a body has none; one with a body has to have a good one.
impl<T: DeserializeOwned, S: Send + Sync> OptionalFromRequest<S> for JsonBody<T> {
    type Rejection = ProblemResponse;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, ProblemResponse> {
        let is_json = is_json(request.headers());
        let body = Bytes::from_request(request, state)
            .await
            .map_err(unreadable)?;
        if body.is_empty() {
            return Ok(None);
        }
        if !is_json {
            return Err(unsupported());
        }
        parse(&body).map(Self).map(Some).map_err(ProblemResponse)
    }
}

fn unsupported() -> ProblemResponse {
    Problem::new(
        ProblemCode::UnsupportedMediaType,
        "Send the body as Content-Type: application/json.",
    )
    .into()
}

/// `application/json`, or a type with its suffix (RFC 6839, section 3.1), whatever its parameters.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(value)) = headers
        .get(header::CONTENT_TYPE)
        .map(|value| value.to_str())
    else {
        return false;
    };
    let essence = value.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
        || essence
            .to_ascii_lowercase()
            .strip_prefix("application/")
            .is_some_and(|subtype| subtype.ends_with("+json"))
}

fn unreadable(rejection: BytesRejection) -> ProblemResponse {
    let problem = if rejection.into_response().status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(
            ProblemCode::TooLarge,
            "The body is larger than the server takes.",
        )
    } else {
        Problem::new(ProblemCode::InvalidRequest, "The body broke off.")
    };
    problem.into()
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let pointer = pointer(error.path());
        wrong(pointer, error.inner())
    })?;
    json.end().map_err(|error| wrong(String::new(), &error))?;
    Ok(value)
}

fn wrong(pointer: String, error: &serde_json::Error) -> Problem {
    if error.is_data() {
        let place = if pointer.is_empty() { "/" } else { &pointer };
        let detail = format!("The body is not what is expected, at {place}.");
        Problem::new(ProblemCode::InvalidRequest, detail).pointing_at(pointer, error.to_string())
    } else {
        let detail = format!("The body is not JSON: {error}.");
        Problem::new(ProblemCode::InvalidRequest, detail)
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;

    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                format!("/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Unknown => "/".into(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::DefaultBodyLimit;
    use axum::http::Request;
    use axum::routing::post;
    use axum::{Router, response::Response};
    use serde::Deserialize;
    use tower::ServiceExt;

    use super::*;

    #[derive(Debug, Deserialize)]
    struct Member {
        nickname: String,
    }

    #[derive(Debug, Deserialize)]
    struct Room {
        members: Vec<Member>,
    }

    async fn answer(content_type: &str, body: impl Into<Body>) -> Response {
        let count = async |JsonBody(room): JsonBody<Room>| {
            room.members
                .iter()
                .map(|member| member.nickname.as_str())
                .collect::<String>()
        };
        let request = Request::post("/")
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())
            .expect("a request");
        Router::new()
            .route("/", post(count))
            .layer(DefaultBodyLimit::max(100))
            .oneshot(request)
            .await
            .expect("an answer")
    }

    async fn problem(content_type: &str, body: impl Into<Body>) -> Problem {
        let response = answer(content_type, body).await;
        response.extensions().get().cloned().expect("a problem")
    }

    #[tokio::test]
    async fn a_good_body_is_read_whatever_the_parameters_of_its_type() {
        for content_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/x+json",
        ] {
            let response = answer(content_type, r#"{"members":[{"nickname":"Ada"}]}"#).await;
            assert_eq!(response.status(), StatusCode::OK, "{content_type}");
        }
    }

    #[tokio::test]
    async fn another_media_type_is_refused() {
        for content_type in ["text/plain", "application/x-www-form-urlencoded", ""] {
            assert_eq!(
                problem(content_type, "{}").await.code(),
                ProblemCode::UnsupportedMediaType
            );
        }
    }

    #[tokio::test]
    async fn where_no_body_is_needed_none_is_read_and_any_other_has_to_be_good() {
        let says = async |content_type: Option<&str>, body: &'static str| {
            let read = async |room: Option<JsonBody<Room>>| room.is_some().to_string();
            let request = Request::post("/");
            let request = match content_type {
                Some(content_type) => request.header(header::CONTENT_TYPE, content_type),
                None => request,
            };
            let router = Router::new().route("/", post(read));
            let response = router.oneshot(request.body(Body::from(body)).expect("a request"));
            let response = response.await.expect("an answer");
            let status = response.status();
            let body = axum::body::to_bytes(response.into_body(), 1000).await;
            (status, body.expect("a body"))
        };
        let json = Some("application/json");
        for (content_type, body, told) in [
            (None, "", "false"),
            (json, "", "false"),
            (json, r#"{"members":[]}"#, "true"),
        ] {
            let (status, answer) = says(content_type, body).await;
            assert_eq!((status, &answer[..]), (StatusCode::OK, told.as_bytes()));
        }
        let (status, _) = says(None, "{}").await;
        assert_eq!(status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let (status, _) = says(json, "{}").await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }

    #[tokio::test]
    async fn the_wrong_member_is_pointed_at() {
        let problem = problem("application/json", r#"{"members":[{"nickname":7}]}"#).await;
        assert_eq!(problem.code(), ProblemCode::InvalidRequest);
        assert_eq!(problem.errors()[0].pointer, "/members/0/nickname");
    }

    #[tokio::test]
    async fn what_is_no_json_is_refused() {
        for body in ["", "{", "{}x", "\u{feff}{}", r#"{"members":[]} {}"#] {
            assert_eq!(
                problem("application/json", body).await.code(),
                ProblemCode::InvalidRequest,
                "{body}"
            );
        }
        let deep = "[".repeat(90);
        assert_eq!(
            problem("application/json", deep).await.code(),
            ProblemCode::InvalidRequest
        );
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_too_large() {
        let body = format!(r#"{{"members":[{{"nickname":"{}"}}]}}"#, "a".repeat(100));
        assert_eq!(
            problem("application/json", body).await.code(),
            ProblemCode::TooLarge
        );
    }
}
