//! All that is kept of one user, as one value that is read and replaced as a whole.
//!
//! One value makes every rule atomic that looks at more than one session, and costs one read. It
//! stays small: [`SESSIONS_PER_USER_MAX`] sessions of less than 600 bytes.

use std::cmp::Reverse;

use chat::UserId;
use time::OffsetDateTime;

use crate::family::Standing;
use crate::micros::Micros;
use crate::record::Record;
use crate::token::{Presented, Salt};
use crate::{REVOCATION_LIFETIME, RefreshToken, Rotation, SessionId, SessionInfo};

/// How many sessions a user can have at a time.
pub const SESSIONS_PER_USER_MAX: usize = 10;

/// A user's living sessions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Person {
    pub(crate) sessions: Vec<Record>,
    /// When all of it was ended last, for as long as a token from before may be about.
    pub(crate) ended_at: Option<Micros>,
}

/// What a change of a [`Person`] revoked, to be told to every instance.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Ended {
    pub(crate) sessions: Vec<SessionId>,
    /// Whether what was issued without a session is meant too.
    pub(crate) sessionless: bool,
}

impl Ended {
    pub(crate) fn is_nothing(&self) -> bool {
        self.sessions.is_empty() && !self.sessionless
    }

    fn one(session: SessionId) -> Self {
        Self {
            sessions: vec![session],
            sessionless: false,
        }
    }
}

impl Person {
    /// Buries what is past its end. Every store does so with what it reads.
    pub(crate) fn forget_the_dead(&mut self, now: Micros) {
        self.sessions.retain(|record| record.lives(now));
        self.ended_at = self
            .ended_at
            .filter(|at| now < at.plus(REVOCATION_LIFETIME));
    }

    /// The end of the last thing to remember, or `None` where there is nothing.
    pub(crate) fn expires_at(&self) -> Option<Micros> {
        let sessions = self.sessions.iter().map(Record::ends_at);
        let ended = self.ended_at.map(|at| at.plus(REVOCATION_LIFETIME));
        sessions.chain(ended).max()
    }

    /// Takes in a session, and before it ends those that were unused for longest where there would
    /// be too many.
    pub(crate) fn begin(&mut self, record: Record) -> Ended {
        self.sessions
            .sort_by_key(|record| Reverse((record.last_used_at, record.created_at)));
        let kept = self.sessions.len().min(SESSIONS_PER_USER_MAX - 1);
        let ended = self.sessions.split_off(kept);
        self.sessions.push(record);
        Ended {
            sessions: ended.iter().map(|record| record.id).collect(),
            sessionless: false,
        }
    }

    pub(crate) fn rotate(
        &mut self,
        token: &Presented,
        salt: Salt,
        now: Micros,
    ) -> (Rotation, Ended) {
        let Some(record) = self.find(token.session) else {
            return (Rotation::Unknown, Ended::default());
        };
        let renewed = |record: &Record, token: RefreshToken, user| Rotation::Renewed {
            info: record.info(user),
            token,
        };
        match record.family.standing(token, now) {
            Standing::Newest => {
                let next = record.family.turn(token, salt, now);
                record.last_used_at = record.last_used_at.max(now);
                let rotation = renewed(record, next.to_token(), token.user);
                (rotation, Ended::default())
            }
            Standing::JustReplaced(next) => {
                let rotation = renewed(record, next.to_token(), token.user);
                (rotation, Ended::default())
            }
            Standing::Replaced => {
                let ended = self.end(token.session);
                let rotation = Rotation::Reused {
                    user: token.user,
                    session: token.session,
                };
                (rotation, ended)
            }
            Standing::Foreign => (Rotation::Unknown, Ended::default()),
        }
    }

    /// The sessions, last used first.
    pub(crate) fn list(&self, user: UserId) -> Vec<SessionInfo> {
        let mut list: Vec<_> = self
            .sessions
            .iter()
            .map(|record| record.info(user))
            .collect();
        list.sort_by_key(|info| Reverse((info.last_used_at, info.created_at)));
        list
    }

    pub(crate) fn end(&mut self, session: SessionId) -> Ended {
        if self.find(session).is_none() {
            return Ended::default();
        }
        self.sessions.retain(|record| record.id != session);
        Ended::one(session)
    }

    /// Ends the session of a token that once was good.
    pub(crate) fn end_by_token(&mut self, token: &Presented, now: Micros) -> Ended {
        let standing = self
            .find(token.session)
            .map(|record| record.family.standing(token, now));
        match standing {
            None | Some(Standing::Foreign) => Ended::default(),
            Some(Standing::Newest | Standing::JustReplaced(_) | Standing::Replaced) => {
                self.end(token.session)
            }
        }
    }

    pub(crate) fn end_all(&mut self, now: Micros) -> Ended {
        let sessionless = self.ended_at < Some(now);
        self.ended_at = self.ended_at.max(Some(now));
        let sessions = std::mem::take(&mut self.sessions);
        Ended {
            sessions: sessions.iter().map(|record| record.id).collect(),
            sessionless,
        }
    }

    pub(crate) fn end_others(&mut self, kept: SessionId) -> Ended {
        let (kept, ended) = std::mem::take(&mut self.sessions)
            .into_iter()
            .partition(|record| record.id == kept);
        self.sessions = kept;
        let ended: Vec<Record> = ended;
        Ended {
            sessions: ended.iter().map(|record| record.id).collect(),
            sessionless: false,
        }
    }

    pub(crate) fn has_revoked(
        &self,
        session: Option<SessionId>,
        issued_at: OffsetDateTime,
    ) -> bool {
        match session {
            Some(session) => self.sessions.iter().all(|record| record.id != session),
            None => self
                .ended_at
                .is_some_and(|at| issued_at <= OffsetDateTime::from(at)),
        }
    }

    fn find(&mut self, session: SessionId) -> Option<&mut Record> {
        self.sessions.iter_mut().find(|record| record.id == session)
    }
}
