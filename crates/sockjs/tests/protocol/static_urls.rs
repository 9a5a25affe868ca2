//! Greeting, `/iframe*.html`, `/info`.

use serde_json::Value;
use sockjs::{Origin, Request};

use crate::server::Server;

#[test]
fn the_base_url_greets() {
    for path in ["", "/"] {
        let response = Server::echo().get(path);
        response.is(200, "Welcome to SockJS!\n");
        assert_eq!(
            response.header("content-type"),
            Some("text/plain; charset=UTF-8")
        );
        assert_eq!(response.header("set-cookie"), None);
    }
}

#[test]
fn other_simple_paths_are_not_found() {
    for path in ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/"] {
        assert_eq!(Server::echo().get(path).status, 404, "{path}");
    }
}

#[test]
fn the_iframe_page_is_served_whatever_version_or_query_is_asked_for() {
    let plain = Server::echo().get("/iframe.html");
    for path in [
        "/iframe-a.html",
        "/iframe-.html",
        "/iframe-0.1.2.html",
        "/iframe-0.1.2abc-dirty.2144.html",
        "/iframe-a.html?t=1234",
        "/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123",
    ] {
        let response = Server::echo().get(path);
        response.is(200, &plain.body);
        response.is_cached_for_a_year();
        assert_eq!(
            response.header("content-type"),
            Some("text/html; charset=UTF-8")
        );
        assert_eq!(response.header("etag"), plain.header("etag"));
        assert_eq!(response.header("set-cookie"), None);
    }
    assert!(plain.body.contains("src=\"/sockjs.min.js\""));
    assert!(plain.body.contains("SockJS.bootstrap_iframe();"));
}

#[test]
fn an_iframe_page_that_the_browser_has_is_not_sent_again() {
    let mut server = Server::echo();
    let first = server.get("/iframe.html");
    let request = Request {
        if_none_match: first.header("etag"),
        ..Request::new("GET", "/iframe.html")
    };
    let second = server.ask(request, "");
    second.is(304, "");
    assert_eq!(second.header("content-type"), None);
    assert_eq!(second.header("etag"), first.header("etag"));
}

#[test]
fn info_says_what_the_service_can_and_is_never_cached() {
    let mut server = Server::echo();
    let request = Request {
        origin: Origin::Allowed("test"),
        ..Request::new("GET", "/info")
    };
    let response = server.ask(request, "");
    assert_eq!(response.status, 200);
    assert_eq!(
        response.header("content-type"),
        Some("application/json; charset=UTF-8")
    );
    assert_eq!(response.header("set-cookie"), None);
    response.is_never_cached();
    response.is_readable_by(Some("test"));

    let info: Value = serde_json::from_str(&response.body).expect("JSON");
    assert_eq!(info["websocket"], true);
    assert_eq!(info["cookie_needed"], false);
    assert_eq!(info["origins"], serde_json::json!(["*:*"]));
    assert!(info["entropy"].is_u64());
}

#[test]
fn info_brings_new_entropy_every_time() {
    let mut server = Server::echo();
    assert_ne!(server.get("/info").body, server.get("/info").body);
}

#[test]
fn info_answers_a_preflight_request_of_any_allowed_origin() {
    for origin in [None, Some("test"), Some("null")] {
        let response = Server::echo().options("/info", origin);
        response.is(204, "");
        response.is_cached_for_a_year();
        response.is_readable_by(origin);
        assert_eq!(
            response.header("access-control-allow-methods"),
            Some("OPTIONS, GET")
        );
        assert_eq!(response.header("access-control-max-age"), Some("31536000"));
    }
}

#[test]
fn info_tells_where_websockets_are_off() {
    let mut server = Server::echo();
    server.service.websocket = false;
    let info: Value = serde_json::from_str(&server.get("/info").body).expect("JSON");
    assert_eq!(info["websocket"], false);
}

#[test]
fn head_is_answered_as_get_on_documents_alone() {
    let mut server = Server::echo();
    for path in ["/", "/info", "/iframe.html"] {
        assert_eq!(
            server.ask(Request::new("HEAD", path), "").status,
            200,
            "{path}"
        );
    }
    for path in ["/websocket", "/a/a/xhr", "/a/a/jsonp", "/a/a/eventsource"] {
        assert_eq!(
            server.ask(Request::new("HEAD", path), "").status,
            405,
            "{path}"
        );
    }
}

#[test]
fn another_method_is_not_allowed_and_the_answer_is_bare() {
    let mut server = Server::echo();
    for (method, path, allow) in [
        ("POST", "/", "GET, HEAD"),
        ("POST", "/iframe.html", "GET, HEAD"),
        ("POST", "/info", "OPTIONS, GET"),
        ("POST", "/websocket", "GET"),
        ("POST", "/0/0/websocket", "GET"),
        ("GET", "/0/0/xhr", "OPTIONS, POST"),
        ("GET", "/0/0/xhr_send", "OPTIONS, POST"),
        ("GET", "/0/0/xhr_streaming", "OPTIONS, POST"),
        ("POST", "/0/0/eventsource", "GET"),
        ("OPTIONS", "/0/0/htmlfile", "GET"),
        ("DELETE", "/0/0/jsonp", "GET"),
        ("GET", "/0/0/jsonp_send", "POST"),
        ("GET, HEAD", "/", "GET, HEAD"),
        ("", "/", "GET, HEAD"),
    ] {
        let response = server.ask(Request::new(method, path), "");
        response.is(405, "");
        assert_eq!(response.header("allow"), Some(allow), "{method} {path}");
        assert_eq!(response.header("content-type"), None);
    }
}

#[test]
fn an_origin_that_is_not_allowed_gets_nothing() {
    let mut server = Server::echo();
    for (method, path) in [
        ("GET", "/info"),
        ("OPTIONS", "/info"),
        ("POST", "/0/0/xhr"),
        ("OPTIONS", "/0/0/xhr"),
        ("POST", "/0/0/xhr_send"),
        ("GET", "/0/0/jsonp"),
        ("GET", "/0/0/websocket"),
        ("GET", "/websocket"),
    ] {
        for origin in [Origin::Refused, Origin::Allowed("odd\r\norigin")] {
            let response = server.ask(
                Request {
                    origin,
                    ..Request::new(method, path)
                },
                "",
            );
            assert_eq!(response.status, 403, "{method} {path}");
            assert_eq!(response.header("access-control-allow-origin"), None);
            assert_eq!(response.header("vary"), Some("Origin"));
        }
    }
}
