//! What was revoked lately: followed from the store of sessions, looked up without asking it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use access_token::Claims;
use chat::UserId;
use sessions::{REVOCATION_LIFETIME, Revocation, RevocationCursor, SessionId, Sessions};
use time::OffsetDateTime;
use tokio::time::{self as clock, Instant, MissedTickBehavior};

use crate::limits::{REVOCATION_INTERVAL, REVOCATION_STALE};
use crate::residents::Residents;

/// The sessions and users whose tokens are no good though they have not run out.
#[derive(Default)]
pub(crate) struct Revocations(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By user and session; no session stands for the tokens that belong to none.
    revoked: HashMap<(UserId, Option<SessionId>), Revocation>,
    /// When the store was last heard.
    heard: Option<Instant>,
}

/// Whether a good token may be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It may.
    Good,
    /// Its session or all of its user's were ended.
    Revoked,
    /// The store has not been heard for too long to say.
    Unknown,
}

impl Revocations {
    /// Looks a token up.
    pub(crate) fn standing(&self, claims: &Claims, now: Instant) -> Standing {
        let (user, session) = (claims.subject.user, claims.subject.session().map(SessionId));
        let known = self.lock();
        if let Some(revocation) = known.revoked.get(&(user, session))
            && revocation.covers(user, session, claims.issued_at)
        {
            return Standing::Revoked;
        }
        // A guest's token belongs to no session that could be ended.
        let is_fresh = |heard: Instant| now.duration_since(heard) <= REVOCATION_STALE;
        if session.is_none() || known.heard.is_some_and(is_fresh) {
            Standing::Good
        } else {
            Standing::Unknown
        }
    }

    fn note(&self, revocations: &[Revocation], heard: Instant, now: OffsetDateTime) {
        let mut known = self.lock();
        known.heard = Some(heard);
        for revocation in revocations {
            let key = (revocation.user, revocation.session);
            let latest = known.revoked.entry(key).or_insert(*revocation);
            latest.at = revocation.at.max(latest.at);
        }
        // What was revoked longer ago has run out by itself.
        known
            .revoked
            .retain(|_, revocation| now - revocation.at <= REVOCATION_LIFETIME);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the store for ever, and silences the connections of what was revoked.
pub(crate) async fn follow(
    revocations: Arc<Revocations>,
    sessions: Arc<dyn Sessions>,
    residents: Arc<Residents>,
) {
    let mut cursor = RevocationCursor::default();
    let mut ticks = clock::interval(REVOCATION_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let asked = Instant::now();
        #[expect(clippy::disallowed_methods, reason = "the driver of the revocations")]
        let now = OffsetDateTime::now_utc();
        match sessions.revocations_since(&cursor, now).await {
            Ok((new, next)) => {
                revocations.note(&new, asked, now);
                for revocation in &new {
                    residents.silence(revocation);
                }
                cursor = next;
            }
            Err(error) => {
                tracing::warn!(%error, "what was revoked cannot be read");
                // Asking on from the same place brings all of it once the store is back.
            }
        }
    }
}
