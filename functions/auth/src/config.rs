//! What the environment says: the only reader of it in this crate.

use std::env;
use std::time::Duration;

use access_token::{KeyError, LIFETIME_MAX, Parties, PublicKey, Signer, SigningKey};
use request_source::{Origins, ProxyHops};
use settings::{Faults, Logs, Settings};

use crate::Tokens;

/// The configuration of the function as a Lambda.
#[derive(Debug)]
pub struct Config {
    /// `DATABASE_URL`.
    pub database_url: String,
    /// `SESSIONS_TABLE`.
    pub sessions_table: String,
    /// `JWT_ISSUER`, `JWT_AUDIENCE`, `JWT_PRIVATE_KEY`, `JWT_OTHER_KEYS`, `JWT_LIFETIME_SECONDS`.
    pub tokens: Tokens,
    /// `CORS_ALLOWED_ORIGINS`.
    pub origins: Origins,
    /// `TRUSTED_PROXY_HOPS`.
    pub proxy_hops: ProxyHops,
    /// `RUST_LOG` and `LOG_FORMAT`.
    pub logs: Logs,
}

/// What the environment says about tokens; what is absent is for whoever reads it to choose.
#[derive(Debug)]
pub struct TokenSettings {
    /// `JWT_ISSUER`.
    pub issuer: Option<String>,
    /// `JWT_AUDIENCE`.
    pub audience: String,
    /// `JWT_PRIVATE_KEY`: PEM or a file's path.
    pub key: Option<SigningKey>,
    /// `JWT_OTHER_KEYS`: PEMs or a file's path; the keys that are published and accepted beside the
    /// one that signs, while one takes over from the other.
    pub others: Vec<PublicKey>,
    /// `JWT_LIFETIME_SECONDS`.
    pub lifetime: Duration,
}

/// Whom tokens are for where `JWT_AUDIENCE` says nothing.
const AUDIENCE_DEFAULT: &str = "maru";

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_env() -> Result<Self, Faults> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a config.rs reads the environment"
        )]
        Self::read(Settings::new(|name| env::var_os(name)))
    }

    fn read(mut settings: Settings<'_>) -> Result<Self, Faults> {
        let database_url = settings.required_text(
            "DATABASE_URL",
            "the address of Postgres, such as postgres://user:password@host:5432/chat",
        );
        let sessions_table =
            settings.required_text("SESSIONS_TABLE", "the name of the table in DynamoDB");
        let token_settings = TokenSettings::read(&mut settings);
        for (name, expected, is_absent) in [
            (
                "JWT_ISSUER",
                "the address under which this function is reached, such as https://api.example.org",
                token_settings.issuer.is_none(),
            ),
            (
                "JWT_PRIVATE_KEY",
                "an RSA key in PEM or its file's path; `openssl genrsa 2048` makes one",
                token_settings.key.is_none(),
            ),
        ] {
            // What is there and wrong has been noted already.
            if is_absent && settings.text(name).is_none() {
                settings.fault(name, format!("is not set; set it to {expected}"));
            }
        }
        let origins = Origins::read(&mut settings);
        let proxy_hops = ProxyHops::read(&mut settings);
        let logs = Logs::read(&mut settings);
        settings.finish()?;
        let (Some(issuer), Some(key)) = (token_settings.issuer.clone(), token_settings.key.clone())
        else {
            unreachable!("their absence is a fault");
        };
        Ok(Self {
            database_url: database_url.unwrap_or_default(),
            sessions_table: sessions_table.unwrap_or_default(),
            tokens: token_settings.into_tokens(issuer, key),
            origins,
            proxy_hops,
            logs,
        })
    }
}

