//! The versions of the protocol.

use std::fmt;

/// A version of STOMP; a later one is greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// STOMP 1.0: no escapes, no heart-beats, no NACK.
    V1_0,
    /// STOMP 1.1: the escapes `\n`, `\c` and `\\`; lines end in LF alone.
    V1_1,
    /// STOMP 1.2: also the escape `\r`; lines may end in CR LF; `ack` names a message.
    V1_2,
}

impl Version {
    /// Every version this crate speaks, as the `version` header of a refusal lists them.
    pub const SUPPORTED: &'static str = "1.0,1.1,1.2";

    /// The version as it stands in headers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        }
    }

    /// Picks the highest version that `accept-version` and this crate share, if any.
    ///
    /// A client that sends no such header speaks 1.0 alone (STOMP 1.2, "Protocol Negotiation").
    pub fn negotiate(accept_version: Option<&str>) -> Option<Self> {
        let Some(list) = accept_version else {
            return Some(Self::V1_0);
        };
        list.split(',')
            .filter_map(|item| match item.trim_matches(' ') {
                "1.0" => Some(Self::V1_0),
                "1.1" => Some(Self::V1_1),
                "1.2" => Some(Self::V1_2),
                _ => None,
            })
            .max()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_wins_whatever_the_order() {
        assert_eq!(Version::negotiate(Some("1.2,1.0,1.1")), Some(Version::V1_2));
        assert_eq!(
            Version::negotiate(Some("1.0, 1.1, 2.0")),
            Some(Version::V1_1)
        );
    }

    #[test]
    fn no_header_means_1_0_and_an_empty_or_foreign_one_means_no_version() {
        assert_eq!(Version::negotiate(None), Some(Version::V1_0));
        assert_eq!(Version::negotiate(Some("")), None);
        assert_eq!(Version::negotiate(Some("2.0,1.20")), None);
    }
}
