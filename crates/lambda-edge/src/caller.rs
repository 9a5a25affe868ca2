//! Who called the gateway.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use lambda_http::request::RequestContext;

/// Tells the router what it otherwise learns from its listener.
pub(crate) async fn tell(mut request: Request, next: Next) -> Response {
    let caller = request.extensions().get().and_then(caller);
    if let Some(caller) = caller {
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::new(caller, 0)));
    }
    next.run(request).await
}

/// A load balancer tells no address but in `X-Forwarded-For`, whose last entry is its own: there,
/// `TRUSTED_PROXY_HOPS` is 1 or more.
fn caller(context: &RequestContext) -> Option<IpAddr> {
    let address = match context {
        RequestContext::ApiGatewayV1(context) => context.identity.source_ip.as_deref(),
        RequestContext::ApiGatewayV2(context) => context.http.source_ip.as_deref(),
        _ => None,
    };
    address?.parse().ok()
}

#[cfg(test)]
mod tests {
    use lambda_http::aws_lambda_events::alb::AlbTargetGroupRequestContext;
    use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpRequestContext;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_http_api_tells_who_called_it() {
        let context: ApiGatewayV2httpRequestContext = serde_json::from_value(json!({
            "accountId": "123456789012",
            "apiId": "api",
            "http": {
                "method": "POST",
                "path": "/auth/login",
                "protocol": "HTTP/1.1",
                "sourceIp": "2001:db8::1",
                "userAgent": "test"
            },
            "stage": "$default",
            "timeEpoch": 0
        }))
        .expect("a context");
        let address = caller(&RequestContext::ApiGatewayV2(context));
        assert_eq!(address, "2001:db8::1".parse().ok());
    }

    #[test]
    fn a_load_balancer_does_not() {
        let context = RequestContext::Alb(AlbTargetGroupRequestContext::default());
        assert_eq!(caller(&context), None);
    }
}
