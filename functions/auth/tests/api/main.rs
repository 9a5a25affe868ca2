//! The function against a real Postgres, the one that `DATABASE_URL` names. What clients are promised is
//! asked for twice: over HTTP, and as they reach the Lambda, through an HTTP API.

/// How the function is asked.
#[derive(Clone, Copy)]
enum Way {
    /// The router itself.
    Http,
    /// Every request as the event that the gateway makes of it, every answer as it tells it.
    Lambda,
}

#[path = "."]
mod over_http {
    const WAY: super::Way = super::Way::Http;

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
    pub(crate) mod logs;
    mod password;
    mod people;
    mod revocation;
    mod throttles;
    mod timing;
}

#[path = "."]
#[expect(clippy::duplicate_mod, reason = "the same tests, the other way")]
mod as_lambda {
    const WAY: super::Way = super::Way::Lambda;

    mod api;
    mod attacks;
    mod cookies;
    mod guests;
    mod keys;
    mod life;
    mod password;
    mod revocation;
    mod throttles;
}
