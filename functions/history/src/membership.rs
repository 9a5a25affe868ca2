//! Who may read a room: of a private one its members, of an open one whoever is not banned.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use chat::{Problem, ProblemCode, RoomId};
use http_edge::ProblemResponse;
use message_log::{MessageLog, Silence, Standing};

use crate::caller::Caller;
use crate::in_room::InRoom;
use crate::unread::problem_of;

/// Lets through to what was said in a room only whoever may read it.
///
/// They are asked for on both sides of the reading: a page that was read after a removal, and may
/// hold what was said after it, is not handed out.
pub(crate) async fn guard(
    State(log): State<MessageLog>,
    InRoom(room): InRoom,
    caller: Caller,
    request: Request,
    next: Next,
) -> Result<Response, ProblemResponse> {
    must_be_let_in(&log, &room, &caller).await?;
    let response = next.run(request).await;
    if room.is_private() {
        must_be_let_in(&log, &room, &caller).await?;
    }
    Ok(response)
}

/// Fails for whoever may not read a room.
pub(crate) async fn must_be_let_in(
    log: &MessageLog,
    room: &RoomId,
    caller: &Caller,
) -> Result<(), ProblemResponse> {
    let standing = match caller.user() {
        Some(user) => log.standing(room, user).await,
        None => Ok(Standing::default()),
    };
    must_be_admitted(&standing.map_err(|error| problem_of(&error))?, room)
}

/// Fails where a standing lets nobody read a room; that of whoever is not known is none.
pub(crate) fn must_be_admitted(standing: &Standing, room: &RoomId) -> Result<(), ProblemResponse> {
    if standing.admits_to(room) {
        Ok(())
    } else if room.is_private() {
        Err(no_such_room())
    } else {
        let until = standing.until;
        Err(Silence::Banned { until }.problem().into())
    }
}

/// The one answer to whoever is no member of a room, whether there is such a room or not.
pub(crate) fn no_such_room() -> ProblemResponse {
    Problem::new(
        ProblemCode::NotFound,
        "There is no such room, or you are no member of it.",
    )
    .into()
}
