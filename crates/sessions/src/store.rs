//! What an adapter brings: one value read and replaced atomically. The port follows from it.

use chat::UserId;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use time::OffsetDateTime;

use crate::micros::Micros;
use crate::person::{Ended, Person};
use crate::record::Record;
use crate::revocation::Entry;
use crate::throttle::Throttle;
use crate::token::{Presented, Salt};
use crate::{
    ClientInfo, RefreshToken, Revocation, RevocationCursor, Rotation, SessionId, SessionInfo,
    Sessions, ThrottleKey, Unavailable, Verdict,
};

/// Keeps [`Person`]s, [`Throttle`]s and the feed of [`Entry`]s. What is read is never past its end
/// and never stale.
///
/// A change may be tried several times, each time on the newest value, until one try was kept with
/// nothing in between. What a change ended is entered into the feed by the same stroke.
pub(crate) trait Store: Send + Sync + 'static {
    fn person(
        &self,
        user: UserId,
        now: Micros,
    ) -> impl Future<Output = Result<Person, Unavailable>> + Send;

    fn change_person<T: Send>(
        &self,
        user: UserId,
        now: Micros,
        change: impl FnMut(&mut Person) -> (T, Ended) + Send,
    ) -> impl Future<Output = Result<T, Unavailable>> + Send;

    /// The entries from this time on, which is late enough for none of them to be past its end.
    fn feed(&self, from: Micros) -> impl Future<Output = Result<Vec<Entry>, Unavailable>> + Send;

    /// As [`change_person`](Self::change_person); `None` where too many change it at once.
    fn change_throttle<T: Send>(
        &self,
        key: &ThrottleKey,
        now: Micros,
        change: impl FnMut(&mut Throttle) -> T + Send,
    ) -> impl Future<Output = Result<Option<T>, Unavailable>> + Send;
}

impl<S: Store> Sessions for S {
    fn begin(
        &self,
        user: UserId,
        client: ClientInfo,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<(SessionInfo, RefreshToken), Unavailable>> {
        async move {
            let now = Micros::from(now);
            let (record, token) = Record::begin(user, client, now);
            let info = record.info(user);
            self.change_person(user, now, |person| ((), person.begin(record.clone())))
                .await?;
            Ok((info, token))
        }
        .boxed()
    }

    fn rotate<'a>(
        &'a self,
        token: &'a str,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<Rotation, Unavailable>> {
        async move {
            let now = Micros::from(now);
            let Some(token) = Presented::parse(token) else {
                return Ok(Rotation::Unknown);
            };
            let salt = Salt::random();
            self.change_person(token.user, now, |person| person.rotate(&token, salt, now))
                .await
        }
        .boxed()
    }

    fn list(
        &self,
        user: UserId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<Vec<SessionInfo>, Unavailable>> {
        async move { Ok(self.person(user, now.into()).await?.list(user)) }.boxed()
    }

    fn end(
        &self,
        user: UserId,
        session: SessionId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<bool, Unavailable>> {
        async move {
            self.change_person(user, now.into(), |person| {
                let ended = person.end(session);
                (!ended.is_nothing(), ended)
            })
            .await
        }
        .boxed()
    }

    fn end_by_token<'a>(
        &'a self,
        token: &'a str,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<Option<(UserId, SessionId)>, Unavailable>> {
        async move {
            let now = Micros::from(now);
            let Some(token) = Presented::parse(token) else {
                return Ok(None);
            };
            self.change_person(token.user, now, |person| {
                let ended = person.end_by_token(&token, now);
                let whose = (!ended.is_nothing()).then_some((token.user, token.session));
                (whose, ended)
            })
            .await
        }
        .boxed()
    }

    fn end_all(
        &self,
        user: UserId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<usize, Unavailable>> {
        async move {
            let now = Micros::from(now);
            self.change_person(user, now, |person| {
                let ended = person.end_all(now);
                (ended.sessions.len(), ended)
            })
            .await
        }
        .boxed()
    }

    fn end_others(
        &self,
        user: UserId,
        kept: SessionId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<usize, Unavailable>> {
        async move {
            self.change_person(user, now.into(), |person| {
                let ended = person.end_others(kept);
                (ended.sessions.len(), ended)
            })
            .await
        }
        .boxed()
    }

    fn is_revoked(
        &self,
        user: UserId,
        session: Option<SessionId>,
        issued_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<bool, Unavailable>> {
        async move {
            let person = self.person(user, now.into()).await?;
            Ok(person.has_revoked(session, issued_at))
        }
        .boxed()
    }

    fn revocations_since<'a>(
        &'a self,
        cursor: &'a RevocationCursor,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<(Vec<Revocation>, RevocationCursor), Unavailable>> {
        async move {
            let now = Micros::from(now);
            let read = self.feed(cursor.reads_from(now)).await?;
            Ok(cursor.advance(&read, now))
        }
        .boxed()
    }

    fn attempt<'a>(
        &'a self,
        key: &'a ThrottleKey,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<Verdict, Unavailable>> {
        async move {
            let now = Micros::from(now);
            let verdict = self
                .change_throttle(key, now, |throttle| throttle.attempt(key, now))
                .await?;
            Ok(verdict.unwrap_or(Verdict::Wait(Throttle::CROWD_WAIT)))
        }
        .boxed()
    }

    fn succeeded<'a>(
        &'a self,
        key: &'a ThrottleKey,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<(), Unavailable>> {
        async move {
            let now = Micros::from(now);
            // In a crowd the attempt stays counted, which costs no more than a wait.
            self.change_throttle(key, now, |throttle| throttle.succeeded(key, now))
                .await
                .map(Option::unwrap_or_default)
        }
        .boxed()
    }
}
