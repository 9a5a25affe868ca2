//! The function against a real Postgres, the one that `DATABASE_URL` names.

mod api;
mod attacks;
mod away;
mod cookies;
mod dynamo;
mod events;
mod flood;
mod guests;
mod keys;
mod lambda;
mod life;
mod logs;
mod password;
mod people;
mod revocation;
mod throttles;
mod timing;
