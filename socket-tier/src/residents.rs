//! Who is connected to this instance under which account, so that a session that ends can be
//! silenced, and nobody takes more connections than his share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use access_token::Claims;
use chat::UserId;
use sessions::{Revocation, SessionId};
use time::OffsetDateTime;

use crate::hub::ConnectionId;
use crate::limits::CONNECTIONS_PER_USER_MAX;
use crate::outbox::{Delivery, End, Outbox, OwnNews};

/// The connections of everybody who is known.
#[derive(Default)]
pub(crate) struct Residents(Mutex<HashMap<UserId, Vec<Resident>>>);

struct Resident {
    connection: ConnectionId,
    session: Option<SessionId>,
    issued_at: OffsetDateTime,
    outbox: Arc<Outbox>,
}

/// A user has as many connections as he may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooMany;

impl Residents {
    /// Adds a connection.
    pub(crate) fn enter(
        &self,
        connection: ConnectionId,
        claims: &Claims,
        outbox: &Arc<Outbox>,
    ) -> Result<(), TooMany> {
        let mut residents = self.lock();
        let own = residents.entry(claims.subject.user).or_default();
        if own.len() >= CONNECTIONS_PER_USER_MAX {
            return Err(TooMany);
        }
        own.push(Resident {
            connection,
            session: claims.subject.session().map(SessionId),
            issued_at: claims.issued_at,
            outbox: Arc::clone(outbox),
        });
        Ok(())
    }

    /// Notes that a connection goes on under a newer token of the same user.
    pub(crate) fn renew(&self, connection: ConnectionId, claims: &Claims) {
        let mut residents = self.lock();
        let own = residents
            .get_mut(&claims.subject.user)
            .into_iter()
            .flatten();
        for resident in own.filter(|resident| resident.connection == connection) {
            resident.session = claims.subject.session().map(SessionId);
            resident.issued_at = claims.issued_at;
        }
    }

    /// Removes a connection.
    pub(crate) fn leave(&self, connection: ConnectionId, user: UserId) {
        let mut residents = self.lock();
        if let Some(own) = residents.get_mut(&user) {
            own.retain(|resident| resident.connection != connection);
            if own.is_empty() {
                residents.remove(&user);
            }
        }
    }

    /// Tells the connections of a user what concerns him alone.
    pub(crate) fn tell(&self, user: UserId, news: OwnNews) {
        let residents = self.lock();
        let news = Arc::new(news);
        for resident in residents.get(&user).into_iter().flatten() {
            resident.outbox.push(Delivery::Own(Arc::clone(&news)));
        }
    }

    /// Silences the connections that a revocation means.
    pub(crate) fn silence(&self, revocation: &Revocation) {
        let residents = self.lock();
        let own = residents.get(&revocation.user).into_iter().flatten();
        for resident in own {
            if revocation.covers(revocation.user, resident.session, resident.issued_at) {
                resident.outbox.end(End::Revoked);
            }
        }
    }

    /// How many users are connected.
    pub(crate) fn users(&self) -> usize {
        self.lock().len()
    }

    /// How many connections a user has.
    pub(crate) fn of(&self, user: UserId) -> usize {
        self.lock().get(&user).map_or(0, Vec::len)
    }

    /// Ends the connections of a user; how many that are.
    pub(crate) fn kick(&self, user: UserId) -> usize {
        let residents = self.lock();
        let own = residents.get(&user).map_or(&[][..], Vec::as_slice);
        for resident in own {
            resident.outbox.end(End::Revoked);
        }
        own.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Resident>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::OUTBOX_BYTES_MAX;
    use access_token::{Holder, Role, Subject};
    use chat::Nickname;
    use uuid::Uuid;

    const USER: UserId = UserId(Uuid::from_u128(1));
    const PHONE: Uuid = Uuid::from_u128(10);
    const LAPTOP: Uuid = Uuid::from_u128(11);

    fn claims(session: Uuid) -> Claims {
        let issued_at = OffsetDateTime::UNIX_EPOCH;
        Claims {
            subject: Subject {
                user: USER,
                nickname: Nickname::parse("Ada").expect("a name"),
                holder: Holder::Account {
                    role: Role::Member,
                    session,
                },
            },
            token_id: Uuid::nil(),
            issued_at,
            expires_at: issued_at + time::Duration::minutes(15),
        }
    }

    fn enter(residents: &Residents, id: u64, session: Uuid) -> Arc<Outbox> {
        let outbox = Arc::default();
        residents
            .enter(ConnectionId(id), &claims(session), &outbox)
            .expect("there is room");
        outbox
    }

    fn is_silenced(outbox: &Outbox) -> bool {
        outbox.take(OUTBOX_BYTES_MAX).err() == Some(End::Revoked)
    }

    #[test]
    fn the_end_of_one_session_silences_it_and_no_other() {
        let residents = Residents::default();
        let phone = enter(&residents, 1, PHONE);
        let laptop = enter(&residents, 2, LAPTOP);
        residents.silence(&Revocation {
            user: USER,
            session: Some(SessionId(PHONE)),
            at: OffsetDateTime::UNIX_EPOCH,
        });
        assert!(is_silenced(&phone));
        assert!(!is_silenced(&laptop));
    }

    #[test]
    fn a_connection_that_was_renewed_goes_with_its_newer_session() {
        let residents = Residents::default();
        let outbox = enter(&residents, 1, PHONE);
        residents.renew(ConnectionId(1), &claims(LAPTOP));
        residents.silence(&Revocation {
            user: USER,
            session: Some(SessionId(LAPTOP)),
            at: OffsetDateTime::UNIX_EPOCH,
        });
        assert!(is_silenced(&outbox));
    }

    #[test]
    fn a_user_has_his_share_of_connections_and_gets_it_back() {
        let residents = Residents::default();
        for id in 0..CONNECTIONS_PER_USER_MAX as u64 {
            enter(&residents, id, PHONE);
        }
        let one_more = ConnectionId(u64::MAX);
        let outbox = Arc::default();
        let entered = residents.enter(one_more, &claims(PHONE), &outbox);
        assert_eq!(entered, Err(TooMany));
        residents.leave(ConnectionId(0), USER);
        residents
            .enter(one_more, &claims(PHONE), &outbox)
            .expect("there is room again");
    }
}
