//! What the environment says about the tokens that whoever verifies them accepts.

use chat::AuthMode;
use settings::Settings;

use crate::{JwkSet, Parties, PublicKey, Verifier};

/// Whom tokens are for where `JWT_AUDIENCE` says nothing.
const AUDIENCE_DEFAULT: &str = "maru";

/// Reads `JWT_ISSUER`, `JWT_AUDIENCE` and `JWT_PUBLIC_KEYS` (PEM, one key or several, or their
/// file's path). Only where tokens are optional may all be absent: then no token is good.
pub fn read_verifier(settings: &mut Settings<'_>, mode: AuthMode) -> Verifier {
    let issuer = settings.text("JWT_ISSUER");
    let audience = settings.text("JWT_AUDIENCE");
    let pems = settings.pem("JWT_PUBLIC_KEYS");
    let is_wanted = mode == AuthMode::Required || issuer.is_some() || pems.is_some();
    if is_wanted && issuer.is_none() {
        settings.fault(
            "JWT_ISSUER",
            "is not set; set it to the address of the auth function, as its tokens name it",
        );
    }
    // What is there and cannot be read has been noted already.
    if is_wanted && settings.text("JWT_PUBLIC_KEYS").is_none() {
        settings.fault(
            "JWT_PUBLIC_KEYS",
            "is not set; set it to the auth function's public keys in PEM, or their file's path",
        );
    }
    let keys = pems.map(|pems| PublicKey::all_from_pem(&pems)).transpose();
    let keys = keys.unwrap_or_else(|error| {
        settings.fault("JWT_PUBLIC_KEYS", error.to_string());
        None
    });
    if keys.as_ref().is_some_and(Vec::is_empty) {
        settings.fault("JWT_PUBLIC_KEYS", "holds no public key in PEM");
    }
    let parties = Parties {
        issuer: issuer.unwrap_or_default(),
        audience: audience.unwrap_or_else(|| AUDIENCE_DEFAULT.to_owned()),
    };
    Verifier::new(&parties, JwkSet::new(keys.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(mode: AuthMode, table: &[(&str, &str)]) -> Vec<String> {
        let mut settings = Settings::new(|asked| {
            let found = table.iter().find(|(name, _)| *name == asked);
            found.map(|(_, value)| (*value).into())
        });
        read_verifier(&mut settings, mode);
        match settings.finish() {
            Ok(()) => Vec::new(),
            Err(faults) => faults.0.into_iter().map(|fault| fault.name).collect(),
        }
    }

    #[test]
    fn where_tokens_are_required_their_issuer_and_keys_are_too() {
        assert_eq!(
            faults(AuthMode::Required, &[]),
            ["JWT_ISSUER", "JWT_PUBLIC_KEYS"]
        );
        assert_eq!(faults(AuthMode::Optional, &[]), [""; 0]);
    }

    #[test]
    fn half_a_configuration_is_a_fault_in_either_mode() {
        let issuer = ("JWT_ISSUER", "https://api.example.org");
        assert_eq!(faults(AuthMode::Optional, &[issuer]), ["JWT_PUBLIC_KEYS"]);
        let keys = ("JWT_PUBLIC_KEYS", "-----BEGIN nonsense");
        assert_eq!(
            faults(AuthMode::Optional, &[issuer, keys]),
            ["JWT_PUBLIC_KEYS"]
        );
    }
}
