//! `GET /rooms/{roomId}/members`: who is in a room, for its members.

use axum::Json;
use axum::extract::State;
use chat::{RoomId, RoomRole, Seq, UserId};
use http_edge::{Parameters, ProblemResponse};
use message_log::{Member, READERS_SHOWN_MAX};
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

use super::Rooms;
use super::paging::{PageJson, Paging};
use crate::caller::Known;
use crate::in_room::InRoom;
use crate::membership::no_such_room;
use crate::unread::problem_of;

#[derive(Serialize, ToSchema)]
#[schema(as = Members)]
pub(super) struct ListJson {
    members: Vec<MemberJson>,
    #[schema(inline)]
    page: PageJson<UserId>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Member)]
struct MemberJson {
    user_id: UserId,
    role: RoomRole,
    #[serde(with = "rfc3339")]
    since: OffsetDateTime,
    /// Up to where he has read; in small rooms alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_seq: Option<Seq>,
}

/// Lists the members of a room, by their ids.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}/members",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        (
            "limit" = Option<u32>,
            Query,
            nullable = false,
            minimum = 1,
            maximum = 200,
            description = "How many; 50 where it is not said.",
        ),
        (
            "after" = Option<UserId>,
            Query,
            nullable = false,
            description = "Only who follows this id.",
        ),
    ),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The members.", body = ListJson),
        (status = 400, description = "The path, a parameter or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn list(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
    parameters: Parameters,
) -> Result<Json<ListJson>, ProblemResponse> {
    let paging = Paging::of_people(parameters)?;
    let role = rooms.log.role_in(&id, caller.user()).await;
    role.map_err(|error| problem_of(&error))?
        .ok_or_else(no_such_room)?;
    let is_first = paging.after.is_none();
    let found = rooms.log.members(&id, paging.after, paging.limit).await;
    let found = found.map_err(|error| problem_of(&error))?;
    let page = paging.page(&found, |member| member.user);
    // All of a small room stands on its first page.
    let is_small = is_first && page.after.is_none() && found.len() <= READERS_SHOWN_MAX as usize;
    let members = found
        .into_iter()
        .map(|member| MemberJson {
            read_seq: is_small.then_some(member.read_seq),
            ..MemberJson::from(member)
        })
        .collect();
    Ok(Json(ListJson { members, page }))
}

impl From<Member> for MemberJson {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user,
            role: member.role,
            since: member.since,
            read_seq: None,
        }
    }
}
