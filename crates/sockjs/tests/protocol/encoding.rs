//! JSON Unicode encoding.

use crate::server::Server;

/// Every character from U+00FF on in the ranges that the list says a server must escape.
fn server_killer() -> String {
    [
        0x200c..=0x200f,
        0x2028..=0x202f,
        0x2060..=0x206f,
        0xfff0..=0xffff,
    ]
    .into_iter()
    .flatten()
    .filter_map(char::from_u32)
    .collect()
}

#[test]
fn the_server_escapes_what_the_list_names() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    let killer = server_killer();
    assert_eq!(killer.chars().count(), 4 + 8 + 16 + 16);
    server
        .post("/000/s/xhr_send", &format!("[\"{killer}\"]"))
        .is(204, "");
    let escaped: String = killer
        .chars()
        .map(|c| format!("\\u{:04x}", u32::from(c)))
        .collect();
    server
        .post("/000/s/xhr", "")
        .is(200, &format!("a[\"{escaped}\"]\n"));
}

#[test]
fn what_a_client_escapes_is_read_whatever_it_is() {
    let mut server = Server::echo();
    server.post("/000/s/xhr", "").is(200, "o\n");
    let everything: String = (0..=0xffff).filter_map(char::from_u32).collect();
    for part in everything.chars().collect::<Vec<_>>().chunks(4096) {
        let escaped: String = part
            .iter()
            .map(|&c| format!("\\u{:04x}", u32::from(c)))
            .collect();
        server
            .post("/000/s/xhr_send", &format!("[\"{escaped}\"]"))
            .is(204, "");
        let frame = server.post("/000/s/xhr", "").body;
        let array = frame.strip_prefix('a').expect("an array");
        let [text]: [String; 1] = serde_json::from_str(array).expect("JSON");
        assert_eq!(text, part.iter().collect::<String>());
    }
}
