//! `/rooms/{roomId}/members/{userId}/ban` and `…/mute`: who may not be in a room, or not speak.
//! `GET /rooms/{roomId}/sanctions`: who that is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::{ChatOwnRoom, Problem, ProblemCode, RoomId, RoomRole, Sanction, UserId};
use http_edge::{JsonBody, Parameters, ProblemResponse};
use message_log::{ChangeError, Sanctioned, Sentence};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;

use super::paging::{PageJson, Paging};
use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfUser};
use crate::membership::no_such_room;
use crate::unread::problem_of;

/// For how long.
#[derive(Deserialize, ToSchema)]
#[schema(as = SanctionWish)]
pub(super) struct Wish {
    /// When it ends by itself; it lasts until it is lifted where nothing is said.
    #[serde(default, with = "rfc3339::option")]
    #[schema(nullable = false)]
    until: Option<OffsetDateTime>,
}

/// Puts somebody out of a room everywhere, and lets him in no more, for good or until a time.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/members/{userId}/ban",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The user."),
    ),
    request_body = Option<Wish>,
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
    body: Option<JsonBody<Wish>>,
) -> Result<StatusCode, ProblemResponse> {
    let sentence = sentence(Sanction::Ban, body)?;
    rooms.sanction(id, &caller, user, Some(sentence)).await
}

/// Keeps somebody from speaking in a room, for good or until a time.
#[utoipa::path(
    put,
    path = "/rooms/{roomId}/members/{userId}/mute",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("userId" = UserId, Path, description = "The user."),
    ),
    request_body = Option<Wish>,
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
    body: Option<JsonBody<Wish>>,
) -> Result<StatusCode, ProblemResponse> {
    let sentence = sentence(Sanction::Mute, body)?;
    rooms.sanction(id, &caller, user, Some(sentence)).await
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

/// What is wished for; without a body for good.
fn sentence(sanction: Sanction, body: Option<JsonBody<Wish>>) -> Result<Sentence, ProblemResponse> {
    let Some(until) = body.and_then(|JsonBody(wish)| wish.until) else {
        return Ok(Sentence::for_good(sanction));
    };
    #[expect(clippy::disallowed_methods, reason = "where `now` comes from")]
    let now = OffsetDateTime::now_utc();
    if until <= now {
        let detail = "The time is over already; leave it out for good, or name a later one.";
        let problem = Problem::new(ProblemCode::InvalidRequest, detail);
        return Err(problem.pointing_at("/until", "is not in the future").into());
    }
    Ok(Sentence::until(sanction, until))
}

impl Rooms {
    async fn sanction(
        &self,
        id: RoomId,
        caller: &Known,
        user: UserId,
        wanted: Option<Sentence>,
    ) -> Result<StatusCode, ProblemResponse> {
        let done = self.log.sanction(&id, caller.actor(), user, wanted).await;
        if let Some(access) = done.map_err(|error| refusal(&error))? {
            self.announce(id.clone(), access).await;
            if wanted.is_some_and(|wanted| wanted.sanction == Sanction::Ban) {
                let news = ChatOwnRoom::Left { room_id: id };
                self.tell_user(user, news).await;
            }
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
    /// When it ends by itself; `null` where it lasts until it is lifted.
    #[serde(with = "rfc3339::option")]
    until: Option<OffsetDateTime>,
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
    parameters: Parameters,
) -> Result<Json<ListJson>, ProblemResponse> {
    let paging = Paging::of_people(parameters)?;
    let standing = rooms.log.standing(&id, caller.user()).await;
    let standing = standing.map_err(|error| problem_of(&error))?;
    if !caller.actor().is_admin && standing.role < Some(RoomRole::Moderator) {
        return Err(match standing.role {
            None => no_such_room(),
            Some(_) => refusal(&ChangeError::NotAllowed),
        });
    }
    let found = rooms.log.sanctioned(&id, paging.after, paging.limit).await;
    let found = found.map_err(|error| problem_of(&error))?;
    let page = paging.page(&found, |sanctioned| sanctioned.user);
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
            until: sanctioned.until,
        }
    }
}
