//! Who said it.

use std::sync::Arc;

use crate::UserId;

/// The name under which somebody speaks: 1 to [`Nickname::CHARS_MAX`] characters, not blank,
/// no control character. Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Nickname(Arc<str>);

/// Why a text is not a nickname.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NicknameError {
    /// The text is empty or only white space.
    #[error("sender is blank; give a name of 1 to {max} characters", max = Nickname::CHARS_MAX)]
    Blank,
    /// The text has more than [`Nickname::CHARS_MAX`] characters.
    #[error("sender has more than {max} characters", max = Nickname::CHARS_MAX)]
    TooLong,
    /// The text contains a control character.
    #[error("sender contains a control character")]
    Control,
}

impl Nickname {
    /// The longest nickname, in characters (Unicode scalar values).
    pub const CHARS_MAX: usize = 64;

    /// Parses a nickname.
    ///
    /// # Errors
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, NicknameError> {
        if text.trim().is_empty() {
            return Err(NicknameError::Blank);
        }
        if text.len() > 4 * Self::CHARS_MAX || text.chars().count() > Self::CHARS_MAX {
            return Err(NicknameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NicknameError::Control);
        }
        Ok(Self(text.into()))
    }

    /// The name of a guest who gave none.
    pub fn guest() -> Self {
        Self("guest".into())
    }

    /// The nickname as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Who sends a message: a nickname, and the account behind it unless it is a guest's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The name shown beside the message.
    pub nickname: Nickname,
    /// The account, or `None` for a guest.
    pub id: Option<UserId>,
}

impl Sender {
    /// A guest, known by nothing but the name.
    pub fn guest(nickname: Nickname) -> Self {
        Self { nickname, id: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broken_rule_is_named() {
        assert_eq!(Nickname::parse("  "), Err(NicknameError::Blank));
        assert_eq!(
            Nickname::parse(&"n".repeat(65)),
            Err(NicknameError::TooLong)
        );
        assert_eq!(Nickname::parse("a\nb"), Err(NicknameError::Control));
        assert!(Nickname::parse("지은").is_ok());
    }
}
