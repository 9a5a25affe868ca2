//! Recorded requests, the events that gateways make of them, and the answers to both.

use std::fs;
use std::path::{Path, PathBuf};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use crate::headers;

/// A folder with one request and its events.
#[derive(Debug)]
pub struct Recorded {
    folder: PathBuf,
}

/// An answer as the client gets it.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers but for the length, sorted, several values of one joined.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// The file of the request; the others in its folder are its events.
const REQUEST: &str = "request.json";

impl Recorded {
    /// The record in this folder.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// What a router answers to the request itself.
    pub async fn answer(&self, router: Router) -> Answer {
        let response = router.oneshot(self.request()).await;
        let (head, body) = response.expect("a router does not fail").into_parts();
        let body = body.collect().await.expect("the body is there").to_bytes();
        let mut headers = head.headers;
        headers::join(&mut headers);
        Answer::new(head.status.as_u16(), pairs(&headers), body.into())
    }

    /// What a router answers to one of the events.
    pub async fn answer_to(&self, event: &Path, router: Router) -> Answer {
        let event = fs::read(event).expect("an event");
        let answered = crate::answer(router, &event).await;
        let told = serde_json::from_slice(&answered.expect("an event that is known"));
        Answer::told(&told.expect("JSON"))
    }

    /// The files of the events, one for each gateway.
    pub fn events(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).expect("a folder");
        let mut files: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.file_name().is_some_and(|name| name != REQUEST))
            .collect();
        assert!(files.len() >= 4, "{} lacks events", self.folder.display());
        files.sort();
        files
    }

    fn request(&self) -> Request {
        let text = fs::read(self.folder.join(REQUEST)).expect("a request");
        let recorded: Value = serde_json::from_slice(&text).expect("JSON");
        let mut request = Request::builder()
            .method(text_of(&recorded["method"]).as_str())
            .uri(text_of(&recorded["target"]));
        for header in recorded["headers"].as_array().expect("headers") {
            request = request.header(text_of(&header[0]), text_of(&header[1]));
        }
        let body = recorded["body"].as_str().unwrap_or_default().to_owned();
        request.body(Body::from(body)).expect("a good request")
    }
}

impl Answer {
    fn new(status: u16, mut headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        headers.retain(|(name, _)| name != "content-length");
        headers.sort();
        Self {
            status,
            headers,
            body,
        }
    }

    /// Reads an answer as a gateway does.
    pub(crate) fn told(answer: &Value) -> Self {
        let body = answer["body"].as_str().unwrap_or_default();
        let body = match answer["isBase64Encoded"].as_bool() {
            Some(true) => BASE64_STANDARD.decode(body).expect("base64"),
            _ => body.into(),
        };
        let mut headers = Vec::new();
        for (name, values) in members(&answer["multiValueHeaders"]) {
            let values = values.as_array().expect("several values");
            headers.extend(values.iter().map(|value| (name.clone(), text_of(value))));
        }
        if headers.is_empty() {
            headers.extend(
                members(&answer["headers"]).map(|(name, value)| (name.clone(), text_of(value))),
            );
        }
        let cookies = answer["cookies"].as_array().into_iter().flatten();
        headers.extend(cookies.map(|cookie| ("set-cookie".to_owned(), text_of(cookie))));
        let status = answer["statusCode"].as_u64().expect("a status");
        Self::new(u16::try_from(status).expect("a status"), headers, body)
    }
}

impl From<Answer> for Response {
    fn from(answer: Answer) -> Self {
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        let body = Body::from(answer.body);
        response.body(body).expect("a good answer")
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|(name, value)| {
            let value = value.to_str().expect("text");
            (name.to_string(), value.to_owned())
        })
        .collect()
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().into_iter().flatten()
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
