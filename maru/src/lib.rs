//! The whole chat in one process.

#[cfg(feature = "embedded")]
pub mod embedded;
