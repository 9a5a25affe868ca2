//! Who appears in the tests, and when.

use std::time::Duration;

use chat::UserId;
use sessions::{ClientInfo, RefreshToken, Rotation, SessionInfo, Sessions};
use time::OffsetDateTime;
use uuid::Uuid;

/// A user nobody else has.
pub(crate) fn somebody() -> UserId {
    UserId(Uuid::new_v4())
}

/// A moment so many seconds after a whole second.
pub(crate) fn at(seconds: f64) -> OffsetDateTime {
    let start = OffsetDateTime::from_unix_timestamp(1_900_000_000).expect("a time of the calendar");
    start + Duration::from_secs_f64(seconds)
}

pub(crate) fn browser() -> ClientInfo {
    ClientInfo::new(Some("Browser/1"), Some([192, 0, 2, 7].into()))
}

pub(crate) async fn begins(
    sessions: &dyn Sessions,
    user: UserId,
    now: OffsetDateTime,
) -> (SessionInfo, RefreshToken) {
    sessions
        .begin(user, browser(), now)
        .await
        .expect("a session begins")
}

/// Renews a token that must be good.
pub(crate) async fn renews(
    sessions: &dyn Sessions,
    token: &RefreshToken,
    now: OffsetDateTime,
) -> RefreshToken {
    match sessions.rotate(token.as_str(), now).await {
        Ok(Rotation::Renewed { token, .. }) => token,
        other => panic!("expected a new token, got {other:?}"),
    }
}

pub(crate) async fn is_unknown(sessions: &dyn Sessions, token: &str, now: OffsetDateTime) -> bool {
    matches!(sessions.rotate(token, now).await, Ok(Rotation::Unknown))
}
