//! What the environment says about the secret between the instances.

use settings::{Profile, Settings};

use crate::redis::MacKey;

/// Reads `FANOUT_SECRET`, under which instances sign what they tell each other through Redis. In
/// production it has to be there where there is a Redis.
pub fn read_mac_key(
    settings: &mut Settings<'_>,
    profile: Profile,
    has_redis: bool,
) -> Option<MacKey> {
    const NAME: &str = "FANOUT_SECRET";
    let Some(secret) = settings.text(NAME) else {
        if profile.is_production() && has_redis {
            settings.fault(
                NAME,
                "is not set, and without it whoever reaches Redis can speak in any room; set it \
                 to the same 32 or more random bytes on every instance",
            );
        }
        return None;
    };
    match MacKey::new(secret.as_bytes()) {
        Ok(key) => Some(key),
        Err(error) => {
            settings.fault(NAME, error.to_string());
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(secret: &'static str, profile: Profile, has_redis: bool) -> Result<bool, String> {
        let mut settings = Settings::new(|_| Some(secret.into()));
        let key = read_mac_key(&mut settings, profile, has_redis);
        let read = settings.finish().map(|()| key.is_some());
        read.map_err(|faults| faults.to_string())
    }

    #[test]
    fn production_insists_on_a_secret_where_there_is_a_redis() {
        assert_eq!(read("", Profile::Development, true), Ok(false));
        assert_eq!(read("", Profile::Production, false), Ok(false));
        let fault = read("", Profile::Production, true).expect_err("a fault");
        assert!(fault.starts_with("FANOUT_SECRET: is not set"), "{fault}");
    }

    #[test]
    fn a_secret_that_is_none_is_refused_and_not_quoted() {
        let good = "0123456789abcdef0123456789abcdef";
        assert_eq!(read(good, Profile::Production, true), Ok(true));
        let fault = read("hunter2", Profile::Development, true).expect_err("a fault");
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}
