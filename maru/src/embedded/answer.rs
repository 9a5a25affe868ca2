//! What clients are told without asking the engine.

use bytes::{Bytes, BytesMut};

use super::refusal::Refusal;
use super::wire;

/// The one byte that refuses SSL and GSSAPI encryption: the socket is private to one user.
pub(super) const NO_ENCRYPTION: Bytes = Bytes::from_static(b"N");

/// ReadyForQuery, outside of a transaction.
const READY: &[u8] = b"I";

/// The end of a startup: welcome, these are the session's parameters, go ahead.
///
/// `negotiate` is given where the client asked for a newer minor version than is spoken here: the
/// protocol options that are not known.
pub(super) fn welcome(
    client: u32,
    parameters: &[(String, String)],
    negotiate: Option<&[String]>,
) -> Bytes {
    let mut out = BytesMut::new();
    if let Some(unknown_options) = negotiate {
        negotiate_version(&mut out, unknown_options);
    }
    wire::put(&mut out, b'R', &[&0_u32.to_be_bytes()]);
    for (name, value) in parameters {
        wire::put(
            &mut out,
            b'S',
            &[name.as_bytes(), b"\0", value.as_bytes(), b"\0"],
        );
    }
    // Cancelling is not supported, so there is no secret to guess.
    wire::put(
        &mut out,
        b'K',
        &[&client.to_be_bytes(), &0_u32.to_be_bytes()],
    );
    wire::put(&mut out, b'Z', &[READY]);
    out.freeze()
}

/// The last word to a client that is cut off.
pub(super) fn farewell(refusal: Refusal) -> Bytes {
    let mut out = BytesMut::new();
    put_error(&mut out, "FATAL", refusal.sqlstate(), &refusal.to_string());
    out.freeze()
}

/// The session was with another client for too long: nothing of the exchange was done.
pub(super) fn busy() -> Bytes {
    let mut out = BytesMut::new();
    put_error(
        &mut out,
        "ERROR",
        "55P03",
        "another connection's transaction held the embedded Postgres for too long",
    );
    out.freeze()
}

/// The end of an exchange that the engine did not take part in.
pub(super) fn ready() -> Bytes {
    let mut out = BytesMut::new();
    wire::put(&mut out, b'Z', &[READY]);
    out.freeze()
}

/// Asks for the rows of a `COPY … FROM STDIN`, which are collected before the engine sees the
/// statement. The number of columns is not known by then; clients do not look at it.
pub(super) fn send_rows() -> Bytes {
    let mut out = BytesMut::new();
    let text_format = [0];
    let no_columns = 0_u16.to_be_bytes();
    wire::put(&mut out, b'G', &[&text_format, &no_columns]);
    out.freeze()
}

fn put_error(out: &mut BytesMut, severity: &str, sqlstate: &str, message: &str) {
    let mut body = BytesMut::new();
    for (field, value) in [
        (b"S", severity),
        (b"V", severity),
        (b"C", sqlstate),
        (b"M", message),
    ] {
        body.extend_from_slice(field);
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\0");
    }
    wire::put(out, b'E', &[&body, b"\0"]);
}

fn negotiate_version(out: &mut BytesMut, unknown_options: &[String]) {
    let newest_minor = 0_u32;
    let count = u32::try_from(unknown_options.len()).expect("a startup packet is short");
    let mut names = BytesMut::new();
    for name in unknown_options {
        names.extend_from_slice(name.as_bytes());
        names.extend_from_slice(b"\0");
    }
    wire::put(
        out,
        b'v',
        &[&newest_minor.to_be_bytes(), &count.to_be_bytes(), &names],
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_fatal_error_with_its_code() {
        let said = farewell(Refusal::NeedsOwnSession("LISTEN"));

        assert_eq!(said[0], b'E');
        let text = String::from_utf8_lossy(wire::body(&said));
        assert!(
            text.starts_with("SFATAL\0VFATAL\0C0A000\0MLISTEN needs"),
            "{text}"
        );
        assert!(text.ends_with("\0\0"), "{text}");
    }

    #[test]
    fn a_welcome_ends_ready_for_the_first_query() {
        let parameters = [("server_encoding".to_owned(), "UTF8".to_owned())];

        let said: Vec<Bytes> = wire::messages(welcome(7, &parameters, None)).collect();

        let tags: Vec<u8> = said.iter().map(|message| message[0]).collect();
        assert_eq!(tags, b"RSKZ");
        assert_eq!(wire::body(&said[1]), b"server_encoding\0UTF8\0");
    }
}
