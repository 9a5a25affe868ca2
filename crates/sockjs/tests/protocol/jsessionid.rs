//! The `JSESSIONID` cookie.

use sockjs::Request;

use crate::server::Server;

fn server() -> Server {
    let mut server = Server::echo();
    server.service.cookie_needed = true;
    server
}

#[test]
fn info_says_that_the_cookie_is_needed_without_setting_it() {
    let response = server().get("/info");
    assert!(response.body.contains("\"cookie_needed\":true"));
    assert_eq!(response.header("set-cookie"), None);
}

#[test]
fn every_answer_of_a_session_sets_the_cookie() {
    let mut server = server();
    for (method, path) in [
        ("POST", "/000/a/xhr"),
        ("POST", "/000/b/xhr_streaming"),
        ("GET", "/000/c/eventsource"),
        ("GET", "/000/d/htmlfile?c=%63allback"),
        ("GET", "/000/e/jsonp?c=%63allback"),
    ] {
        let listener = server.listen(method, path);
        let set = listener.response.header("set-cookie");
        assert_eq!(set, Some("JSESSIONID=dummy; Path=/"), "{path}");
    }
    for path in ["/000/a/xhr_send", "/000/a/jsonp_send"] {
        for body in ["[\"x\"]", ""] {
            let set = server.post(path, body);
            assert_eq!(set.header("set-cookie"), Some("JSESSIONID=dummy; Path=/"));
        }
    }
}

#[test]
fn the_clients_cookie_is_set_again() {
    let request = Request {
        cookies: Some("JSESSIONID=abcdef"),
        ..Request::new("POST", "/000/s/xhr")
    };
    let response = server().ask(request, "");
    response.is(200, "o\n");
    assert_eq!(
        response.header("set-cookie"),
        Some("JSESSIONID=abcdef; Path=/")
    );
}

#[test]
fn a_service_that_needs_no_cookie_sets_none() {
    let response = Server::echo().post("/000/s/xhr", "");
    assert_eq!(response.header("set-cookie"), None);
}
