//! The language of these tests: an issuer, and somebody who makes tokens that it never issued.

use std::sync::LazyLock;
use std::time::Duration;

use access_token::{Claims, Holder, Parties, Role, Signer, SigningKey, Subject, Verifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chat::{Nickname, UserId};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

/// When the tests take place.
pub(crate) const NOW: OffsetDateTime =
    OffsetDateTime::UNIX_EPOCH.saturating_add(time::Duration::seconds(1_800_000_000));

/// The issuer's key, and the PEM that a thief would need.
pub(crate) static OWN: LazyLock<(SigningKey, String)> = LazyLock::new(new_key);

/// Somebody else's.
pub(crate) static FOREIGN: LazyLock<(SigningKey, String)> = LazyLock::new(new_key);

fn new_key() -> (SigningKey, String) {
    let (key, pem) = SigningKey::generate().expect("a key");
    (key, pem.as_str().to_owned())
}

/// The parties of these tests.
pub(crate) fn parties() -> Parties {
    Parties {
        issuer: "https://chat.example".into(),
        audience: "maru".into(),
    }
}

/// The issuer.
pub(crate) fn signer() -> Signer {
    Signer::new(parties(), OWN.0.clone(), [])
}

/// A verifier that knows the issuer's key.
pub(crate) fn verifier() -> Verifier {
    Verifier::new(&parties(), signer().published().clone())
}

/// Somebody who is logged in.
pub(crate) fn ada() -> Subject {
    Subject {
        user: UserId(Uuid::from_u128(1)),
        nickname: Nickname::parse("Ada 지은").expect("a name"),
        holder: Holder::Account {
            role: Role::Member,
            session: Uuid::from_u128(2),
        },
    }
}

/// A good token of the issuer and what it says.
pub(crate) fn issued() -> (String, Claims) {
    let (token, claims) = signer()
        .sign(ada(), Duration::from_secs(900), NOW)
        .expect("signed");
    (token.as_str().to_owned(), claims)
}

/// The header of a good token.
pub(crate) fn header() -> Header {
    Header {
        typ: Some("at+jwt".into()),
        kid: Some(OWN.0.public().key_id().to_owned()),
        ..Header::new(Algorithm::RS256)
    }
}

/// The payload of a good token, with some members replaced; `null` leaves one out.
pub(crate) fn payload(changes: Value) -> Value {
    let now = NOW.unix_timestamp();
    let mut payload = json!({
        "iss": "https://chat.example", "aud": "maru", "sub": Uuid::from_u128(1), "iat": now,
        "exp": now + 900, "jti": Uuid::from_u128(3), "sid": Uuid::from_u128(2), "nickname": "Ada",
        "role": "member", "guest": false,
    });
    let members = payload.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        if value.is_null() {
            members.remove(name);
        } else {
            members.insert(name.clone(), value.clone());
        }
    }
    payload
}

/// Signs anything with the issuer's own key.
pub(crate) fn signed_by_issuer(header: &Header, payload: &Value) -> String {
    signed(header, payload, &OWN.1)
}

/// Signs anything with any RSA key.
pub(crate) fn signed(header: &Header, payload: &Value, pem: &str) -> String {
    let key = EncodingKey::from_rsa_pem(pem.as_bytes()).expect("a key");
    jsonwebtoken::encode(header, payload, &key).expect("signed")
}

/// The parts of a token.
pub(crate) fn parts(token: &str) -> [String; 3] {
    let parts: Vec<_> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}

/// Writes JSON as a part of a token.
pub(crate) fn part(json: &Value) -> String {
    base64url(json.to_string().as_bytes())
}

/// Writes bytes in base64url without padding (RFC 7515, section 2).
pub(crate) fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
