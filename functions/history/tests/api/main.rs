//! The function against a real Postgres, the one that `DATABASE_URL` names.

mod api;
mod away;
mod entrance;
mod events;
mod lambda;
mod messages;
mod probes;
mod rooms;
