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
use utoipa::ToSchema;

use super::{PageJson, Rooms, limit, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};
use crate::membership::no_such_room;
use crate::unread::problem_of;

/// Puts somebody out of a room everywhere, and lets him in no more.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/members/{userId}/ban",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The user."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is so."),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn ban(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    rooms.sanction(id, &caller, user, Some(Sanction::Ban)).await
}

/// Keeps somebody from speaking in a room.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/members/{userId}/mute",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The user."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is so."),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
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

/// Lets somebody in again who was banned.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}/members/{userId}/ban",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The user."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is so."),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn unban(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    rooms.sanction(id, &caller, user, None).await
}

/// Lets somebody speak again who was muted.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}/members/{userId}/mute",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The user."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is so."),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn unmute(
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

#[derive(Serialize, ToSchema)]
#[schema(as = SanctionList)]
pub(super) struct ListJson {
    sanctions: Vec<SanctionJson>,
    page: PageJson<UserId>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Sanctioned)]
#[serde(rename_all = "camelCase")]
struct SanctionJson {
    user_id: UserId,
    kind: Sanction,
    by: UserId,
    #[serde(with = "rfc3339")]
    since: OffsetDateTime,
}

/// Lists who is muted and banned, for moderators.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}/sanctions",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("limit" = Option<u32>, Query, nullable = false, description = "How many, up to 200; 50 where it is not said."),
        ("after" = Option<UserId>, Query, nullable = false, description = "Only who follows this id."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Who it is.", body = ListJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or he is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
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
