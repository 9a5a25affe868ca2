//! One session as it is kept.

use chat::UserId;

use crate::family::Family;
use crate::micros::Micros;
use crate::token::{Presented, RefreshToken};
use crate::{ClientInfo, SESSION_IDLE_MAX, SESSION_LIFETIME, SessionId, SessionInfo};

/// A session of a user, who is not repeated in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) id: SessionId,
    pub(crate) created_at: Micros,
    pub(crate) last_used_at: Micros,
    /// In whole seconds, so that a store that counts in seconds agrees on the moment.
    pub(crate) expires_at: Micros,
    pub(crate) client: ClientInfo,
    pub(crate) family: Family,
}

impl Record {
    pub(crate) fn begin(user: UserId, client: ClientInfo, now: Micros) -> (Self, RefreshToken) {
        let id = SessionId::random();
        let first = Presented::first(user, id);
        let record = Self {
            id,
            created_at: now,
            last_used_at: now,
            expires_at: Micros::from_seconds(now.plus(SESSION_LIFETIME).seconds_down()),
            client,
            family: Family::of(&first),
        };
        (record, first.to_token())
    }

    pub(crate) fn lives(&self, now: Micros) -> bool {
        now < self.ends_at()
    }

    /// When it ends unless it is used before: at last at [`expires_at`](Self::expires_at).
    pub(crate) fn ends_at(&self) -> Micros {
        self.expires_at
            .min(self.last_used_at.plus(SESSION_IDLE_MAX))
    }

    pub(crate) fn info(&self, user: UserId) -> SessionInfo {
        SessionInfo {
            id: self.id,
            user,
            created_at: self.created_at.into(),
            last_used_at: self.last_used_at.into(),
            expires_at: self.expires_at.into(),
            user_agent: self.client.user_agent.clone(),
            address: self.client.address,
        }
    }
}
