//! Of what there are as many as there may be, for people.

use message_log::{
    INVITATIONS_PER_ROOM_MAX, INVITATIONS_PER_USER_MAX, LINKS_PER_ROOM_MAX, Limit,
    ROOM_SANCTIONS_MAX, ROOMS_JOINED_MAX, ROOMS_OWNED_MAX,
};

/// Says what the limit is, and how to make place.
pub(super) fn detail(limit: Limit) -> String {
    match limit {
        Limit::RoomsOwned => format!(
            "You own {ROOMS_OWNED_MAX} rooms, as many as one may own; close one, or hand it on."
        ),
        Limit::RoomsJoined => {
            format!("You are in {ROOMS_JOINED_MAX} rooms, as many as one may be in; leave one.")
        }
        Limit::Members(max) => {
            format!("The room has {max} members, as many as it may have; one has to leave first.")
        }
        Limit::Sanctions => format!(
            "{ROOM_SANCTIONS_MAX} people are muted or banned in the room, as many as may be; lift \
             one of these."
        ),
        Limit::InvitationsOfRoom => format!(
            "The room has {INVITATIONS_PER_ROOM_MAX} invitations without an answer, as many as it \
             may have; take one back."
        ),
        Limit::InvitationsOfUser => format!(
            "Who is to be asked has {INVITATIONS_PER_USER_MAX} invitations to answer, as many as one \
             may have; try again when one is answered."
        ),
        Limit::Links => format!(
            "The room has {LINKS_PER_ROOM_MAX} links, as many as it may have; end one of these."
        ),
    }
}
