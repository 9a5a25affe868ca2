//! A key that tokens are signed with.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};

use crate::{KeyError, PublicKey};

/// An RSA key pair of 2048 to 8192 bits.
#[derive(Clone)]
pub struct SigningKey {
    encoding: EncodingKey,
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
        let pem = pem::encode_config(
            &pem::Pem::new("PRIVATE KEY", der.as_ref()),
            pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF),
        );
        Ok((Self::from_pem(&pem)?, PrivateKeyPem(pem)))
    }

    /// Reads a private key in PEM: PKCS #8 (`PRIVATE KEY`) or PKCS #1 (`RSA PRIVATE KEY`).
    ///
    /// # Errors
    /// Says what the key is not; never quotes it.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let encoding = EncodingKey::from_rsa_pem(pem.as_bytes()).map_err(|_| KeyError::NotRsa)?;
        if KeyPair::from_der(encoding.as_bytes()).is_err() {
            return Err(KeyError::NotRsa);
        }
        let jwk = Jwk::from_encoding_key(&encoding, Algorithm::RS256);
        let public = PublicKey::from_library(&jwk.map_err(|_| KeyError::NotRsa)?)?;
        Ok(Self { encoding, public })
    }

    /// The half that may be published.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    pub(crate) fn encoding(&self) -> &EncodingKey {
        &self.encoding
    }
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
