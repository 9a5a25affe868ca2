//! Access tokens: who signs them, what they say, and how they are checked.
//!
//! A [`Signer`] writes the [`Claims`] of somebody who has shown who he is into a JWT (RFC 7519) that
//! lives at most [`LIFETIME_MAX`]; a [`Verifier`] reads them back, with nothing but the public keys
//! of a [`JwkSet`]. Algorithm (RS256), type (`at+jwt`), issuer and audience are fixed: a token never
//! chooses how it is checked. The crate does no IO of its own and reads no clock.

mod claims;
pub mod config;
mod jwks;
mod parties;
mod public_key;
mod signer;
mod signing_key;
mod verified;
mod verifier;

pub use claims::{Claims, Holder, Role, Subject};
pub use jwks::{JWKS_BYTES_MAX, JWKS_KEYS_MAX, JwkSet, JwkSetError};
pub use parties::Parties;
pub use public_key::{KEY_ID_BYTES_MAX, KeyError, PublicKey};
pub use signer::{AccessToken, LIFETIME_MAX, SignError, Signer};
pub use signing_key::{PrivateKeyPem, SigningKey};
pub use verified::VERIFIED_TOKENS_MAX;
pub use verifier::{CLOCK_SKEW_MAX, Flaw, TOKEN_BYTES_MAX, Verifier, VerifyError};
