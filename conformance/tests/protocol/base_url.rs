//! Greeting url: `/`.

use crate::server::Server;

#[tokio::test]
async fn the_base_url_greets() {
    let server = Server::starts().await;
    for path in ["/echo", "/echo/"] {
        let greeting = server.get(path).await;
        greeting.is(200, "Welcome to SockJS!\n");
        assert_eq!(
            greeting.header("content-type"),
            Some("text/plain; charset=UTF-8")
        );
        greeting.head.sets_no_cookie();
    }
}

#[tokio::test]
async fn other_simple_paths_are_not_found() {
    let server = Server::starts().await;
    for path in ["/a", "/a.html", "//", "///", "/a/a", "/a/a/", "/a/"] {
        let answer = server.get(&format!("/echo{path}")).await;
        assert_eq!(answer.head.status, 404, "{path}");
    }
}
