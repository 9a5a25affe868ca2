//! Tokens that were found good lately.
//!
//! Whoever reads page after page brings the same token each time, and its signature does not change.
//! Only what a [`Verifier`](crate::Verifier) found good is here; what depends on the clock is asked
//! again each time, and a verifier of other keys has tokens of its own. Whether a token was revoked is
//! not a question of its signature, and is nowhere remembered.

use std::collections::HashMap;
use std::fmt;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::Claims;
use crate::claims::Times;

/// The most tokens that a verifier remembers; each is less than 300 bytes.
pub const VERIFIED_TOKENS_MAX: usize = 1024;

/// What a token is known by: the token itself, which opens doors, is not kept.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct TokenHash([u8; SHA256_OUTPUT_LEN]);

/// A good token.
#[derive(Clone)]
pub(crate) struct Known {
    /// What it says.
    pub(crate) claims: Claims,
    /// Within which times it is good.
    pub(crate) times: Times,
}

/// The tokens, in two halves: those asked for since the halves were turned last, and those asked
/// for before. A full first half becomes the second, and what nobody asked for meanwhile is gone.
#[derive(Default)]
pub(crate) struct Verified(Mutex<Halves>);

#[derive(Default)]
struct Halves {
    recent: HashMap<TokenHash, Known>,
    earlier: HashMap<TokenHash, Known>,
}

impl TokenHash {
    pub(crate) fn of(token: &str) -> Self {
        let mut hash = [0; SHA256_OUTPUT_LEN];
        hash.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
        Self(hash)
    }
}

impl Verified {
    /// The token of this hash, where it is remembered.
    pub(crate) fn find(&self, hash: TokenHash) -> Option<Known> {
        let mut halves = self.lock();
        if let Some(known) = halves.recent.get(&hash) {
            return Some(known.clone());
        }
        let known = halves.earlier.remove(&hash)?;
        halves.note(hash, known.clone());
        Some(known)
    }

    /// Remembers a token that was found good.
    pub(crate) fn note(&self, hash: TokenHash, known: Known) {
        self.lock().note(hash, known);
    }

    fn lock(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Halves {
    fn note(&mut self, hash: TokenHash, known: Known) {
        if self.recent.len() >= VERIFIED_TOKENS_MAX / 2 {
            self.earlier = mem::take(&mut self.recent);
        }
        self.recent.insert(hash, known);
    }

    fn len(&self) -> usize {
        self.recent.len() + self.earlier.len()
    }
}

/// Says how many, and nothing about whose.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verified").field(&self.lock().len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use chat::{Nickname, UserId};
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::{Holder, Subject};

    fn known() -> Known {
        let now = OffsetDateTime::UNIX_EPOCH;
        Known {
            claims: Claims {
                subject: Subject {
                    user: UserId(Uuid::nil()),
                    nickname: Nickname::guest(),
                    holder: Holder::Guest,
                },
                token_id: Uuid::nil(),
                issued_at: now,
                expires_at: now,
            },
            times: Times {
                iat: 0,
                nbf: None,
                exp: 0,
            },
        }
    }

    #[test]
    fn strangers_cannot_make_it_grow_nor_drive_out_who_comes_again() {
        let verified = Verified::default();
        let regular = TokenHash::of("regular");
        verified.note(regular, known());
        for stranger in 0..10 * VERIFIED_TOKENS_MAX {
            verified.note(TokenHash::of(&stranger.to_string()), known());
            assert!(verified.lock().len() <= VERIFIED_TOKENS_MAX);
            if stranger % (VERIFIED_TOKENS_MAX / 4) == 0 {
                assert!(verified.find(regular).is_some(), "after {stranger}");
            }
        }
        assert!(verified.find(TokenHash::of("0")).is_none());
    }
}
