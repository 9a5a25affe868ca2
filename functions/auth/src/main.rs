//! The auth function as a Lambda.

use std::net::{IpAddr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use auth::config::Config;
use auth::{Accounts, Clock, HashCost, HashingLimits, Passwords, State, router};
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use lambda_http::request::RequestContext;
use sessions::dynamo;

/// A Lambda answers one request at a time.
const DATABASE_CONNECTIONS: u32 = 1;

/// So it hashes for one.
const CORES: usize = 1;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            #[expect(clippy::print_stderr, reason = "why nothing was started")]
            {
                eprintln!("{fault}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Answers events until the platform ends the process. Dials at the first that needs it, so that a
/// cold start waits for nothing; the tables are the deployment's to make.
async fn run() -> Result<(), String> {
    let config = Config::from_env().map_err(|faults| faults.to_string())?;
    config.logs.start();
    let accounts = Accounts::open(&config.database_url, DATABASE_CONNECTIONS)
        .map_err(|error| format!("DATABASE_URL: {error}"))?;
    let sessions = dynamo::connect(config.sessions_table)
        .await
        .map_err(|error| format!("AWS_REGION: {error}"))?;
    let state = State {
        accounts,
        sessions: Arc::new(sessions),
        passwords: Passwords::new(HashCost::RECOMMENDED, HashingLimits::for_cores(CORES)),
        tokens: config.tokens,
        origins: config.origins,
        proxy_hops: config.proxy_hops,
        clock: Clock::system(),
    };
    lambda_http::run(router(state).layer(from_fn(from_gateway)))
        .await
        .map_err(|error| format!("the Lambda runtime ended: {error}"))
}

/// Tells the router what it otherwise learns from its listener: who called the gateway.
async fn from_gateway(mut request: Request, next: Next) -> Response {
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
