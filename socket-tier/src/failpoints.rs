//! Faults on the way of a message, which a test build can be told to make.
//!
//! They are there with the feature `failpoints` alone, in the program `socket-tier-failpoints`;
//! everywhere else a passage does nothing, and a release build with the feature does not compile:
//!
//! ```console
//! $ cargo build --workspace --features socket-tier/failpoints --bin socket-tier-failpoints
//! $ FAILPOINTS=before-publish:100,slow-commit:500 target/debug/socket-tier-failpoints
//! ```
//!
//! `FAILPOINTS` lists `name:n`, comma-separated. Passages are counted over the whole instance.
//!
//! | name | at the `n`th passage |
//! | --- | --- |
//! | `before-commit` | dies between INSERT and COMMIT of a batch |
//! | `after-commit` | dies between the COMMIT of a batch and its RECEIPTs |
//! | `before-publish` | dies between a message's RECEIPT and telling the other instances |
//!
//! | name | at every `n`th passage |
//! | --- | --- |
//! | `panic` | a session panics where it takes a SEND to a room |
//! | `unpublished` | tells no instance of a stored message, which repair has to make good |
//! | `lose` | tells no listener of a change, and takes it for told |
//! | `double` | tells the listeners of a change twice |
//! | `swap` | tells the listeners of a change behind the next one of its room |
//! | `receipt-unstored` | answers a SEND with a RECEIPT and stores nothing |
//! | `refuse-stored` | answers a SEND as refused though its message is stored |
//! | `double-row` | stores a message once more, under a tempId that nobody sent |
//! | `later-version` | tells the others of an event in an envelope, or as a type, that only a later version knows; every event has members that only a later version knows |
//!
//! | name | for `n` milliseconds, always |
//! | --- | --- |
//! | `slow-commit` | a batch waits before its COMMIT |
//! | `slow-hub` | the rooms' task rests before it takes an event, as a slow reader of the fan-out |
//!
//! `panic`, `unpublished`, `later-version` and those that die or are slow are faults that the promises
//! survive; the other six break a promise, so that whoever checks the promises can be seen to notice.

#[cfg(feature = "failpoints")]
mod armed;
#[cfg(not(feature = "failpoints"))]
mod unarmed;

#[cfg(feature = "failpoints")]
pub use armed::*;
#[cfg(not(feature = "failpoints"))]
pub(crate) use unarmed::*;
