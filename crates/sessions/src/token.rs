//! The refresh token, and what of it may be kept.

use std::fmt;

use aws_lc_rs::{constant_time, digest, hmac};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chat::UserId;
use uuid::Uuid;

use crate::SessionId;
use crate::random::random;

/// How many characters a refresh token has: 80 bytes in base64url (RFC 4648, section 5).
pub const REFRESH_TOKEN_CHARS: usize = 107;

const ID_BYTES: usize = 16;
const MARK_BYTES: usize = 16;
const SECRET_BYTES: usize = 32;
const TOKEN_BYTES: usize = 2 * ID_BYTES + MARK_BYTES + SECRET_BYTES;

/// Renews a session: user, session, the family's mark, and a secret of 256 bits. It fits a cookie's
/// value (RFC 6265, section 4.1.1) as it is.
///
/// Its `Debug` form does not tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(String);

impl RefreshToken {
    /// The text that the client keeps and presents.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

/// A refresh token taken apart. That it could be read says nothing about its being good.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Presented {
    pub(crate) user: UserId,
    pub(crate) session: SessionId,
    /// The same in all tokens of a session, and known to nobody who never had one of them.
    mark: [u8; MARK_BYTES],
    secret: [u8; SECRET_BYTES],
}

impl Presented {
    /// Mints the first token of a session.
    pub(crate) fn first(user: UserId, session: SessionId) -> Self {
        Self {
            user,
            session,
            mark: random(),
            secret: random(),
        }
    }

    /// Reads what a stranger sent; `None` for whatever no server of ours ever wrote.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != REFRESH_TOKEN_CHARS {
            return None;
        }
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (user, rest) = bytes.split_first_chunk()?;
        let (session, rest) = rest.split_first_chunk()?;
        let (mark, rest) = rest.split_first_chunk()?;
        Some(Self {
            user: UserId(Uuid::from_bytes(*user)),
            session: SessionId(Uuid::from_bytes(*session)),
            mark: *mark,
            secret: rest.try_into().ok()?,
        })
    }

    /// Derives the token that replaces this one. The salt makes it unguessable for whoever has
    /// this token alone, the token for whoever has the salt alone.
    pub(crate) fn successor(&self, salt: &Salt) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &salt.0);
        let tag = hmac::sign(&key, &self.secret);
        Self {
            secret: tag
                .as_ref()
                .try_into()
                .expect("HMAC-SHA256 gives as many bytes as a secret has"),
            ..self.clone()
        }
    }

    pub(crate) fn to_token(&self) -> RefreshToken {
        let mut bytes = Vec::with_capacity(TOKEN_BYTES);
        bytes.extend_from_slice(self.user.0.as_bytes());
        bytes.extend_from_slice(self.session.0.as_bytes());
        bytes.extend_from_slice(&self.mark);
        bytes.extend_from_slice(&self.secret);
        RefreshToken(BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    pub(crate) fn mark_digest(&self) -> Digest {
        Digest::of(&self.mark)
    }

    pub(crate) fn secret_digest(&self) -> Digest {
        Digest::of(&self.secret)
    }
}

/// SHA-256 of a part of a token. The parts are random, so that it needs no stretching.
#[derive(Clone, Copy)]
pub(crate) struct Digest(pub(crate) [u8; 32]);

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let digest = digest::digest(&digest::SHA256, bytes);
        Self(digest.as_ref().try_into().expect("SHA-256 gives 32 bytes"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        constant_time::verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

/// What a successor is derived with, drawn anew for each.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Salt(pub(crate) [u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

impl Salt {
    pub(crate) fn random() -> Self {
        Self(random())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn first() -> Presented {
        Presented::first(UserId(Uuid::from_u128(7)), SessionId::random())
    }

    #[test]
    fn a_token_survives_its_text() {
        let token = first();
        let text = token.to_token();
        assert_eq!(text.as_str().len(), REFRESH_TOKEN_CHARS);
        assert!(Presented::parse(text.as_str()) == Some(token));
    }

    #[test]
    fn a_token_has_one_spelling() {
        let text = first().to_token();
        let text = text.as_str();
        assert!(Presented::parse(&format!("{text}=")).is_none());
        assert!(Presented::parse(&format!(" {text}")).is_none());
        // The last character carries four bits that mean nothing and must be zero.
        let spelled = (b'A'..=b'Z')
            .chain(b'a'..=b'z')
            .chain(b'0'..=b'9')
            .chain([b'-', b'_'])
            .map(|last| format!("{}{}", &text[..REFRESH_TOKEN_CHARS - 1], last as char))
            .filter(|text| Presented::parse(text).is_some());
        assert!(spelled.count() <= 16);
    }

    #[test]
    fn a_successor_follows_from_token_and_salt_together() {
        let (token, other) = (first(), first());
        let (salt, pepper) = (Salt([1; 32]), Salt([2; 32]));
        let next = token.successor(&salt);
        assert!(next == token.successor(&salt));
        assert!(next.secret != token.successor(&pepper).secret);
        assert!(next.secret != other.successor(&salt).secret);
        assert!(next.secret != token.secret);
        assert!(next.mark == token.mark && next.session == token.session);
    }

    #[test]
    fn the_debug_form_tells_nothing() {
        assert_eq!(format!("{:?}", first().to_token()), "RefreshToken(…)");
    }

    proptest! {
        #[test]
        fn hostile_text_never_panics(text in ".*", long in "[A-Za-z0-9_-]{100,110}") {
            prop_assert!(Presented::parse(&text).is_none() || text.len() == REFRESH_TOKEN_CHARS);
            if let Some(token) = Presented::parse(&long) {
                let again = token.to_token();
                prop_assert_eq!(again.as_str(), &long);
            }
        }
    }
}
