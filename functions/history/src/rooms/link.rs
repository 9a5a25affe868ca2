//! `/rooms/{roomId}/links…`: links that bring in whoever has one. `POST /rooms/links/redeem`: comes in
//! by one.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use chat::{ChatOwnRoom, Problem, ProblemCode, RoomId, RoomRole, UserId};
use http_edge::{JsonBody, ProblemResponse};
use message_log::{ChangeError, LINK_LIFETIME_MAX, LINK_USES_MAX, Link, LinkToken};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Rooms, refusal};
use crate::caller::Known;
use crate::in_room::{InRoom, OfLink};
use crate::unread::problem_of;

/// How long a link is good where nothing is said.
const LIFETIME_DEFAULT: Duration = Duration::from_hours(7 * 24);

/// What a link is to be.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LinkWish)]
pub(super) struct Wish {
    /// How long it is good, up to 30 days; 7 days where it is not said.
    #[serde(default)]
    #[schema(nullable = false, minimum = 1, maximum = 2_592_000)]
    expires_in_seconds: Option<u64>,
    /// How many people it brings in, up to 1 000; one where it is not said.
    #[serde(default)]
    #[schema(nullable = false, minimum = 1, maximum = 1_000)]
    uses: Option<u32>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Link)]
struct LinkJson {
    link_id: Uuid,
    /// Who made it.
    by: UserId,
    #[serde(with = "rfc3339")]
    created_at: OffsetDateTime,
    #[serde(with = "rfc3339")]
    expires_at: OffsetDateTime,
    /// How many people it still brings in.
    uses_left: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LinkMade)]
pub(super) struct MadeJson {
    link_id: Uuid,
    /// What is handed on. It is told this once.
    token: String,
    #[serde(with = "rfc3339")]
    expires_at: OffsetDateTime,
    /// How many people it brings in.
    uses_left: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Links)]
pub(super) struct ListJson {
    links: Vec<LinkJson>,
}

/// What a link says.
#[derive(Deserialize, ToSchema)]
#[schema(as = LinkToken)]
pub(super) struct Token {
    token: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CameIn)]
pub(super) struct CameInJson {
    room_id: RoomId,
}

