//! A password, as its owner types it.

mod common;

use std::fmt;

use crate::email::Email;

/// A password on its way to being hashed: at most [`Password::BYTES_MAX`] bytes, taken exactly as
/// typed. Its `Debug` form does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Password(String);

/// Why a text may not be somebody's new password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordError {
    /// It has fewer than [`Password::CHARS_MIN`] characters.
    #[error("has fewer than {min} characters", min = Password::CHARS_MIN)]
    TooShort,
    /// It is longer than [`Password::BYTES_MAX`].
    #[error("has more than {max} bytes", max = Password::BYTES_MAX)]
    TooLong,
    /// It is what everybody would try first.
    #[error("is what others would try first; choose another")]
    Obvious,
}

impl Password {
    /// The shortest new password, in characters (NIST SP 800-63B, section 5.1.1.2).
    pub(crate) const CHARS_MIN: usize = 8;

    /// The longest password, in bytes: phrases are welcome, and hashing stays cheap beside argon2's
    /// own work.
    pub(crate) const BYTES_MAX: usize = 1024;

    /// Takes what somebody typed to log in, be it a good password or not.
    ///
    /// # Errors
    /// The text is too long to be anybody's password.
    pub(crate) fn typed(text: String) -> Result<Self, PasswordError> {
        if text.len() > Self::BYTES_MAX {
            return Err(PasswordError::TooLong);
        }
        Ok(Self(text))
    }

    /// Takes what somebody chose to sign up with. Which kinds of characters it has is nobody's
    /// business (NIST SP 800-63B, section 5.1.1.2).
    ///
    /// # Errors
    /// Says why another has to be chosen.
    pub(crate) fn chosen(
        text: String,
        email: &Email,
        nickname: &str,
    ) -> Result<Self, PasswordError> {
        let password = Self::typed(text)?;
        if password.0.chars().count() < Self::CHARS_MIN {
            return Err(PasswordError::TooShort);
        }
        if password.is_obvious(email, nickname) {
            return Err(PasswordError::Obvious);
        }
        Ok(password)
    }

    fn is_obvious(&self, email: &Email, nickname: &str) -> bool {
        let lower = self.0.to_lowercase();
        let key = email.key();
        let name = key.split('@').next().unwrap_or_default();
        let mut characters = lower.chars();
        let first = characters.next();
        common::COMMON.binary_search(&lower.as_str()).is_ok()
            || lower == key
            || lower == name
            || lower == nickname.to_lowercase()
            || characters.all(|character| Some(character) == first)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str) -> Result<Password, PasswordError> {
        let email = Email::parse("Ada.Lovelace@example.org").expect("an address");
        Password::chosen(text.into(), &email, "The Countess")
    }

    #[test]
    fn any_kind_of_characters_makes_a_password() {
        for good in [
            "correct horse battery staple",
            "가나다라마바사아",
            "12345679",
            "  spaces  ",
        ] {
            assert!(chosen(good).is_ok(), "{good}");
        }
        assert!(chosen(&"long phrase ".repeat(20)).is_ok());
    }

    #[test]
    fn short_long_and_obvious_ones_are_refused() {
        assert_eq!(chosen("1234567"), Err(PasswordError::TooShort));
        assert_eq!(chosen("가나다라마바사"), Err(PasswordError::TooShort));
        assert_eq!(chosen(&"x1".repeat(513)), Err(PasswordError::TooLong));
        for obvious in [
            "ada.lovelace@EXAMPLE.org",
            "Ada.Lovelace",
            "the countess",
            "aaaaaaaa",
            "Password1",
            "1q2w3e4r",
            "AaaaAaaaA",
        ] {
            assert_eq!(chosen(obvious), Err(PasswordError::Obvious), "{obvious}");
        }
    }

    #[test]
    fn a_password_is_not_printed() {
        let password = Password::typed("hunter2".into()).expect("short");
        assert_eq!(format!("{password:?}"), "Password([redacted])");
    }
}