impl TokenSettings {
    /// Reads the variables that begin with `JWT_`.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let issuer = settings.text("JWT_ISSUER").filter(|issuer| {
            let is_good = is_issuer(issuer);
            if !is_good {
                settings.fault(
                    "JWT_ISSUER",
                    format!("{issuer:?} is not an address such as https://api.example.org, without a final slash"),
                );
            }
            is_good
        });
        let audience = settings
            .text("JWT_AUDIENCE")
            .unwrap_or_else(|| AUDIENCE_DEFAULT.into());
        let key = read_keys(settings, "JWT_PRIVATE_KEY", SigningKey::from_pem);
        let others = read_keys(settings, "JWT_OTHER_KEYS", PublicKey::all_from_pem);
        let lifetime_max_s = LIFETIME_MAX.as_secs();
        let lifetime_s = settings
            .parsed("JWT_LIFETIME_SECONDS", "a number of seconds from 1 to 900")
            .unwrap_or(lifetime_max_s);
        if !(1..=lifetime_max_s).contains(&lifetime_s) {
            settings.fault(
                "JWT_LIFETIME_SECONDS",
                format!("{lifetime_s} is not a number of seconds from 1 to {lifetime_max_s}"),
            );
        }
        Self {
            issuer,
            audience,
            key,
            others: others.unwrap_or_default(),
            lifetime: Duration::from_secs(lifetime_s),
        }
    }

    /// Signs by what was read, as this issuer, with this key.
    pub fn into_tokens(self, issuer: String, key: SigningKey) -> Tokens {
        let parties = Parties {
            issuer,
            audience: self.audience,
        };
        Tokens::new(Signer::new(parties, key, self.others), self.lifetime)
    }
}

fn is_issuer(text: &str) -> bool {
    let address = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    address.is_some_and(|rest| {
        !rest.is_empty()
            && !rest.ends_with('/')
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && !b"?#\"\\".contains(&byte))
    })
}

/// Reads keys that the variable holds or whose file it names. Neither is ever quoted in a fault.
fn read_keys<T>(
    settings: &mut Settings<'_>,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, KeyError>,
) -> Option<T> {
    let pem = settings.pem(name)?;
    parse(&pem)
        .map_err(|error| settings.fault(name, error.to_string()))
        .ok()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::fs;

    use super::*;

    fn good(name: &str, pem: &str) -> Option<OsString> {
        match name {
            "DATABASE_URL" => Some("postgres://localhost/chat".into()),
            "SESSIONS_TABLE" => Some("sessions".into()),
            "JWT_ISSUER" => Some("https://api.example.org".into()),
            "JWT_PRIVATE_KEY" => Some(pem.into()),
            _ => None,
        }
    }

    #[test]
    fn every_fault_is_told_at_once_and_no_secret_with_it() {
        let settings = Settings::new(|name| match name {
            "JWT_ISSUER" => Some("https://api.example.org/".into()),
            "JWT_PRIVATE_KEY" => Some("-----BEGIN hunter2".into()),
            "JWT_OTHER_KEYS" => Some("/no/such/file".into()),
            "JWT_LIFETIME_SECONDS" => Some("901".into()),
            "CORS_ALLOWED_ORIGINS" => Some("*".into()),
            "TRUSTED_PROXY_HOPS" => Some("all".into()),
            _ => None,
        });
        let faults = Config::read(settings).expect_err("eight faults");
        let names: Vec<_> = faults.0.iter().map(|fault| fault.name.as_str()).collect();
        assert_eq!(
            names,
            [
                "DATABASE_URL",
                "SESSIONS_TABLE",
                "JWT_ISSUER",
                "JWT_PRIVATE_KEY",
                "JWT_OTHER_KEYS",
                "JWT_LIFETIME_SECONDS",
                "CORS_ALLOWED_ORIGINS",
                "TRUSTED_PROXY_HOPS",
            ]
        );
        assert!(!faults.to_string().contains("hunter2"));
    }

    #[test]
    fn a_key_may_stand_in_the_variable_or_in_a_file() {
        let (key, pem) = SigningKey::generate().expect("a key");
        let file = env::temp_dir().join(format!("{}.pem", key.public().key_id()));
        fs::write(&file, pem.as_str()).expect("written");
        let one_line = pem.as_str().replace('\n', "\\n");
        for value in [pem.as_str(), &one_line, file.to_str().expect("UTF-8")] {
            let config = Config::read(Settings::new(|name| good(name, value))).expect("no fault");
            let published = config.tokens.signer().published();
            assert_eq!(published.keys()[0].key_id(), key.public().key_id());
        }
        fs::remove_file(file).expect("removed");
    }

    #[test]
    fn a_key_that_is_absent_is_a_fault() {
        let settings = Settings::new(|name| good(name, ""));
        let faults = Config::read(settings).expect_err("one fault").0;
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].name, "JWT_PRIVATE_KEY");
    }
}
