//! The port: what every adapter promises.

use chat::UserId;
use futures_util::future::BoxFuture;
use time::OffsetDateTime;

use crate::{
    ClientInfo, RefreshToken, Revocation, RevocationCursor, SessionId, SessionInfo, ThrottleKey,
    Verdict,
};

/// Says that the store did not answer in time, or not usefully. Nothing was let in; whether a
/// change was made is unknown, and to repeat the call is safe. The adapter has logged the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the store of sessions cannot be reached at the moment")]
pub struct Unavailable;

/// What became of a refresh token that was presented.
#[derive(Debug)]
#[must_use]
pub enum Rotation {
    /// It was good. It is replaced by this one, the same for everybody who presents it within
    /// [`ROTATION_GRACE`](crate::ROTATION_GRACE).
    Renewed {
        /// The session, used just now.
        info: SessionInfo,
        /// The token's successor.
        token: RefreshToken,
    },
    /// It had been replaced before the grace: somebody else holds a copy (RFC 9700, section
    /// 4.14.2). The session is ended and revoked by this very call.
    Reused {
        /// Whose session it was.
        user: UserId,
        /// The session that was ended.
        session: SessionId,
    },
    /// It belongs to no living session: expired, ended, or never issued.
    Unknown,
}

/// Keeps sessions, their refresh tokens, revocations and login throttles.
///
/// # Contract
/// - Each call is atomic, and its effect is seen by every later call on every instance. Of any
///   number of racing calls of [`rotate`](Self::rotate) with one token exactly one makes the
///   successor; the others return the same one.
/// - Only digests of tokens are kept: who reads the store can present none of them.
/// - An item past its end is dead, removed or not. `now` decides, which the caller reads once per
///   request.
/// - A session ends by [`end`](Self::end), [`end_by_token`](Self::end_by_token),
///   [`end_all`](Self::end_all), [`end_others`](Self::end_others), by reuse of a replaced token, by
///   one session too many, when it was not used for [`SESSION_IDLE_MAX`](crate::SESSION_IDLE_MAX),
///   or at its [`expires_at`](SessionInfo::expires_at). All but the last two appear in
///   [`revocations_since`](Self::revocations_since).
/// - Instances whose clocks differ by up to [`REVOCATION_OVERLAP`](crate::REVOCATION_OVERLAP) miss
///   no revocation.
///
/// # Errors
/// Every call answers within a bounded time; [`Unavailable`] is its only error. The caller refuses
/// then what it cannot check.
pub trait Sessions: Send + Sync + 'static {
    /// Begins a session, which lasts [`SESSION_LIFETIME`](crate::SESSION_LIFETIME) at most. If the
    /// user has [`SESSIONS_PER_USER_MAX`](crate::SESSIONS_PER_USER_MAX) of them, the one that was
    /// unused for longest is ended for it.
    fn begin(
        &self,
        user: UserId,
        client: ClientInfo,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<(SessionInfo, RefreshToken), Unavailable>>;

    /// Replaces a refresh token by its successor. `token` is what a stranger presents, of any
    /// length and content.
    fn rotate<'a>(
        &'a self,
        token: &'a str,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<Rotation, Unavailable>>;

    /// Lists the user's living sessions, last used first.
    fn list(
        &self,
        user: UserId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<Vec<SessionInfo>, Unavailable>>;

    /// Ends one session of the user; `false` where the user has no such living session.
    fn end(
        &self,
        user: UserId,
        session: SessionId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<bool, Unavailable>>;

    /// Ends the session that a refresh token belongs to, be it the newest or a replaced one;
    /// returns whose it was, or `None` where it belongs to no living session.
    fn end_by_token<'a>(
        &'a self,
        token: &'a str,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<Option<(UserId, SessionId)>, Unavailable>>;

    /// Ends every session of the user and revokes what was issued to the user without a session
    /// up to `now`; returns how many sessions there were.
    fn end_all(
        &self,
        user: UserId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<usize, Unavailable>>;

    /// Ends every session of the user but one; returns how many there were.
    fn end_others(
        &self,
        user: UserId,
        kept: SessionId,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<usize, Unavailable>>;

    /// Whether an access token counts no more, although its signature and times are good: its
    /// session does not live, or, for a token without one, [`end_all`](Self::end_all) was called
    /// at or after `issued_at`. Reads the newest state: it is asked once for each CONNECT.
    fn is_revoked(
        &self,
        user: UserId,
        session: Option<SessionId>,
        issued_at: OffsetDateTime,
        now: OffsetDateTime,
    ) -> BoxFuture<'_, Result<bool, Unavailable>>;

    /// Reads the revocations that this cursor has not brought yet, in no particular order, and the
    /// cursor to go on with. The default cursor brings every revocation that may still matter.
    /// One cheap query: each instance asks every second and closes what
    /// [`Revocation::covers`]. After an error the old cursor is still good.
    fn revocations_since<'a>(
        &'a self,
        cursor: &'a RevocationCursor,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<(Vec<Revocation>, RevocationCursor), Unavailable>>;

    /// Asks whether an attempt to log in may be made now, and counts it if so. It counts as a
    /// failure until [`succeeded`](Self::succeeded) says otherwise, so that neither a crash nor a
    /// race buys a guess: of any number of attempts that race for one place, one gets it.
    fn attempt<'a>(
        &'a self,
        key: &'a ThrottleKey,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<Verdict, Unavailable>>;

    /// Says that the attempt that `key` was asked for was a good one: the account's count starts
    /// anew, an address gets its one attempt back.
    fn succeeded<'a>(
        &'a self,
        key: &'a ThrottleKey,
        now: OffsetDateTime,
    ) -> BoxFuture<'a, Result<(), Unavailable>>;
}
