//! The function against a real Postgres, the one that `DATABASE_URL` names.

mod api;
mod away;
mod entrance;
mod events;
mod house;
mod invitations;
mod lambda;
mod message;
mod messages;
mod probes;
mod room_life;
mod rooms;
mod search;