/// Makes a link that brings people into a room.
#[utoipa::path(
    post,
    path = "/rooms/{roomId}/links",
    tag = "rooms",
    params(("roomId" = RoomId, Path, description = "The room.")),
    request_body = Option<Wish>,
    security(("bearer" = [])),
    responses(
        (status = 201, description = "The link.", body = MadeJson),
        (status = 400, description = "The path or the body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
        (status = 409, description = "The room has as many links as it may have."),
    ),
)]
pub(super) async fn make(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
    body: Option<JsonBody<Wish>>,
) -> Result<(StatusCode, Json<MadeJson>), ProblemResponse> {
    let wish = body.map(|JsonBody(wish)| wish);
    let (lifetime, uses) = wish.map_or(Ok((LIFETIME_DEFAULT, 1)), |wish| wish.checked())?;
    let made = rooms
        .log
        .make_link(&id, caller.user(), lifetime, uses)
        .await;
    let (link, token) = made.map_err(|error| refusal(&error))?;
    let made = MadeJson {
        link_id: link.id,
        token: token.as_str().to_owned(),
        expires_at: link.expires_at,
        uses_left: link.uses_left,
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Lists the links of a room that are good, for moderators.
#[utoipa::path(
    get,
    path = "/rooms/{roomId}/links",
    tag = "rooms",
    params(("roomId" = RoomId, Path, description = "The room.")),
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The links, without what they say.", body = ListJson),
        (status = 400, description = "The path breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn list(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    caller: Known,
) -> Result<Json<ListJson>, ProblemResponse> {
    rooms.must_moderate(&id, &caller).await?;
    let links = rooms.log.links(&id).await;
    let links = links.map_err(|error| problem_of(&error))?;
    let links = links.into_iter().map(LinkJson::from).collect();
    Ok(Json(ListJson { links }))
}

/// Ends a link: it brings nobody in any more.
#[utoipa::path(
    delete,
    path = "/rooms/{roomId}/links/{linkId}",
    tag = "rooms",
    params(
        ("roomId" = RoomId, Path, description = "The room."),
        ("linkId" = Uuid, Path, description = "The link."),
    ),
    security(("bearer" = [])),
    responses(
        (status = 204, description = "It is no link."),
        (status = 400, description = "The path breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller's role does not allow it."),
        (status = 404, description = "There is no such room, or the caller is no member of it."),
    ),
)]
pub(super) async fn revoke(
    State(rooms): State<Rooms>,
    InRoom(id): InRoom,
    OfLink(link): OfLink,
    caller: Known,
) -> Result<StatusCode, ProblemResponse> {
    let revoked = rooms.log.revoke_link(&id, caller.user(), link).await;
    revoked.map_err(|error| refusal(&error))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Comes into the room that a link leads to.
#[utoipa::path(
    post,
    path = "/rooms/links/redeem",
    tag = "rooms",
    request_body = Token,
    security(("bearer" = [])),
    responses(
        (status = 200, description = "The caller is a member.", body = CameInJson),
        (status = 400, description = "The body breaks a rule."),
        (status = 401, description = "There is no good access token."),
        (status = 403, description = "The caller is banned from the room."),
        (status = 404, description = "The link is none, revoked, over or used up."),
        (status = 409, description = "The room has as many members, or the caller is in as many rooms, as there may be."),
    ),
)]
pub(super) async fn redeem(
    State(rooms): State<Rooms>,
    caller: Known,
    JsonBody(Token { token }): JsonBody<Token>,
) -> Result<Json<CameInJson>, ProblemResponse> {
    let token = LinkToken::parse(&token).ok_or_else(no_such_link)?;
    let user = caller.user();
    let redeemed = rooms.log.redeem_link(&token, user).await;
    let redeemed = redeemed.map_err(|error| match error {
        ChangeError::NotThere => no_such_link(),
        other => refusal(&other),
    })?;
    if let Some(access) = redeemed.access {
        let (room_id, role) = (redeemed.room.clone(), RoomRole::Member);
        rooms.announce(redeemed.room.clone(), access).await;
        rooms
            .tell_user(user, ChatOwnRoom::Joined { room_id, role })
            .await;
    }
    let room_id = redeemed.room;
    Ok(Json(CameInJson { room_id }))
}

fn no_such_link() -> ProblemResponse {
    Problem::new(
        ProblemCode::NotFound,
        "There is no such link, or it is revoked, over or used up; ask for another.",
    )
    .into()
}

impl Wish {
    fn checked(self) -> Result<(Duration, u32), ProblemResponse> {
        let lifetime = self
            .expires_in_seconds
            .map_or(LIFETIME_DEFAULT, Duration::from_secs);
        let uses = self.uses.unwrap_or(1);
        let mut problem = Problem::new(
            ProblemCode::InvalidRequest,
            "The link is to last from a second to 30 days and to bring in 1 to 1000 people.",
        );
        if lifetime.is_zero() || lifetime > LINK_LIFETIME_MAX {
            let detail = format!("is not from 1 to {}", LINK_LIFETIME_MAX.as_secs());
            problem = problem.pointing_at("/expiresInSeconds", detail);
        }
        if !(1..=LINK_USES_MAX).contains(&uses) {
            let detail = format!("is not from 1 to {LINK_USES_MAX}");
            problem = problem.pointing_at("/uses", detail);
        }
        if problem.errors().is_empty() {
            Ok((lifetime, uses))
        } else {
            Err(problem.into())
        }
    }
}

impl From<Link> for LinkJson {
    fn from(link: Link) -> Self {
        Self {
            link_id: link.id,
            by: link.by,
            created_at: link.made_at,
            expires_at: link.expires_at,
            uses_left: link.uses_left,
        }
    }
}
