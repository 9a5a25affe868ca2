//! IFrame page: `/iframe*.html`.

use crate::http::Ask;
use crate::server::Server;

#[tokio::test]
async fn the_page_is_served_whatever_version_or_query_is_asked_for() {
    let server = Server::starts().await;
    let plain = server.get("/echo/iframe.html").await;
    for path in [
        "/iframe.html",
        "/iframe-a.html",
        "/iframe-.html",
        "/iframe-0.1.2.html",
        "/iframe-0.1.2abc-dirty.2144.html",
        "/iframe-a.html?t=1234",
        "/iframe-0.1.2.html?t=123414",
        "/iframe-0.1.2abc-dirty.2144.html?t=qweqweq123",
    ] {
        let page = server.get(&format!("/echo{path}")).await;
        page.is(200, &plain.body);
        assert_eq!(
            page.header("content-type"),
            Some("text/html; charset=UTF-8")
        );
        page.head.is_cached_for_a_year();
        page.head.sets_no_cookie();
        assert!(page.header("etag").is_some());
        assert_eq!(page.header("etag"), plain.header("etag"));
    }
    assert!(
        plain
            .body
            .contains("<script src=\"/lib/sockjs.js\"></script>")
    );
    assert!(plain.body.contains("SockJS.bootstrap_iframe();"));
}

#[tokio::test]
async fn malformed_names_of_the_page_are_not_found() {
    let server = Server::starts().await;
    for path in [
        "/iframe.htm",
        "/iframe",
        "/IFRAME.HTML",
        "/IFRAME",
        "/iframe.HTML",
        "/iframe.xml",
        "/iframe-/.html",
    ] {
        let answer = server.get(&format!("/echo{path}")).await;
        assert_eq!(answer.head.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_page_that_the_browser_has_is_not_sent_again() {
    let server = Server::starts().await;
    let first = server.get("/echo/iframe.html").await;
    let etag = first.header("etag").expect("a tag");
    let known = [("If-None-Match", etag)];
    let second = server
        .ask(Ask::new("GET", "/echo/iframe.html").with(&known))
        .await;
    second.is(304, "");
    assert_eq!(second.header("content-type"), None);
    assert_eq!(second.header("etag"), Some(etag));
}
