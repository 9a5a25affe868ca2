//! `/rooms/{roomId}/members/{userId}/ban` and `…/mute`: who may not be in a room, or not speak.
//! `GET /rooms/{roomId}/sanctions`: who that is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::{RoomId, RoomRole, Sanction, UserId};
use http_edge::{Parameters, ProblemResponse};
use message_log::{ChangeError, Sanctioned};
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::{PageJson, Rooms, limit, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};
use crate::membership::no_such_room;
use crate::unread::problem_of;

pub(super) async fn ban(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    rooms.sanction(id, &caller, user, Some(Sanction::Ban)).await
}

pub(super) async fn mute(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    rooms
        .sanction(id, &caller, user, Some(Sanction::Mute))
        .await
}

/// Lifts either.
pub(super) async fn lift(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    rooms.sanction(id, &caller, user, None).await
}

impl Rooms {
    async fn sanction(
        &self,
        id: RoomId,
        caller: &Known,
        user: UserId,
        wanted: Option<Sanction>,
    ) -> Result<StatusCode, ProblemResponse> {
        let done = self.log.sanction(&id, caller.actor(), user, wanted).await;
        if let Some(access) = done.map_err(|error| refusal(&error))? {
            self.announce(id, access).await;
        }
        Ok(StatusCode::NO_CONTENT)
    }
}

#[derive(Serialize)]
pub(super) struct ListJson {
    sanctions: Vec<SanctionJson>,
    page: PageJson<UserId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SanctionJson {
    user_id: UserId,
    kind: Sanction,
    by: UserId,
    #[serde(with = "rfc3339")]
    since: OffsetDateTime,
}

/// For moderators.
pub(super) async fn list(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
    mut parameters: Parameters,
) -> Result<Json<ListJson>, ProblemResponse> {
    let limit = limit(&mut parameters);
    let after = parameters.parsed("after", "the id of a user", |_| true);
    parameters.finish()?;
    let standing = rooms.log.standing(&id, caller.user()).await;
    let standing = standing.map_err(|error| problem_of(&error))?;
    if !caller.actor().is_admin && standing.role < Some(RoomRole::Moderator) {
        return Err(match standing.role {
            None => no_such_room(),
            Some(_) => refusal(&ChangeError::NotAllowed),
        });
    }
    let found = rooms.log.sanctioned(&id, after.map(UserId), limit).await;
    let found = found.map_err(|error| problem_of(&error))?;
    let last = found.last().map(|sanctioned| sanctioned.user);
    let page = PageJson {
        limit,
        after: last.filter(|_| found.len() == limit as usize),
    };
    let sanctions = found.into_iter().map(SanctionJson::from).collect();
    Ok(Json(ListJson { sanctions, page }))
}

impl From<Sanctioned> for SanctionJson {
    fn from(sanctioned: Sanctioned) -> Self {
        Self {
            user_id: sanctioned.user,
            kind: sanctioned.sanction,
            by: sanctioned.by,
            since: sanctioned.since,
        }
    }
}
