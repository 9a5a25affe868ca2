//! One HTTP request at a time: what reading a room and asking for a token need.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::time;

use crate::dial::dial;
use crate::endpoint::Endpoint;

/// How long a request may take, its connection included.
const REQUEST_MAX: Duration = Duration::from_secs(10);

/// The largest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Asks for what lies at `path` below the endpoint.
pub(crate) async fn get<T: DeserializeOwned>(
    endpoint: &Endpoint,
    path: &str,
    token: Option<&str>,
) -> Result<T> {
    within(exchange(endpoint, Method::GET, path, token, Bytes::new())).await
}

/// Sends JSON to `path` below the endpoint.
pub(crate) async fn post<T: DeserializeOwned>(
    endpoint: &Endpoint,
    path: &str,
    json: &serde_json::Value,
) -> Result<T> {
    let body = Bytes::from(json.to_string());
    within(exchange(endpoint, Method::POST, path, None, body)).await
}

async fn within<T>(request: impl Future<Output = Result<T>>) -> Result<T> {
    time::timeout(REQUEST_MAX, request)
        .await
        .unwrap_or_else(|_| bail!("no answer within {REQUEST_MAX:?}"))
}

async fn exchange<T: DeserializeOwned>(
    endpoint: &Endpoint,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: Bytes,
) -> Result<T> {
    let stream = TokioIo::new(dial(endpoint).await?);
    let (mut sender, connection) = http1::handshake(stream).await?;
    let mut request = Request::builder()
        .method(method)
        .uri(endpoint.path_to(path))
        .header(HOST, format!("{}:{}", endpoint.host(), endpoint.port()))
        .header(ACCEPT, "application/json");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if !body.is_empty() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let request = request.body(Full::new(body))?;
    let answer = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
        let body = body.collect().await.map_err(anyhow::Error::from_boxed)?;
        if !status.is_success() {
            bail!("it answers {status}");
        }
        serde_json::from_slice(&body.to_bytes()).context("the answer is not the JSON it should be")
    };
    // The connection is driven while its one answer is waited for.
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        ended = connection => {
            ended?;
            answer.await
        }
    }
}
