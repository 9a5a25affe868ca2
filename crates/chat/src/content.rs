//! What is said in a message.

use std::sync::Arc;

/// The text of a message: 1 to [`Content::CHARS_MAX`] characters, not blank, without U+0000.
///
/// It is kept exactly as typed; nothing is trimmed or normalised. Cloning shares the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content(Arc<str>);

/// Why a text is not the content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContentError {
    /// The text is empty or only white space.
    #[error("content is blank; say something of 1 to {max} characters", max = Content::CHARS_MAX)]
    Blank,
    /// The text has more than [`Content::CHARS_MAX`] characters.
    #[error("content has more than {max} characters", max = Content::CHARS_MAX)]
    TooLong,
    /// The text contains U+0000, which Postgres cannot store in a text.
    #[error("content contains U+0000, which cannot be stored")]
    Nul,
}

impl Content {
    /// The longest content, in characters (Unicode scalar values).
    pub const CHARS_MAX: usize = 4_000;

    /// Parses what somebody typed.
    ///
    /// # Errors
    /// Says which of the rules above the text breaks.
    pub fn parse(text: &str) -> Result<Self, ContentError> {
        if text.trim().is_empty() {
            return Err(ContentError::Blank);
        }
        if text.len() > 4 * Self::CHARS_MAX || text.chars().count() > Self::CHARS_MAX {
            return Err(ContentError::TooLong);
        }
        if text.contains('\0') {
            return Err(ContentError::Nul);
        }
        Ok(Self(text.into()))
    }

    /// The content as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_long_and_nul_texts_are_refused_by_name() {
        assert_eq!(Content::parse(""), Err(ContentError::Blank));
        assert_eq!(Content::parse(" \n\t\u{3000}"), Err(ContentError::Blank));
        assert_eq!(
            Content::parse(&"가".repeat(4_001)),
            Err(ContentError::TooLong)
        );
        assert_eq!(Content::parse("a\0b"), Err(ContentError::Nul));
    }

    #[test]
    fn content_is_kept_as_typed() {
        let typed = "  e\u{301} 하나\n둘  ";
        assert_eq!(Content::parse(typed).expect("good content").as_str(), typed);
    }
}
