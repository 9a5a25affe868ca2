//! Makes tokens.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::claims::Payload;
use crate::{Claims, JwkSet, Parties, PublicKey, SigningKey, Subject};

/// The longest that a token may live. A verifier refuses one that claims more.
pub const LIFETIME_MAX: Duration = Duration::from_secs(15 * 60);

/// What stands as `typ` (RFC 9068, section 2.1): no other kind of JWT passes for one of ours.
pub(crate) const TYPE: &str = "at+jwt";

/// Signs tokens with one key, and publishes all keys that count.
#[derive(Clone, Debug)]
pub struct Signer {
    parties: Parties,
    key: SigningKey,
    published: JwkSet,
}

/// A signed token, ready to be given to its holder.
#[derive(Clone, PartialEq, Eq)]
pub struct AccessToken(String);

/// No token could be signed: a fault of the library or of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the token could not be signed")]
pub struct SignError;

impl Signer {
    /// Signs with `key`. `others` are published and accepted beside it: a former key until its last
    /// token has expired, a coming key so that every verifier knows it before it signs.
    pub fn new(
        parties: Parties,
        key: SigningKey,
        others: impl IntoIterator<Item = PublicKey>,
    ) -> Self {
        let current = std::iter::once(key.public().clone());
        let published = JwkSet::new(current.chain(others));
        Self {
            parties,
            key,
            published,
        }
    }

    /// Signs a token that lives for `lifetime`, in whole seconds and at most [`LIFETIME_MAX`].
    /// RSA takes about a millisecond.
    ///
    /// # Errors
    /// Signing failed, which a good key does not.
    pub fn sign(
        &self,
        subject: Subject,
        lifetime: Duration,
        now: OffsetDateTime,
    ) -> Result<(AccessToken, Claims), SignError> {
        let issued_at = now.replace_nanosecond(0).expect("zero is a nanosecond");
        let lifetime_s = lifetime.min(LIFETIME_MAX).as_secs();
        let claims = Claims {
            subject,
            token_id: Uuid::new_v4(),
            issued_at,
            expires_at: issued_at + Duration::from_secs(lifetime_s),
        };
        let header = Header {
            typ: Some(TYPE.into()),
            kid: Some(self.key.public().key_id().to_owned()),
            ..Header::new(Algorithm::RS256)
        };
        let payload = Payload::new(&claims, &self.parties);
        let message = format!("{}.{}", part_of(&header)?, part_of(&payload)?);
        let signature = BASE64URL.encode(self.key.sign(message.as_bytes())?);
        Ok((AccessToken(format!("{message}.{signature}")), claims))
    }

    /// What every verifier of these tokens needs.
    pub fn published(&self) -> &JwkSet {
        &self.published
    }

    /// Who issues the tokens and whom they are for.
    pub fn parties(&self) -> &Parties {
        &self.parties
    }
}

/// A part of a token in the compact form (RFC 7515, section 7.1).
fn part_of(part: &impl Serialize) -> Result<String, SignError> {
    let json = serde_json::to_vec(part).map_err(|_| SignError)?;
    Ok(BASE64URL.encode(json))
}

impl AccessToken {
    /// The token as its holder presents it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken([redacted])")
    }
}
