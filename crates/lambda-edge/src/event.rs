//! What the client sent, out of what a gateway made of it.

use lambda_http::aws_lambda_events::apigw::ApiGatewayProxyRequest;
use lambda_http::http::HeaderMap;
use lambda_http::lambda_runtime::LambdaEvent;
use lambda_http::request::LambdaRequest;

/// The event, with everything taken out that would make the request another one.
pub(crate) fn as_sent(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    match &mut event.payload {
        LambdaRequest::ApiGatewayV1(request) => forget_stage(request),
        LambdaRequest::ApiGatewayV2(request) => {
            // A stage of its own name is part of the path that this gateway tells.
            if let Some(stage) = request.request_context.stage.take() {
                request.raw_path = request.raw_path.take().map(|path| below(&stage, path));
            }
            request.raw_path = request.raw_path.take().map(|path| encoded(&path));
        }
        LambdaRequest::Alb(request) => {
            prefer_all_values(&mut request.headers, &request.multi_value_headers);
        }
        _ => {}
    }
    event
}

/// Routes are full paths: the stage, which the adapter would put in front, is none of them.
fn forget_stage(request: &mut ApiGatewayProxyRequest) {
    request.request_context.stage = None;
    prefer_all_values(&mut request.headers, &request.multi_value_headers);
}

/// An event names a header twice: with its last value, and with all. The adapter lets the last one
/// win.
fn prefer_all_values(last: &mut HeaderMap, all: &HeaderMap) {
    for name in all.keys() {
        last.remove(name);
    }
}

fn below(stage: &str, path: String) -> String {
    match path
        .strip_prefix('/')
        .and_then(|path| path.strip_prefix(stage))
    {
        Some(rest) if rest.starts_with('/') => rest.to_owned(),
        _ => path,
    }
}

/// The gateway has decoded the path, and these would end it.
fn encoded(path: &str) -> String {
    path.replace('?', "%3F").replace('#', "%23")
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
            ("prod", "/prod", "/prod"),
        ] {
            assert_eq!(below(stage, path.to_owned()), sent, "{path} in {stage}");
        }
    }

    #[test]
    fn what_would_end_a_path_is_encoded_again() {
        assert_eq!(encoded("/what? #1/messages"), "/what%3F %231/messages");
    }
}
