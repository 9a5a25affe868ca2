//! Who is let in.

use std::str::FromStr;

/// Whether whoever comes has to bring an access token (`AUTH_MODE`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// Nobody is let in without one.
    #[default]
    Required,
    /// Who brings none is let in as a guest under any name; who brings a bad one is turned away.
    Optional,
}

/// Says that a text names no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("AUTH_MODE takes required or optional")]
pub struct AuthModeError;

impl FromStr for AuthMode {
    type Err = AuthModeError;

    fn from_str(text: &str) -> Result<Self, AuthModeError> {
        match text {
            "required" => Ok(Self::Required),
            "optional" => Ok(Self::Optional),
            _ => Err(AuthModeError),
        }
    }
}
