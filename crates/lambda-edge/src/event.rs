//! What the client sent, out of what a gateway made of it.

use std::fmt::Write;

use axum::http::uri::InvalidUri;
use lambda_http::aws_lambda_events::alb::AlbTargetGroupRequest;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::aws_lambda_events::query_map::QueryMap;
use lambda_http::http::{HeaderMap, HeaderValue, Uri, header};
use lambda_http::request::LambdaRequest;

/// What would end a path, or break the target of a request.
const NOT_IN_A_PATH: &[u8] = b"\"#<>?\\^`{|}";
/// What would end a query, or break the target of a request.
const NOT_IN_A_QUERY: &[u8] = b"\"#<>\\^`{|}";

/// What is kept from the adapter: it makes an address of it, where it takes the stage for a part of
/// the path and panics at a host that is none.
pub(crate) struct Kept {
    path: String,
    query: String,
    hosts: Vec<HeaderValue>,
}

impl Kept {
    /// Takes it out of the event, with everything else that would make the request another one.
    pub(crate) fn out_of(event: &mut LambdaRequest) -> Self {
        match event {
            LambdaRequest::ApiGatewayV1(request) => of_rest_api(request),
            LambdaRequest::ApiGatewayV2(request) => of_http_api(request),
            LambdaRequest::Alb(request) => of_load_balancer(request),
            _ => Self::new("", String::new(), Vec::new()),
        }
    }

    /// The path and query, as in the first line of the request.
    ///
    /// # Errors
    /// They are too long.
    pub(crate) fn target(&self) -> Result<Uri, InvalidUri> {
        let Self { path, query, .. } = self;
        if query.is_empty() {
            return Uri::try_from(path);
        }
        Uri::try_from(format!("{path}?{query}"))
    }

    /// Gives the request its hosts back.
    pub(crate) fn name_hosts(&self, headers: &mut HeaderMap) {
        for host in &self.hosts {
            headers.append(header::HOST, host.clone());
        }
    }

    fn new(path: &str, query: String, hosts: Vec<HeaderValue>) -> Self {
        let slash = if path.starts_with('/') { "" } else { "/" };
        Self {
            path: format!("{slash}{}", encoded(path, NOT_IN_A_PATH)),
            query,
            hosts,
        }
    }
}

fn of_rest_api(request: &mut ApiGatewayProxyRequest) -> Kept {
    request.request_context.stage = None;
    request.request_context.domain_name = None;
    prefer_all_values(&mut request.headers, &request.multi_value_headers);
    let hosts = hosts(&mut [&mut request.headers, &mut request.multi_value_headers]);
    let query = all_values(
        &mut request.query_string_parameters,
        &mut request.multi_value_query_string_parameters,
    );
    let path = request.path.take().unwrap_or_default();
    Kept::new(&path, query.to_query_string(), hosts)
}

fn of_http_api(request: &mut ApiGatewayV2httpRequest) -> Kept {
    // A stage of its own name is part of the path that this gateway tells.
    let stage = request.request_context.stage.take().unwrap_or_default();
    request.request_context.domain_name = None;
    let hosts = hosts(&mut [&mut request.headers]);
    let query = request.raw_query_string.take().unwrap_or_default();
    let path = request.raw_path.take().unwrap_or_default();
    Kept::new(below(&stage, &path), encoded(&query, NOT_IN_A_QUERY), hosts)
}

fn of_load_balancer(request: &mut AlbTargetGroupRequest) -> Kept {
    prefer_all_values(&mut request.headers, &request.multi_value_headers);
    let hosts = hosts(&mut [&mut request.headers, &mut request.multi_value_headers]);
    let query = all_values(
        &mut request.query_string_parameters,
        &mut request.multi_value_query_string_parameters,
    );
    // This gateway decodes nothing.
    let pairs: Vec<_> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let path = request.path.take().unwrap_or_default();
    Kept::new(&path, encoded(&pairs.join("&"), NOT_IN_A_QUERY), hosts)
}

/// An event names a header twice: with its last value, and with all. The adapter lets the last one
/// win.
fn prefer_all_values(last: &mut HeaderMap, all: &HeaderMap) {
    for name in all.keys() {
        last.remove(name);
    }
}

/// Takes the parameters, with all their values where the event tells them.
fn all_values(last: &mut QueryMap, all: &mut QueryMap) -> QueryMap {
    let (last, all) = (std::mem::take(last), std::mem::take(all));
    if all.is_empty() { last } else { all }
}

/// Takes the values of `Host` out of the headers.
fn hosts(headers: &mut [&mut HeaderMap]) -> Vec<HeaderValue> {
    let mut hosts = Vec::new();
    for headers in headers {
        hosts.extend(headers.get_all(header::HOST).iter().cloned());
        headers.remove(header::HOST);
    }
    hosts
}

fn below<'p>(stage: &str, path: &'p str) -> &'p str {
    match path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(stage))
    {
        Some(rest) if !stage.is_empty() && rest.starts_with('/') => rest,
        _ => path,
    }
}

/// A gateway may have decoded the text: what cannot stand in the target of a request is encoded
/// again.
fn encoded(text: &str, breaking: &[u8]) -> String {
    text.bytes()
        .fold(String::with_capacity(text.len()), |mut encoded, byte| {
            if byte.is_ascii_graphic() && !breaking.contains(&byte) {
                encoded.push(byte.into());
            } else {
                write!(encoded, "%{byte:02X}").expect("a String takes it");
            }
            encoded
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_taken_off_once_and_as_a_whole_segment() {
        for (stage, path, sent) in [
            ("prod", "/prod/auth/login", "/auth/login"),
            ("prod", "/prod/prod/messages", "/prod/messages"),
            ("prod", "/product/messages", "/product/messages"),
            ("$default", "/lobby/messages", "/lobby/messages"),
            ("", "//messages", "//messages"),
            ("prod", "/prod", "/prod"),
        ] {
            assert_eq!(below(stage, path), sent, "{path} in {stage}");
        }
    }

    #[test]
    fn what_would_break_a_target_is_encoded_again() {
        for (path, query, target) in [
            ("/what? #1/messages", "", "/what%3F%20%231/messages"),
            (
                "/마루/messages",
                "q=a b",
                "/%EB%A7%88%EB%A3%A8/messages?q=a%20b",
            ),
            ("/a\\b\0/../c", "q=?\n", "/a%5Cb%00/../c?q=?%0A"),
            ("/100%25/x", "a=%20&b", "/100%25/x?a=%20&b"),
            (":99999", "", "/:99999"),
            ("", "", "/"),
        ] {
            let kept = Kept::new(path, encoded(query, NOT_IN_A_QUERY), Vec::new());
            assert_eq!(kept.target().expect("a target"), target);
        }
        let long = "x".repeat(1 << 16);
        let kept = Kept::new(&long, String::new(), Vec::new());
        assert!(kept.target().is_err());
    }
}
