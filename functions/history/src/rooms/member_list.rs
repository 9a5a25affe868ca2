//! `GET /rooms/{roomId}/members`: who is in a room, for its members.

use axum::Json;
use axum::extract::State;
use chat::{RoomRole, UserId};
use http_edge::{Parameters, ProblemResponse};
use message_log::Member;
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;

use super::{PageJson, Rooms, limit};
use crate::caller::Known;
use crate::in_room::InRoom;
use crate::membership::no_such_room;
use crate::unread::problem_of;

#[derive(Serialize)]
pub(super) struct ListJson {
    members: Vec<MemberJson>,
    page: PageJson<UserId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MemberJson {
    user_id: UserId,
    role: RoomRole,
    #[serde(with = "rfc3339")]
    since: OffsetDateTime,
}

pub(super) async fn list(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
    mut parameters: Parameters,
) -> Result<Json<ListJson>, ProblemResponse> {
    let limit = limit(&mut parameters);
    let after = parameters.parsed("after", "the id of a user", |_| true);
    parameters.finish()?;
    let role = rooms.log.role_in(&id, caller.user()).await;
    role.map_err(|error| problem_of(&error))?
        .ok_or_else(no_such_room)?;
    let found = rooms.log.members(&id, after.map(UserId), limit).await;
    let found = found.map_err(|error| problem_of(&error))?;
    let last = found.last().map(|member| member.user);
    let page = PageJson {
        limit,
        after: last.filter(|_| found.len() == limit as usize),
    };
    let members = found.into_iter().map(MemberJson::from).collect();
    Ok(Json(ListJson { members, page }))
}

impl From<Member> for MemberJson {
    fn from(member: Member) -> Self {
        Self {
            user_id: member.user,
            role: member.role,
            since: member.since,
        }
    }
}
