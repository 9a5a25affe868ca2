//! `htmlfile`.

use crate::server::Server;

#[test]
fn the_page_names_the_callback_and_grows_by_a_script_per_frame() {
    let mut server = Server::echo();
    let mut page = server.listen("GET", "/000/s/htmlfile?c=%63allback");
    page.response.is_never_cached();
    assert_eq!(
        page.response.header("content-type"),
        Some("text/html; charset=UTF-8")
    );

    let head = server.hear(&mut page).expect("a page");
    assert!(head.len() > 1024, "{}", head.len());
    assert!(head.contains("parent.callback;"));
    assert_eq!(
        server.hear(&mut page).as_deref(),
        Some("<script>\np(\"o\");\n</script>\r\n")
    );
    server.post("/000/s/xhr_send", "[\"x\"]").is(204, "");
    assert_eq!(
        server.hear(&mut page).as_deref(),
        Some("<script>\np(\"a[\\\"x\\\"]\");\n</script>\r\n")
    );
}

#[test]
fn a_page_without_a_good_callback_is_refused() {
    let mut server = Server::echo();
    for path in ["/a/a/htmlfile", "/a/a/htmlfile?c="] {
        server.get(path).is(500, "\"callback\" parameter required");
    }
    for name in ["%20", "*", "abc(", "abc%28"] {
        server
            .get(&format!("/a/a/htmlfile?c={name}"))
            .is(500, "invalid \"callback\" parameter");
    }
    assert_eq!(
        server.post("/a/a/xhr_send", "[]").status,
        404,
        "no session began"
    );
}

#[test]
fn the_response_ends_once_it_has_its_bytes() {
    let mut server = Server::echo();
    let mut page = server.listen("GET", "/000/s/htmlfile?c=callback");
    assert!(server.hear(&mut page).is_some());
    assert!(server.hear(&mut page).is_some());
    let message = "x".repeat(4096);
    server
        .post("/000/s/xhr_send", &format!("[\"{message}\"]"))
        .is(204, "");
    assert_eq!(
        server.hear(&mut page),
        Some(format!(
            "<script>\np(\"a[\\\"{message}\\\"]\");\n</script>\r\n"
        ))
    );
    assert_eq!(server.hear(&mut page), None);
}
