//! A key that signatures are checked with.

use std::fmt;

use aws_lc_rs::rsa::{PublicEncryptingKey, PublicKeyComponents};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk as LibraryJwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use serde::{Deserialize, Serialize};

/// The longest `kid` that is taken from a key set, in bytes. Ours have 43.
pub const KEY_ID_BYTES_MAX: usize = 128;

/// The public half of an RSA key of 2048 to 8192 bits, under its name.
#[derive(Clone)]
pub struct PublicKey {
    jwk: Jwk,
    decoding: DecodingKey,
}

/// Why a text is not a key that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The text is no PEM, or not of such a key.
    #[error(
        "is not the PEM of an RSA key; `openssl genrsa 2048` makes one, and it may not be encrypted"
    )]
    NotRsa,
    /// The key's modulus is shorter than 2048 bits or longer than 8192, or has no good exponent.
    #[error("is an RSA key of a size that is not used; take 2048 to 8192 bits")]
    Size,
    /// No key could be made.
    #[error("could not be made: the system has no randomness to give")]
    NoRandomness,
}

/// A key as a set publishes it (RFC 7517, section 4; RFC 7518, section 6.3.1).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Jwk {
    pub(crate) kty: String,
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub(crate) purpose: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alg: Option<String>,
    pub(crate) kid: String,
    n: String,
    e: String,
}

impl PublicKey {
    /// Reads one PEM: a public key, or a private one, of which it takes the public half.
    ///
    /// # Errors
    /// Says what the key is not.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        Self::all_from_pem(pem)?.pop().ok_or(KeyError::NotRsa)
    }

    /// Reads any number of PEMs that stand one after the other.
    ///
    /// # Errors
    /// Says what one of them is not.
    pub fn all_from_pem(pems: &str) -> Result<Vec<Self>, KeyError> {
        let blocks = pem::parse_many(pems).map_err(|_| KeyError::NotRsa)?;
        blocks.iter().map(Self::from_block).collect()
    }

    /// Its name: the thumbprint of the key (RFC 7638), in keys of ours.
    pub fn key_id(&self) -> &str {
        &self.jwk.kid
    }

    fn from_block(block: &pem::Pem) -> Result<Self, KeyError> {
        if block.tag().ends_with("PRIVATE KEY") {
            return crate::SigningKey::from_pem(&pem::encode(block))
                .map(|key| key.public().clone());
        }
        let decoding = DecodingKey::from_rsa_pem(pem::encode(block).as_bytes())
            .map_err(|_| KeyError::NotRsa)?;
        let jwk = LibraryJwk::from_decoding_key(&decoding, Some(Algorithm::RS256));
        Self::from_library(&jwk.map_err(|_| KeyError::NotRsa)?)
    }

    /// Takes a key that was just made or read, and names it by its thumbprint.
    pub(crate) fn from_library(jwk: &LibraryJwk) -> Result<Self, KeyError> {
        let AlgorithmParameters::RSA(rsa) = &jwk.algorithm else {
            return Err(KeyError::NotRsa);
        };
        let kid = jwk.thumbprint(ThumbprintHash::SHA256);
        Self::from_jwk(Jwk {
            kty: "RSA".into(),
            purpose: Some("sig".into()),
            alg: Some("RS256".into()),
            kid: kid.map_err(|_| KeyError::NotRsa)?,
            n: rsa.n.clone(),
            e: rsa.e.clone(),
        })
    }

    /// Takes a key as a set publishes it, under the name that it has there.
    pub(crate) fn from_jwk(jwk: Jwk) -> Result<Self, KeyError> {
        let decoding =
            DecodingKey::from_rsa_components(&jwk.n, &jwk.e).map_err(|_| KeyError::NotRsa)?;
        let DecodingKeyKind::RsaModulusExponent { n, e } = decoding.kind() else {
            return Err(KeyError::NotRsa);
        };
        // A verification would refuse such a key each time; a start that fails says so once.
        let usable: Result<PublicEncryptingKey, _> = PublicKeyComponents { n, e }.try_into();
        usable.map_err(|_| KeyError::Size)?;
        Ok(Self { jwk, decoding })
    }

    pub(crate) fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    pub(crate) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.jwk.kid).finish()
    }
}
