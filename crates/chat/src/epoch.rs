//! Which history of the database a room's numbers belong to.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

/// Names one history of the database: another one where it was restored, or where a replica took
/// over. The same numbers of a room may then mean other changes.
///
/// To clients it is an opaque text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ToSchema)]
#[schema(value_type = String, example = "5f0c1d7a9b3e2468")]
pub struct Epoch(u64);

impl Epoch {
    /// The epoch that a client names. A text of another form is one that no database has.
    pub fn named(text: &str) -> Self {
        let is_form = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = is_form.then(|| u64::from_str_radix(text, 16).ok());
        Self(number.flatten().unwrap_or_default())
    }

    /// The epoch of a database, by a hash of what its history is known by.
    pub fn of_hash(hash: i64) -> Self {
        // Nothing stands for a text of another form.
        Self(hash.cast_unsigned().max(1))
    }
}

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for Epoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Epoch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::named(&String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_known_again_and_nothing_else_is() {
        for hash in [1, -1, 0, i64::MIN, 0x5f0c_1d7a_9b3e_2468] {
            let epoch = Epoch::of_hash(hash);
            assert_eq!(Epoch::named(&epoch.to_string()), epoch);
            for other in [
                "",
                "+f0c1d7a9b3e2468",
                "5f0c1d7a9b3e24680",
                "of another time",
            ] {
                assert_ne!(Epoch::named(other), epoch);
            }
        }
    }
}
