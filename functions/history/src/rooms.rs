//! `/rooms…`: rooms that are made, and who is in them.

mod close;
mod invitation;
mod limit;
mod link;
mod list;
mod make;
mod member_list;
mod member_remove;
mod member_set;
mod paging;
mod read;
mod rename;
mod sanction;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};
use chat::{
    Access, ChatMessageReceive, ChatOwnRoom, Problem, ProblemCode, RoomId, RoomRole, Seq, UserId,
    Visibility,
};
use fanout::{Event, Herald};
use http_edge::ProblemResponse;
use message_log::{ChangeError, MessageLog, ReadError, Room};
use serde::Serialize;
use time::OffsetDateTime;
use time::serde::rfc3339;
use utoipa::{OpenApi, ToSchema};

use crate::caller::Known;
use crate::membership::no_such_room;
use crate::search;
use crate::unread::problem_of;

/// Where rooms are kept, and who tells the sockets that one has changed.
#[derive(Clone)]
pub(crate) struct Rooms {
    pub(crate) log: MessageLog,
    pub(crate) herald: Option<Arc<dyn Herald>>,
}

/// The routes.
pub(crate) fn routes(rooms: Rooms) -> Router {
    Router::new()
        .route("/rooms", get(list::list).post(make::make))
        .route(
            "/rooms/{roomId}",
            get(show::show).patch(rename::rename).delete(close::close),
        )
        .route("/rooms/messages/search", get(search::search_rooms))
        .route("/rooms/{roomId}/read", put(read::read))
        .route("/rooms/{roomId}/sanctions", get(sanction::list))
        .route(
            "/rooms/{roomId}/members/{userId}/ban",
            put(sanction::ban).delete(sanction::unban),
        )
        .route(
            "/rooms/{roomId}/members/{userId}/mute",
            put(sanction::mute).delete(sanction::unmute),
        )
        .route("/rooms/invitations/mine", get(invitation::mine))
        .route("/rooms/{roomId}/invitations", get(invitation::of_room))
        .route(
            "/rooms/{roomId}/invitations/{userId}",
            put(invitation::invite).delete(invitation::withdraw),
        )
        .route("/rooms/links/redeem", post(link::redeem))
        .route("/rooms/{roomId}/links", get(link::list).post(link::make))
        .route("/rooms/{roomId}/links/{linkId}", delete(link::revoke))
        .route("/rooms/{roomId}/members", get(member_list::list))
        .route(
            "/rooms/{roomId}/members/{userId}",
            put(member_set::set).delete(member_remove::remove),
        )
        .with_state(rooms)
}

/// The routes, written down.
#[derive(OpenApi)]
#[openapi(
    paths(
        list::list,
        make::make,
        show::show,
        rename::rename,
        read::read,
        sanction::ban,
        sanction::unban,
        sanction::mute,
        sanction::unmute,
        sanction::list,
        search::search_rooms,
        close::close,
        member_list::list,
        member_set::set,
        member_remove::remove,
        invitation::invite,
        invitation::withdraw,
        invitation::of_room,
        invitation::mine,
        link::make,
        link::list,
        link::revoke,
        link::redeem,
    ),
    tags((name = "rooms", description = "Rooms that are made, and who is in them.")),
)]
pub(crate) struct Written;

impl Rooms {
    /// Fails for whoever is no moderator of a room.
    async fn must_moderate(&self, id: &RoomId, caller: &Known) -> Result<(), ProblemResponse> {
        let role = self.log.role_in(id, caller.user()).await;
        match role.map_err(|error| problem_of(&error))? {
            Some(role) if role >= RoomRole::Moderator => Ok(()),
            Some(_) => Err(refusal(&ChangeError::NotAllowed)),
            None => Err(no_such_room()),
        }
    }

    /// Tells the sockets that the rules of a room are others now. Where nobody hears it, they find
    /// out by looking.
    async fn announce(&self, room: RoomId, access: Access) {
        self.tell(Arc::new(Event::RulesChanged { room, access }))
            .await;
    }

    /// Tells the sockets of a user what becomes of him in a room, on whichever instance they are.
    async fn tell_user(&self, user: UserId, news: ChatOwnRoom) {
        self.tell(Arc::new(Event::OwnRoom { user, news })).await;
    }

    /// Tells the sockets of an event; a hint, as all of them are.
    pub(crate) async fn tell(&self, event: Arc<Event>) {
        if let Some(herald) = &self.herald {
            herald.announce(event).await;
        }
    }
}

/// A room as JSON.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Room)]
struct RoomJson {
    room_id: RoomId,
    /// What people call it; its id where nobody named it.
    name: String,
    visibility: Visibility,
    role: RoomRole,
    /// `null` where nobody made it.
    #[serde(with = "rfc3339::option")]
    created_at: Option<OffsetDateTime>,
    archived: bool,
    last_seq: Seq,
    /// Up to where the caller has read.
    read_seq: Seq,
    /// How many messages of others he has not, counted up to [`message_log::UNREAD_MAX`].
    unread: i64,
    /// What was said last; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<ChatMessageReceive>,
}

impl From<Room> for RoomJson {
    fn from(room: Room) -> Self {
        Self {
            visibility: room.id.visibility(),
            name: match room.name {
                Some(name) => name.into(),
                None => room.id.to_string(),
            },
            room_id: room.id,
            role: room.role,
            created_at: room.made_at,
            archived: room.is_archived,
            last_seq: room.last_seq,
            read_seq: room.read_seq,
            unread: room.unread,
            last_message: room.last.map(ChatMessageReceive::from),
        }
    }
}

/// Logs the cause where there is one, once, and makes the problem that says nothing of it.
fn refusal(error: &ChangeError) -> ProblemResponse {
    let (code, detail) = match error {
        ChangeError::NotThere => return no_such_room(),
        ChangeError::Unavailable(cause) => {
            return problem_of(&ReadError::Unavailable(cause.clone()));
        }
        ChangeError::Failed(cause) => return problem_of(&ReadError::Failed(cause.clone())),
        ChangeError::NotAllowed => (
            ProblemCode::Forbidden,
            "Your role in the room does not allow this.",
        ),
        ChangeError::LastOwner => (
            ProblemCode::LastOwner,
            "You are the only owner; make somebody else one, or close the room.",
        ),
        ChangeError::Banned { until } => {
            let detail =
                "Whoever is to come in is banned from the room; a moderator may lift that.";
            return Problem::new(ProblemCode::Banned, detail)
                .until(*until)
                .into();
        }
        ChangeError::LimitReached(limit) => {
            return Problem::new(ProblemCode::LimitReached, limit::detail(*limit)).into();
        }
        ChangeError::Exists => (
            ProblemCode::RoomExists,
            "There is a room of this id, or somebody has spoken in it; choose another.",
        ),
    };
    Problem::new(code, detail).into()
}
