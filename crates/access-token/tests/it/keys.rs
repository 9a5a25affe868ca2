//! Which texts are keys.

use access_token::{KeyError, PublicKey, SigningKey};

use crate::forge::{FOREIGN, OWN};

#[test]
fn a_generated_key_is_read_again_from_its_pem() {
    let (key, pem) = &*OWN;
    let again = SigningKey::from_pem(pem).expect("the same key");
    assert_eq!(again.public().key_id(), key.public().key_id());
    assert_eq!(key.public().key_id().len(), 43, "a SHA-256 in base64url");
}

#[test]
fn former_keys_are_read_from_any_number_of_pems_and_lose_their_private_half() {
    let bundle = format!("{}\n{}", OWN.1, FOREIGN.1);
    let keys = PublicKey::all_from_pem(&bundle).expect("two keys");
    let names: Vec<_> = keys.iter().map(PublicKey::key_id).collect();
    assert_eq!(
        names,
        [OWN.0.public().key_id(), FOREIGN.0.public().key_id()]
    );
    assert!(PublicKey::all_from_pem("").expect("none").is_empty());
}

#[test]
fn the_thumbprint_is_that_of_rfc_7638() {
    let key = PublicKey::from_pem(RFC_7638_KEY).expect("a key");
    assert_eq!(key.key_id(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn what_is_no_usable_key_is_named_and_never_quoted() {
    assert_eq!(SigningKey::from_pem("").err(), Some(KeyError::NotRsa));
    assert_eq!(
        SigningKey::from_pem("hunter2").err(),
        Some(KeyError::NotRsa)
    );
    assert_eq!(PublicKey::from_pem("hunter2").err(), Some(KeyError::NotRsa));
    // A public key cannot sign.
    assert_eq!(
        SigningKey::from_pem(RFC_7638_KEY).err(),
        Some(KeyError::NotRsa)
    );
    assert_eq!(PublicKey::from_pem(SHORT_KEY).err(), Some(KeyError::Size));
}

/// The key of RFC 7638, section 3.1, as a SubjectPublicKeyInfo.
const RFC_7638_KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA0vx7agoebGcQSuuPiLJX
ZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS
oc/BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ/2W+5JsGY4Hc5n9yBXArwl93lqt
7/RN5w6Cf0h4QyQ5v+65YGjQR0/FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0
zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt+bFTWhAI4vMQFh6WeZu0f
M4lFd2NcRwr3XPksINHaQ+G/xBniIqbw0Ls1jF44+csFCur+kEgU8awapJzKnqDK
gwIDAQAB
-----END PUBLIC KEY-----
";

/// A key of 1024 bits.
const SHORT_KEY: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC2XLbqI/whtI80+mtif1WyoKeb
SRbgTKQLmV3vGqEv2sfcVvWolubl2NvyPMiAINvpaxqjNbbmtqii589ZLc3fWqtr
ASioLVGctN/tLemBnNL5M6QsPQ8bm+syAjoBqGwlZRcigvQw+QTuLLmj6opqgFKm
GKvXxXXHFkfetAuYOwIDAQAB
-----END PUBLIC KEY-----
";
