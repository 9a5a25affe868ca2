//! As whom the clients come.

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;

use crate::endpoint::Endpoint;
use crate::http;
use crate::options::Options;

/// Where tokens come from.
pub(crate) enum Identity<'a> {
    /// Nobody has one: the deployment lets guests in (`AUTH_MODE=optional`).
    Anonymous,
    /// Everybody has the same.
    Token(&'a str),
    /// Everybody is a guest with a token of its own.
    Guests(&'a Endpoint),
}

/// What `POST /auth/guest` answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    access_token: String,
    expires_in: u64,
}

impl<'a> Identity<'a> {
    /// What the options say.
    pub(crate) fn of(options: &'a Options) -> Self {
        match (&options.token, &options.auth_url) {
            (Some(token), _) => Self::Token(token),
            (None, Some(auth)) => Self::Guests(auth),
            (None, None) => Self::Anonymous,
        }
    }

    /// The token of one client, good for at least `seconds`: a sender keeps its token for the whole
    /// run, for with another guest's it would be another sender.
    pub(crate) async fn token(&self, nickname: &str, seconds: u64) -> Result<Option<String>> {
        match self {
            Self::Anonymous => Ok(None),
            Self::Token(token) => Ok(Some((*token).to_owned())),
            Self::Guests(auth) => {
                let wish = json!({ "nickname": nickname });
                let grant: Grant = http::post(auth, "/auth/guest", &wish)
                    .await
                    .context("a guest's token was not given")?;
                anyhow::ensure!(
                    grant.expires_in >= seconds,
                    "a guest's token is good for {} s, and the run may take {seconds} s; choose a \
                     shorter --duration and --settle",
                    grant.expires_in,
                );
                Ok(Some(grant.access_token))
            }
        }
    }
}
