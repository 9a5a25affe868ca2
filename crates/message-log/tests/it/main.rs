//! The log against a real Postgres: the one that `DATABASE_URL` names, shared by all tests, each
//! of which keeps to rooms of its own.

mod amend;
mod append;
mod changes;
mod corpus;
mod database;
mod epoch;
mod faults;
mod heads;
mod idempotency;
mod invitations;
mod migrate;
mod page;
mod presence;
mod room_life;
mod rooms;
mod search;
