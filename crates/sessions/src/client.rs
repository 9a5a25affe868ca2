//! Who is at the other end, as people recognise it in the list of their sessions.

use std::net::IpAddr;

/// How many bytes of a `User-Agent` are kept.
pub const USER_AGENT_BYTES_MAX: usize = 256;

/// What a client told about itself when its session began. Nothing is decided by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientInfo {
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<IpAddr>,
}

impl ClientInfo {
    /// Keeps the address, and of the `User-Agent` (RFC 9110, section 10.1.5) the first
    /// [`USER_AGENT_BYTES_MAX`] bytes without control characters; a blank one counts as none.
    pub fn new(user_agent: Option<&str>, address: Option<IpAddr>) -> Self {
        Self {
            user_agent: user_agent.and_then(readable),
            address,
        }
    }
}

fn readable(text: &str) -> Option<String> {
    let mut kept = String::new();
    for character in text
        .trim()
        .chars()
        .filter(|character| !character.is_control())
    {
        if kept.len() + character.len_utf8() > USER_AGENT_BYTES_MAX {
            break;
        }
        kept.push(character);
    }
    (!kept.is_empty()).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_cut_at_a_character() {
        let long = "x".to_owned() + &"마".repeat(USER_AGENT_BYTES_MAX);
        let client = ClientInfo::new(Some(&long), None);
        let kept = client.user_agent.expect("not blank");
        assert_eq!(kept.len(), 256);
        assert!(long.starts_with(&kept));
    }

    #[test]
    fn a_user_agent_keeps_no_control_characters_and_a_blank_one_is_none() {
        let client = ClientInfo::new(Some(" curl\r\n/8\u{7f} "), None);
        assert_eq!(client.user_agent.as_deref(), Some("curl/8"));
        assert_eq!(
            ClientInfo::new(Some(" \t\u{0}"), None),
            ClientInfo::default()
        );
    }
}
