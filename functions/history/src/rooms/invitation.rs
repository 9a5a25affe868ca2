//! `/rooms/{roomId}/invitations…`: whom a room asks to come in. `GET /rooms/invitations/mine`: into
//! which rooms the caller is asked. Who accepts comes in by himself, as into an open room.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::{ChatOwnRoom, RoomId, UserId};
use http_edge::{Parameters, ProblemResponse};
use message_log::Invitation;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

use super::paging::{PageJson, Paging};
use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};
use crate::unread::problem_of;

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation)]
struct InvitationJson {
    room_id: RoomId,
    /// What the room is called; its id where nobody named it.
    name: String,
    user_id: UserId,
    /// Who asks.
    by: UserId,
    #[serde(with = "rfc3339")]
    invited_at: OffsetDateTime,
    /// Until when it can be answered.
    #[serde(with = "rfc3339")]
    expires_at: OffsetDateTime,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InvitationsOfRoom)]
pub(super) struct OfRoomJson {
    invitations: Vec<InvitationJson>,
    #[schema(inline)]
    page: PageJson<UserId>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = InvitationsOfCaller)]
pub(super) struct OfCallerJson {
    invitations: Vec<InvitationJson>,
    #[schema(inline)]
    page: PageJson<RoomId>,
}

/// Asks somebody into a room; one who is asked already is asked anew, and a member is one.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/invitations/{userId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "Who is asked."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "He is asked, or a member."),
        (status = 400, description = "The path breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it, or who is asked is banned."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
        (status = 409, description = "The room asks as many, or who is asked is asked into as many, as there may be."),
    ),
)]
pub(super) async fn invite(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    let invited = rooms.log.invite(&id, caller.user(), user).await;
    if let Some(invitation) = invited.map_err(|error| refusal(&error))? {
        let InvitationJson {
            room_id,
            name,
            by,
            expires_at,
            ..
        } = invitation.into();
        let news = ChatOwnRoom::Invited {
            room_id,
            name,
            by,
            expires_at,
        };
        rooms.tell_user(user, news).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an invitation back, or declines it where it is the caller's own.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}/invitations/{userId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "Who was asked."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "He is not asked."),
        (status = 400, description = "The path breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn withdraw(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfUser(user): OfUser,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    let done = rooms.log.withdraw_invitation(&id, caller.user(), user);
    if done.await.map_err(|error| refusal(&error))? {
        let news = ChatOwnRoom::Uninvited { room_id: id };
        rooms.tell_user(user, news).await;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Lists whom a room asks and who has not answered, for moderators.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}/invitations",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("limit" = Option<u32>, Query, nullable = false, description = "How many, up to 200; 50 where it is not said."),
        ("after" = Option<UserId>, Query, nullable = false, description = "Only who follows this id."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "Who it is.", body = OfRoomJson),
        (status = 400, description = "The path or a parameter breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn of_room(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
    parameters: Parameters,
) -> Result<Json<OfRoomJson>, ProblemResponse> {
    let paging = Paging::of_people(parameters)?;
    rooms.must_moderate(&id, &caller).await?;
    let found = rooms.log.invited_to(&id, paging.after, paging.limit).await;
    let found = found.map_err(|error| problem_of(&error))?;
    let page = paging.page(&found, |invitation| invitation.user);
    let invitations = found.into_iter().map(InvitationJson::from).collect();
    Ok(Json(OfRoomJson { invitations, page }))
}

/// Lists the rooms that the caller is asked into, by their ids.
#[utoipa::path(
    get,
    path = "/rooms/invitations/mine",
    tag = "rooms",
    params(
        ("limit" = Option<u32>, Query, nullable = false, description = "How many, up to 200; 50 where it is not said."),
        ("after" = Option<RoomId>, Query, nullable = false, description = "Only what follows this id."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The invitations.", body = OfCallerJson),
        (status = 400, description = "A parameter breaks a rule."),
        (status = 401, description = "There is no good access token."),
    ),
)]
pub(super) async fn mine(
    State(rooms): State<Rooms>,
    caller: Known,
    parameters: Parameters,
) -> Result<Json<OfCallerJson>, ProblemResponse> {
    let paging = Paging::of_rooms(parameters)?;
    let Paging { limit, after } = &paging;
    let found = rooms
        .log
        .invitations_of(caller.user(), after.as_ref(), *limit);
    let found = found.await.map_err(|error| problem_of(&error))?;
    let page = paging.page(&found, |invitation| invitation.room.clone());
    let invitations = found.into_iter().map(InvitationJson::from).collect();
    Ok(Json(OfCallerJson { invitations, page }))
}

impl From<Invitation> for InvitationJson {
    fn from(invitation: Invitation) -> Self {
        Self {
            name: match invitation.name {
                Some(name) => name.into(),
                None => invitation.room.to_string(),
            },
            room_id: invitation.room,
            user_id: invitation.user,
            by: invitation.by,
            invited_at: invitation.invited_at,
            expires_at: invitation.expires_at,
        }
    }
}
