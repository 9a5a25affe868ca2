//! Who may read a private room: its members.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use chat::{Problem, ProblemCode, RoomId};
use http_edge::ProblemResponse;
use message_log::MessageLog;

use crate::caller::Caller;
use crate::in_room::InRoom;
use crate::unread::problem_of;

/// Lets only members through to what was said in a private room.
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
    if !room.is_private() {
        return Ok(next.run(request).await);
    }
    must_be_member(&log, &room, &caller).await?;
    let response = next.run(request).await;
    must_be_member(&log, &room, &caller).await?;
    Ok(response)
}

async fn must_be_member(
    log: &MessageLog,
    room: &RoomId,
    caller: &Caller,
) -> Result<(), ProblemResponse> {
    let user = caller.user().ok_or_else(no_such_room)?;
    let role = log.role_in(room, user).await;
    match role.map_err(|error| problem_of(&error))? {
        Some(_) => Ok(()),
        None => Err(no_such_room()),
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
