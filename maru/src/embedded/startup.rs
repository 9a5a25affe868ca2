//! The first packet of a connection, which has no tag.
//!
//! <https://www.postgresql.org/docs/18/protocol-flow.html#PROTOCOL-FLOW-START-UP>

use bytes::{Buf, Bytes, BytesMut};

use super::engine::{DATABASE, USER};
use super::refusal::Refusal;
use super::wire;

/// The longest startup packet in bytes, as in PostgreSQL (`MAX_STARTUP_PACKET_LENGTH`).
const STARTUP_BYTES_MAX: usize = 10_000;

const CANCEL_CODE: u32 = 80_877_102;
const SSL_CODE: u32 = 80_877_103;
const GSSENC_CODE: u32 = 80_877_104;

/// What a client opens with.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Startup {
    /// It asks for an encrypted connection and will go on without one.
    Encryption,
    /// It asks to cancel what another connection does and expects no answer.
    Cancel,
    /// It wants a session.
    Session {
        /// The options of a newer minor version of the protocol, where it asked for one.
        negotiate: Option<Vec<String>>,
    },
}

impl Startup {
    /// Takes the packet out of what was read so far, if all of it has arrived.
    ///
    /// # Errors
    /// The [`Refusal`] where it cannot be read or asks for what a shared session cannot be.
    pub(super) fn take(inbox: &mut BytesMut) -> Result<Option<Self>, Refusal> {
        let Some(header) = inbox.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes(*header)).unwrap_or(usize::MAX);
        if !(8..=STARTUP_BYTES_MAX).contains(&length) {
            return Err(Refusal::Malformed);
        }
        if inbox.len() < length {
            return Ok(None);
        }
        let mut packet = inbox.split_to(length).freeze();
        packet.advance(4);
        match packet.get_u32() {
            SSL_CODE | GSSENC_CODE => Ok(Some(Self::Encryption)),
            CANCEL_CODE => Ok(Some(Self::Cancel)),
            version => Self::session(version, &packet).map(Some),
        }
    }

    fn session(version: u32, parameters: &Bytes) -> Result<Self, Refusal> {
        let [major, minor] = [(version >> 16) as u16, version as u16];
        if major != 3 {
            return Err(Refusal::Version { major, minor });
        }
        let mut unknown_options = Vec::new();
        let mut rest: &[u8] = parameters;
        while let Some((name, after)) = wire::split_text(rest).filter(|(name, _)| !name.is_empty())
        {
            let (value, after) = wire::split_text(after).ok_or(Refusal::Malformed)?;
            rest = after;
            match name {
                b"user" if value == USER.as_bytes() => {}
                b"database" if value == DATABASE.as_bytes() => {}
                b"user" | b"database" => return Err(Refusal::WrongDatabase),
                b"options" if !value.is_empty() => {
                    return Err(Refusal::SessionParameter("options"));
                }
                b"replication" => return Err(Refusal::SessionParameter("replication")),
                _ if name.starts_with(b"_pq_.") => {
                    unknown_options.push(String::from_utf8_lossy(name).into_owned());
                }
                // Encoding, date style and time zone are what clients ask for anyway; they are told
                // the session's own values in the answer.
                _ => {}
            }
        }
        let negotiate = minor > 0 || !unknown_options.is_empty();
        Ok(Self::Session {
            negotiate: negotiate.then_some(unknown_options),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encryption_and_cancelling_are_told_from_a_session() {
        assert_eq!(opening(SSL_CODE, ""), Ok(Some(Startup::Encryption)));
        assert_eq!(opening(GSSENC_CODE, ""), Ok(Some(Startup::Encryption)));
        assert_eq!(opening(CANCEL_CODE, "12345678"), Ok(Some(Startup::Cancel)));
        assert_eq!(
            opening(3 << 16, "user\0postgres\0database\0postgres\0\0"),
            Ok(Some(Startup::Session { negotiate: None }))
        );
    }

    #[test]
    fn a_newer_minor_version_is_negotiated_down() {
        assert_eq!(
            opening(3 << 16 | 2, "user\0postgres\0_pq_.new\0on\0\0"),
            Ok(Some(Startup::Session {
                negotiate: Some(vec!["_pq_.new".to_owned()])
            }))
        );
        assert_eq!(
            opening(2 << 16, "\0"),
            Err(Refusal::Version { major: 2, minor: 0 })
        );
    }

    #[test]
    fn what_would_need_a_session_of_its_own_is_refused() {
        let refusal = |parameters| opening(3 << 16, parameters).expect_err("it is refused");

        assert_eq!(refusal("database\0other\0\0"), Refusal::WrongDatabase);
        assert_eq!(
            refusal("options\0-c search_path=x\0\0"),
            Refusal::SessionParameter("options")
        );
        assert_eq!(
            refusal("replication\0database\0\0"),
            Refusal::SessionParameter("replication")
        );
    }

    #[test]
    fn a_packet_is_waited_for_but_never_a_huge_one() {
        let mut half = BytesMut::from(&[0, 0, 0, 20, 0, 3][..]);
        let mut huge = BytesMut::from(&[0, 1, 0, 0][..]);

        assert_eq!(Startup::take(&mut half), Ok(None));
        assert_eq!(Startup::take(&mut huge), Err(Refusal::Malformed));
    }

    fn opening(code: u32, parameters: &str) -> Result<Option<Startup>, Refusal> {
        let length = u32::try_from(8 + parameters.len()).expect("it is short");
        let mut inbox = BytesMut::new();
        inbox.extend_from_slice(&length.to_be_bytes());
        inbox.extend_from_slice(&code.to_be_bytes());
        inbox.extend_from_slice(parameters.as_bytes());
        Startup::take(&mut inbox)
    }
}
