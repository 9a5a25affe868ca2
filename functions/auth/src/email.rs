//! The e-mail address that names an account.

use std::fmt;

/// An e-mail address: ASCII, one `@`, at most [`Email::BYTES_MAX`] bytes.
///
/// Two that differ in upper and lower case name the same account. Letters beyond ASCII are refused:
/// some of them turn into others when the case is changed, and one address could pass for another.
/// Its `Debug` form does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

/// Why a text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// It is longer than [`Email::BYTES_MAX`].
    #[error("has more than {max} characters", max = Email::BYTES_MAX)]
    TooLong,
    /// It has not the form `name@domain`.
    #[error("is not an e-mail address such as ada@example.org")]
    Form,
}

impl Email {
    /// The longest address, in bytes (RFC 5321, section 4.5.3.1.3, without the brackets).
    pub const BYTES_MAX: usize = 254;

    /// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
    const NAME_BYTES_MAX: usize = 64;

    /// Parses what somebody typed; space around it is dropped.
    ///
    /// # Errors
    /// Says which rule the text breaks. Whether mail arrives there is not known.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.len() > Self::BYTES_MAX {
            return Err(EmailError::TooLong);
        }
        match text.split_once('@') {
            Some((name, domain)) if is_name(name) && is_domain(domain) => Ok(Self(text.to_owned())),
            _ => Err(EmailError::Form),
        }
    }

    /// The address as it was typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The one spelling under which the account is found.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

fn is_name(text: &str) -> bool {
    (1..=Email::NAME_BYTES_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"(),:;<>[\\]".contains(&byte))
}

/// Labels of letters, digits and inner hyphens, between dots (RFC 1123, section 2.1).
fn is_domain(text: &str) -> bool {
    text.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_as_typed_and_found_in_any_case() {
        let email = Email::parse(" Ada.Lovelace+chat@Example.ORG ").expect("an address");
        assert_eq!(email.as_str(), "Ada.Lovelace+chat@Example.ORG");
        assert_eq!(email.key(), "ada.lovelace+chat@example.org");
        assert!(Email::parse("root@localhost").is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for wrong in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.org",
            "a@b@c",
            "a b@c.d",
            "a@b c",
            "a@b..c",
            "a@.b",
            "a@b.",
            "a@-b",
            "a@b-",
            "a\0@b",
            "a@b\n.c",
            "<a@b>",
            "a@마루.kr",
            "\u{212a}@b.c",
        ] {
            assert_eq!(Email::parse(wrong), Err(EmailError::Form), "{wrong:?}");
        }
        let long = format!("{}@{}.org", "a".repeat(64), "b.".repeat(95));
        assert_eq!(Email::parse(&long), Err(EmailError::TooLong));
        assert_eq!(
            Email::parse(&format!("{}@example.org", "a".repeat(65))),
            Err(EmailError::Form)
        );
    }

    #[test]
    fn an_address_is_not_printed() {
        let email = Email::parse("ada@example.org").expect("an address");
        assert_eq!(format!("{email:?}"), "Email([redacted])");
    }
}
