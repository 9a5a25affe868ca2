//! HtmlFile: `/*/*/htmlfile`.

use crate::server::{Server, fresh};

#[tokio::test]
async fn a_page_begins_with_a_kilobyte_and_carries_a_script_per_chunk() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let path = format!("{session}/htmlfile?c=%63allback");
    let mut page = server.stream("GET", &path).await;
    assert_eq!(
        page.head.header("content-type"),
        Some("text/html; charset=UTF-8")
    );
    page.head.is_never_cached();
    let head = page.hears().await;
    assert!(head.len() > 1024);
    assert!(head.contains("parent.callback;"), "{head}");
    assert_eq!(page.hears().await, "<script>\np(\"o\");\n</script>\r\n");
    let sent = server.post(&format!("{session}/xhr_send"), "[\"x\"]").await;
    sent.is(204, "");
    assert_eq!(
        page.hears().await,
        "<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n"
    );
}

#[tokio::test]
async fn a_request_without_a_callback_is_refused() {
    let server = Server::starts().await;
    let answer = server.get("/echo/a/a/htmlfile").await;
    answer.is(500, "\"callback\" parameter required");
}

#[tokio::test]
async fn a_page_ends_once_it_has_its_bytes() {
    let server = Server::starts().await;
    let session = fresh("/echo");
    let path = format!("{session}/htmlfile?c=callback");
    let mut page = server.stream("GET", &path).await;
    assert!(page.hears().await.contains("parent.callback;"));
    assert_eq!(page.hears().await, "<script>\np(\"o\");\n</script>\r\n");
    let text = "x".repeat(4096);
    let sent = server
        .post(&format!("{session}/xhr_send"), &format!("[\"{text}\"]"))
        .await;
    sent.is(204, "");
    assert_eq!(
        page.hears().await,
        format!("<script>\np(\"a[\\\"{text}\\\"]\");\n</script>\r\n")
    );
    page.ends().await;
}
