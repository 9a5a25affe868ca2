//! A key that tokens are signed with.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};

use crate::{KeyError, PublicKey, SignError};

/// An RSA key pair of 2048 to 8192 bits.
#[derive(Clone)]
pub struct SigningKey {
    /// Read once: with what it remembers from one signature to the next, it signs in half the time.
    pair: Arc<KeyPair>,
    public: PublicKey,
}

/// The PEM of a private key (PKCS #8, RFC 5958), to be kept where only the server reads it.
pub struct PrivateKeyPem(String);

impl SigningKey {
    /// Makes a new key of 2048 bits, and the text from which [`SigningKey::from_pem`] reads it again.
    ///
    /// # Errors
    /// The system gives no randomness.
    pub fn generate() -> Result<(Self, PrivateKeyPem), KeyError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::NoRandomness)?;
        let der: Pkcs8V1Der<'static> = pair.as_der().map_err(|_| KeyError::NoRandomness)?;
        let pem = encode("PRIVATE KEY", der.as_ref());
        Ok((Self::from_pem(&pem)?, PrivateKeyPem(pem)))
    }

    /// Reads a private key in PEM: PKCS #8 (`PRIVATE KEY`) or PKCS #1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// Says what the key is not; never quotes it.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::NotRsa)?;
        let pair = KeyPair::from_der(encoding.as_bytes()).map_err(|_| KeyError::NotRsa)?;
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256);
        let public = PublicKey::from_library(&jwk.map_err(|_| KeyError::NotRsa)?)?;
        Ok(Self {
            pair: Arc::new(pair),
            public,
        })
    }

    /// The half that may be published.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The PEM of that half (RFC 7468, section 13).
    ///
    /// # Errors
    /// None with a key that was read or made here.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        let public = self.pair.public_key();
        let der: PublicKeyX509Der<'static> = public.as_der().map_err(|_| KeyError::NotRsa)?;
        Ok(encode("PUBLIC KEY", der.as_ref()))
    }

    /// Signs as RS256 does (RSASSA-PKCS1-v1_5 with SHA-256; RFC 7518, section 3.3).
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| SignError)?;
        Ok(signature)
    }
}

fn encode(tag: &str, der: &[u8]) -> String {
    pem::encode_config(
        &pem::Pem::new(tag, der),
        pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
    )
}

impl PrivateKeyPem {
    /// The text, for the one place that keeps it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey")
            .field(&self.public.key_id())
            .finish()
    }
}

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem([redacted])")
    }
}
