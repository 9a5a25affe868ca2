//! The OpenAPI document against the routers themselves.

use std::collections::BTreeSet;
use std::sync::Arc;

use access_token::{LIFETIME_MAX, Parties, Signer, SigningKey};
use auth::{Accounts, Clock, HashCost, HashingLimits, Passwords, Tokens};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use chat::AuthMode;
use message_log::MessageLog;
use request_source::{Origins, ProxyHops};
use sessions::memory::MemorySessions;
use tower::ServiceExt;

/// The store of these tests, which no route is asked for far enough to need.
const NOWHERE: &str = "postgres://nobody@127.0.0.1:1/nothing";

/// What a function answers to its own watchers, and `maru` otherwise.
const PROBES: [&str; 3] = ["/health", "/livez", "/readyz"];

#[tokio::test]
async fn every_route_of_the_functions_is_in_the_document_and_nothing_else_is() {
    let (key, _) = SigningKey::generate().expect("a key");
    let parties = Parties {
        issuer: "https://api.example.org".into(),
        audience: "maru".into(),
    };
    let tokens = Tokens::new(Signer::new(parties, key, []), LIFETIME_MAX);
    let history = history::router(history::State {
        log: MessageLog::connect_lazy(NOWHERE, 1).expect("a good URL"),
        herald: None,
        origins: Origins::default(),
        mode: AuthMode::Required,
        verifier: Arc::clone(tokens.verifier()),
        answer_bytes_max: None,
    });
    let auth = auth::router(auth::State {
        accounts: Accounts::open(NOWHERE, 1).expect("a good URL"),
        sessions: Arc::new(MemorySessions::new()),
        passwords: Passwords::new(HashCost::RECOMMENDED, HashingLimits::for_cores(1)),
        tokens,
        origins: Origins::default(),
        proxy_hops: ProxyHops::default(),
        clock: Clock::system(),
    });
    let mut routed = routes(&history).await;
    routed.extend(routes(&auth).await);
    assert!(routed.len() > 20, "{routed:?}");
    assert_eq!(routed, written(&history::openapi(), &auth::openapi()));
}

/// A method and a path each.
type Routes = BTreeSet<(String, String)>;

/// The routes of a router but its probes. It lists its paths in its `Debug` form alone, and what it
/// knows of a path in its answer to a method that it does not know.
async fn routes(router: &Router) -> Routes {
    let mut routes = Routes::new();
    let told = format!("{router:?}");
    let paths: BTreeSet<_> = told
        .split('"')
        .filter(|text| text.len() > 1 && text.starts_with('/') && !text.contains("__private"))
        .filter(|path| !PROBES.contains(path))
        .collect();
    for path in paths {
        let request = Request::builder()
            .method(Method::TRACE)
            .uri(path.replace(['{', '}'], ""));
        let request = request.body(Body::empty()).expect("a request");
        let answer = router.clone().oneshot(request).await.expect("an answer");
        let known = answer.headers()[header::ALLOW].to_str().expect("text");
        let known = known.split(',').filter(|method| *method != "HEAD");
        routes.extend(known.map(|method| (method.to_owned(), path.to_owned())));
    }
    routes
}

fn written(history: &utoipa::openapi::OpenApi, auth: &utoipa::openapi::OpenApi) -> Routes {
    let items = history.paths.paths.iter().chain(&auth.paths.paths);
    items
        .flat_map(|(path, item)| {
            let methods = [
                ("GET", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("PATCH", &item.patch),
                ("DELETE", &item.delete),
            ];
            let used = methods
                .into_iter()
                .filter(|(_, operation)| operation.is_some());
            used.map(|(method, _)| (method.to_owned(), path.clone()))
        })
        .collect()
}
