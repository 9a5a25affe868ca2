//! Access tokens out of the ordinary: for whoever operates the chat and holds its key.

use std::time::Duration;

use access_token::{Holder, LIFETIME_MAX, Parties, Signer, SigningKey, Subject};
use anyhow::{Context, Result};
use auth::Clock;
use chat::{Nickname, UserId};
use clap::Args;
use uuid::Uuid;

use crate::config::{Config, Purpose};

/// What `maru token issue` can be told.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// The name under which its holder speaks
    #[arg(long)]
    pub nickname: String,
    /// The guest's id; a new one unless told otherwise
    #[arg(long, value_name = "UUID")]
    pub user: Option<Uuid>,
    /// How long it lives
    #[arg(long, value_name = "SECONDS", default_value_t = LIFETIME_MAX.as_secs(),
          value_parser = clap::value_parser!(u64).range(1..=LIFETIME_MAX.as_secs()))]
    pub lifetime_seconds: u64,
}

/// Signs a guest's token with the key and for the audience of the environment.
///
/// # Errors
/// The environment names no key or no issuer, or the name breaks a rule.
pub fn issue(options: &Options) -> Result<String> {
    let (config, _) = Config::from_env(Purpose::Tool)?;
    let issuer = config.tokens.issuer.context("JWT_ISSUER: is not set")?;
    let key = config.tokens.key.context("JWT_PRIVATE_KEY: is not set")?;
    let parties = Parties {
        issuer,
        audience: config.tokens.audience,
    };
    sign(options, parties, key)
}

fn sign(options: &Options, parties: Parties, key: SigningKey) -> Result<String> {
    let subject = Subject {
        user: UserId(options.user.unwrap_or_else(Uuid::new_v4)),
        nickname: Nickname::parse(&options.nickname).context("--nickname")?,
        holder: Holder::Guest,
    };
    let lifetime = Duration::from_secs(options.lifetime_seconds);
    let signer = Signer::new(parties, key, []);
    let (token, _) = signer.sign(subject, lifetime, Clock::system().now())?;
    Ok(token.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use access_token::{JwkSet, Verifier};

    use super::*;

    #[test]
    fn a_token_is_good_for_its_guest_and_its_time() {
        let (key, _) = SigningKey::generate().expect("a key");
        let public = key.public().clone();
        let parties = Parties {
            issuer: "https://chat.example.org".into(),
            audience: "maru".into(),
        };
        let options = Options {
            nickname: "Ada".into(),
            user: Some(Uuid::from_u128(7)),
            lifetime_seconds: 60,
        };
        let token = sign(&options, parties.clone(), key).expect("signed");
        let verifier = Verifier::new(&parties, JwkSet::new([public]));
        let claims = verifier
            .verify(&token, Clock::system().now())
            .expect("good");
        assert!(claims.subject.is_guest());
        assert_eq!(claims.subject.user, UserId(Uuid::from_u128(7)));
        assert_eq!(claims.expires_at - claims.issued_at, time::Duration::MINUTE);
    }
}
