//! The keys that are published.

use serde::{Deserialize, Serialize};

use crate::public_key::{Jwk, KEY_ID_BYTES_MAX, PublicKey};

/// How large a fetched key set may be, in bytes.
pub const JWKS_BYTES_MAX: usize = 64 * 1024;

/// How many keys of a fetched set are looked at.
pub const JWKS_KEYS_MAX: usize = 16;

/// The public keys whose signatures count: the one that signs now, and those on their way in or out.
#[derive(Clone, Debug, Default)]
pub struct JwkSet {
    keys: Vec<PublicKey>,
}

/// Why a document is not a key set that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwkSetError {
    /// It is larger than [`JWKS_BYTES_MAX`] or holds more than [`JWKS_KEYS_MAX`] keys.
    #[error("the key set has more than {JWKS_BYTES_MAX} bytes or more than {JWKS_KEYS_MAX} keys")]
    TooLarge,
    /// It is not the JSON of a key set.
    #[error("the document is not a JSON Web Key Set")]
    Malformed,
    /// It holds no RSA key for RS256 signatures.
    #[error("the key set holds no RSA key for RS256 signatures")]
    NoKey,
}

impl JwkSet {
    /// Makes a set; a key that is named twice stands in it once.
    pub fn new(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        let mut set = Self::default();
        for key in keys {
            if set.find(key.key_id()).is_none() {
                set.keys.push(key);
            }
        }
        set
    }

    /// Reads a set as its issuer publishes it (RFC 7517, section 5). Keys of another type, use or
    /// algorithm are passed over, as the RFC asks, and so are keys of a size that is not used.
    ///
    /// # Errors
    /// Says what the document is not.
    pub fn parse(json: &[u8]) -> Result<Self, JwkSetError> {
        if json.len() > JWKS_BYTES_MAX {
            return Err(JwkSetError::TooLarge);
        }
        let document: Document<serde_json::Value> =
            serde_json::from_slice(json).map_err(|_| JwkSetError::Malformed)?;
        if document.keys.len() > JWKS_KEYS_MAX {
            return Err(JwkSetError::TooLarge);
        }
        let set = Self::new(document.keys.into_iter().filter_map(usable));
        if set.keys.is_empty() {
            return Err(JwkSetError::NoKey);
        }
        Ok(set)
    }

    /// The set as JSON (`application/jwk-set+json`).
    pub fn to_json(&self) -> String {
        let document = Document {
            keys: self.keys.iter().map(PublicKey::jwk).collect(),
        };
        serde_json::to_string(&document).expect("a key set holds only texts")
    }

    /// The key of that name.
    pub fn find(&self, key_id: &str) -> Option<&PublicKey> {
        self.keys.iter().find(|key| key.key_id() == key_id)
    }

    /// All keys, the one that signs first.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }
}

#[derive(Serialize, Deserialize)]
struct Document<K> {
    keys: Vec<K>,
}

/// The key, where it is one for RS256 signatures. A set need not name use and algorithm (RFC 7517,
/// sections 4.2 and 4.4), but what it names must fit.
fn usable(key: serde_json::Value) -> Option<PublicKey> {
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let fits = jwk.kty == "RSA"
        && jwk
            .purpose
            .as_deref()
            .is_none_or(|purpose| purpose == "sig")
        && jwk
            .alg
            .as_deref()
            .is_none_or(|algorithm| algorithm == "RS256")
        && jwk.kid.len() <= KEY_ID_BYTES_MAX;
    if fits {
        PublicKey::from_jwk(jwk).ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;

    #[test]
    fn a_published_set_is_read_again_and_shows_no_private_part() {
        let (key, _) = SigningKey::generate().expect("a key");
        let published = JwkSet::new([key.public().clone(), key.public().clone()]).to_json();
        let json: serde_json::Value = serde_json::from_str(&published).expect("JSON");
        let keys = json["keys"].as_array().expect("an array");
        assert_eq!(keys.len(), 1, "a key stands in a set once");
        let mut members: Vec<_> = keys[0].as_object().expect("an object").keys().collect();
        members.sort();
        assert_eq!(members, ["alg", "e", "kid", "kty", "n", "use"]);
        assert_eq!(keys[0]["e"], "AQAB");

        let read = JwkSet::parse(published.as_bytes()).expect("a set");
        assert!(read.find(key.public().key_id()).is_some());
    }

    #[test]
    fn keys_of_other_kinds_are_passed_over() {
        let (key, _) = SigningKey::generate().expect("a key");
        let mut jwk = serde_json::to_value(key.public().jwk()).expect("JSON");
        let set = |keys: &[serde_json::Value]| {
            JwkSet::parse(serde_json::json!({ "keys": keys }).to_string().as_bytes())
        };
        let symmetric = serde_json::json!({"kty": "oct", "kid": "s", "k": "AAAA", "alg": "HS256"});
        let read = set(&[symmetric.clone(), jwk.clone()]).expect("one good key");
        assert_eq!(read.keys().len(), 1);

        assert_eq!(set(&[symmetric]).err(), Some(JwkSetError::NoKey));
        for (member, value) in [
            ("alg", "RS512".to_owned()),
            ("use", "enc".to_owned()),
            ("kid", "k".repeat(KEY_ID_BYTES_MAX + 1)),
            ("n", "AQAB".to_owned()),
        ] {
            let good = std::mem::replace(&mut jwk[member], value.into());
            assert_eq!(
                set(&[jwk.clone()]).err(),
                Some(JwkSetError::NoKey),
                "{member}"
            );
            jwk[member] = good;
        }
    }

    #[test]
    fn a_document_of_any_size_costs_a_bounded_amount_of_work() {
        let long = vec![b' '; JWKS_BYTES_MAX + 1];
        assert_eq!(JwkSet::parse(&long).err(), Some(JwkSetError::TooLarge));
        let many = format!("{{\"keys\":[{}0]}}", "0,".repeat(JWKS_KEYS_MAX));
        assert_eq!(
            JwkSet::parse(many.as_bytes()).err(),
            Some(JwkSetError::TooLarge)
        );
        assert_eq!(JwkSet::parse(b"[]").err(), Some(JwkSetError::Malformed));
    }
}
