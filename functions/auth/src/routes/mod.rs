//! The routes, one file each.

pub(crate) mod discovery;
pub(crate) mod guest;
pub(crate) mod key_set;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod me;
pub(crate) mod password;
pub(crate) mod probes;
pub(crate) mod refresh;
pub(crate) mod session_end;
pub(crate) mod session_list;
pub(crate) mod signup;
pub(crate) mod verify;
