//! Checks tokens.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header};
use time::OffsetDateTime;

use crate::claims::{Payload, Times};
use crate::signer::{LIFETIME_MAX, TYPE};
use crate::verified::{Known, TokenHash, Verified};
use crate::{Claims, JwkSet, Parties, PublicKey};

/// The longest token that is looked at, in bytes. Ours have less than 1 500.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// How far ahead of the verifier's clock the signer's may be (`iat`, `nbf`). There is no such grace
/// at the other end: nothing is accepted from `exp` on.
pub const CLOCK_SKEW_MAX: Duration = Duration::from_secs(30);

/// Checks tokens against the published keys.
///
/// Clones share what they remember: at most [`VERIFIED_TOKENS_MAX`](crate::VERIFIED_TOKENS_MAX)
/// tokens that were good, whose signature need not be verified again. Other keys are another
/// verifier, which remembers nothing.
#[derive(Clone, Debug)]
pub struct Verifier {
    keys: JwkSet,
    validation: Validation,
    verified: Arc<Verified>,
}

/// Why a token is not accepted. Never holds a part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It was good once: its holder should bring a new one.
    #[error("the token has expired")]
    Expired,
    /// It is from the future: signer or verifier has a wrong clock.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// It names a key that is not in the set: either it is foreign, or the set has to be fetched again.
    #[error("the token is signed with a key that is not known")]
    UnknownKey,
    /// It is no token of ours.
    #[error("the token is not good: {0}")]
    Invalid(Flaw),
}

/// What makes a token no token of ours, for logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It is longer than [`TOKEN_BYTES_MAX`].
    #[error("it is too long")]
    TooLong,
    /// It has not the form of a JWT, or names an algorithm that no JWT of ours could have.
    #[error("it has not the form of a token")]
    Malformed,
    /// Its algorithm is not RS256.
    #[error("its algorithm is not allowed")]
    Algorithm,
    /// Its type is not `at+jwt`.
    #[error("its type is not that of an access token")]
    Type,
    /// It asks for an extension (`crit`; RFC 7515, section 4.1.11).
    #[error("it demands an extension")]
    Critical,
    /// It names no key.
    #[error("it names no key")]
    NoKey,
    /// The signature is not that of the key.
    #[error("its signature does not match")]
    Signature,
    /// It was issued by somebody else.
    #[error("its issuer is another")]
    Issuer,
    /// It was issued for somebody else.
    #[error("its audience is another")]
    Audience,
    /// A claim is missing, wrong, or contradicts another.
    #[error("its claims are not those of an access token")]
    Claims,
    /// It claims to live longer than [`LIFETIME_MAX`].
    #[error("it would live too long")]
    Lifetime,
}

impl Verifier {
    /// Accepts what one of these keys has signed, between these parties.
    pub fn new(parties: &Parties, keys: JwkSet) -> Self {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[&parties.issuer]);
        validation.set_audience(&[&parties.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would ask the clock of the system; `check_times` asks its caller.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Self {
            keys,
            validation,
            verified: Arc::default(),
        }
    }

    /// Reads a token that whoever presents it did not sign himself.
    ///
    /// The header is believed in nothing but the name of the key: what it says of other keys (`jku`,
    /// `jwk`, `x5u`, `x5c`) is not looked at. Costs one RSA verification the first time, some tens of
    /// microseconds, a hash from then on, and no IO.
    ///
    /// # Errors
    /// Says whether a newer token or a newer key set could help.
    pub fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Claims, VerifyError> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Flaw::TooLong.into());
        }
        let hash = TokenHash::of(token);
        if let Some(known) = self.verified.find(hash) {
            check_times(known.times, now)?;
            return Ok(known.claims);
        }
        let header = decode_header(token).map_err(|_| Flaw::Malformed)?;
        let key = self.key_of(&header)?;
        let payload: Payload = match decode(token, key.decoding(), &self.validation) {
            Ok(decoded) => decoded.claims,
            Err(error) => return Err(flaw_of(error.kind()).into()),
        };
        let times = payload.times();
        check_times(times, now)?;
        let claims = payload.into_claims().ok_or(Flaw::Claims)?;
        let known = Known {
            claims: claims.clone(),
            times,
        };
        self.verified.note(hash, known);
        Ok(claims)
    }

    /// The keys that count.
    pub fn keys(&self) -> &JwkSet {
        &self.keys
    }

    fn key_of(&self, header: &Header) -> Result<&PublicKey, VerifyError> {
        if header.alg != Algorithm::RS256 {
            return Err(Flaw::Algorithm.into());
        }
        if !header.typ.as_deref().is_some_and(is_access_token) {
            return Err(Flaw::Type.into());
        }
        if header.crit.is_some() {
            return Err(Flaw::Critical.into());
        }
        let key_id = header.kid.as_deref().ok_or(Flaw::NoKey)?;
        self.keys.find(key_id).ok_or(VerifyError::UnknownKey)
    }
}

/// A media type compares without case and may leave `application/` out (RFC 7515, section 4.1.9).
fn is_access_token(media_type: &str) -> bool {
    let name = match media_type.split_once('/') {
        Some((tree, name)) if tree.eq_ignore_ascii_case("application") => name,
        _ => media_type,
    };
    name.eq_ignore_ascii_case(TYPE)
}

fn flaw_of(kind: &ErrorKind) -> Flaw {
    match kind {
        ErrorKind::InvalidSignature => Flaw::Signature,
        ErrorKind::InvalidIssuer => Flaw::Issuer,
        ErrorKind::InvalidAudience => Flaw::Audience,
        ErrorKind::InvalidAlgorithm => Flaw::Algorithm,
        ErrorKind::Json(_) | ErrorKind::MissingRequiredClaim(_) => Flaw::Claims,
        _ => Flaw::Malformed,
    }
}

fn check_times(times: Times, now: OffsetDateTime) -> Result<(), VerifyError> {
    let now = now.unix_timestamp();
    let lifetime_max_s = i64::try_from(LIFETIME_MAX.as_secs()).expect("minutes fit");
    let skew_max_s = i64::try_from(CLOCK_SKEW_MAX.as_secs()).expect("seconds fit");

    match times.exp.checked_sub(times.iat) {
        Some(lifetime_s) if (0..=lifetime_max_s).contains(&lifetime_s) => {}
        _ => return Err(Flaw::Lifetime.into()),
    }
    if times.exp <= now {
        return Err(VerifyError::Expired);
    }
    let begins = times.iat.max(times.nbf.unwrap_or(times.iat));
    if begins > now.saturating_add(skew_max_s) {
        return Err(VerifyError::NotYetValid);
    }
    Ok(())
}

impl From<Flaw> for VerifyError {
    fn from(flaw: Flaw) -> Self {
        Self::Invalid(flaw)
    }
}
