//! `websocket`, framed and raw.

use sockjs::{Reply, Request, Status};

use crate::server::Server;

#[test]
fn what_asks_for_no_websocket_gets_none() {
    let mut server = Server::echo();
    for path in ["/0/0/websocket", "/websocket"] {
        server
            .get(path)
            .is(400, "Can \"Upgrade\" only to \"WebSocket\".");
        for connection in [None, Some("close")] {
            let request = Request {
                upgrade: Some("WebSocket"),
                connection,
                ..Request::new("GET", path)
            };
            server
                .ask(request, "")
                .is(400, "\"Connection\" must be \"Upgrade\".");
        }
    }
}

#[test]
fn websockets_that_are_off_are_not_found() {
    let mut server = Server::echo();
    server.service.websocket = false;
    for path in ["/0/0/websocket", "/websocket"] {
        let request = Request {
            upgrade: Some("websocket"),
            connection: Some("Upgrade"),
            ..Request::new("GET", path)
        };
        assert_eq!(server.ask(request, "").status, 404);
    }
}

#[test]
fn the_raw_websocket_has_a_path_of_its_own() {
    let request = Request {
        upgrade: Some("websocket"),
        connection: Some("upgrade"),
        ..Request::new("GET", "/websocket")
    };
    assert_eq!(Server::echo().reply(&request), Reply::RawWebSocket);
}

#[test]
fn messages_go_as_arrays_or_alone_and_come_as_frames() {
    let mut socket = Server::echo().connect("/000/s/websocket");
    assert_eq!(socket.hears().as_deref(), Some("o"));
    socket.says("[\"a\"]");
    assert_eq!(socket.hears().as_deref(), Some("a[\"a\"]"));
    socket.says("\"b\"");
    assert_eq!(socket.hears().as_deref(), Some("a[\"b\"]"));
}

#[test]
fn a_closed_session_says_so_and_closes_the_socket() {
    let mut socket = Server::close().connect("/000/s/websocket");
    assert_eq!(socket.hears().as_deref(), Some("o"));
    assert_eq!(socket.hears().as_deref(), Some("c[3000,\"Go away!\"]"));
    assert_eq!(socket.hears(), None);
    assert_eq!(socket.status(), Status::Gone);
}

#[test]
fn empty_messages_and_empty_arrays_are_ignored() {
    let mut socket = Server::echo().connect("/000/s/websocket");
    assert_eq!(socket.hears().as_deref(), Some("o"));
    socket.says("");
    socket.says("[]");
    socket.says("[\"a\"]");
    assert_eq!(socket.hears().as_deref(), Some("a[\"a\"]"));
}

#[test]
fn a_session_id_may_be_used_again_and_at_the_same_time() {
    let mut server = Server::echo();
    let mut first = server.connect("/000/s/websocket");
    let mut second = server.connect("/000/s/websocket");
    assert_eq!(first.hears().as_deref(), Some("o"));
    assert_eq!(second.hears().as_deref(), Some("o"));
    first.says("[\"a\"]");
    second.says("[\"b\"]");
    assert_eq!(first.hears().as_deref(), Some("a[\"a\"]"));
    assert_eq!(second.hears().as_deref(), Some("a[\"b\"]"));
}

#[test]
fn broken_json_ends_the_socket_and_its_session_at_once() {
    let mut socket = Server::echo().connect("/000/s/websocket");
    assert_eq!(socket.hears().as_deref(), Some("o"));
    socket.says("[\"a");
    assert_eq!(socket.status(), Status::Gone);
}
