//! Which session.

use std::fmt;

/// Names a session: the client's random path segment.
///
/// Whoever knows it can read and write the session, so it is a secret: it prints as nothing and
/// the application never sees it. Only transports over HTTP find a session by it; every
/// WebSocket is a session of its own.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// The longest name, in bytes of the path. Clients use 8 to 36.
    pub const BYTES_MAX: usize = 128;

    /// Takes a path segment as it stands; `None` where no session can be called so.
    pub(crate) fn parse(segment: &str) -> Option<Self> {
        is_name(segment).then(|| Self(segment.into()))
    }
}

/// The protocol's rule for server and session: anything but nothing, without a dot.
pub(crate) fn is_name(segment: &str) -> bool {
    !segment.is_empty() && segment.len() <= SessionId::BYTES_MAX && !segment.contains(['.', '/'])
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_called_anything_short_without_dots() {
        for good in ["a", "_", "1", "abcdefg_i-j%20", &"x".repeat(128)] {
            assert!(SessionId::parse(good).is_some(), "{good}");
        }
        for bad in ["", ".", "a.", "a/b", &"x".repeat(129)] {
            assert!(SessionId::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_session_id_does_not_print_itself() {
        let id = SessionId::parse("secret").expect("a name");
        assert_eq!(format!("{id:?}"), "SessionId(..)");
    }
}
