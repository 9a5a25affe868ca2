//! What the function works with.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use access_token::{AccessToken, Claims, SignError, Signer, Subject, Verifier, VerifyError};
use chat::UserId;
use request_source::{Origins, ProxyHops};
use sessions::{Sessions, Unavailable};
use time::OffsetDateTime;

use crate::{AccountState, Accounts, AccountsError, Passwords};

/// What the function works with. Cloning shares it.
#[derive(Clone)]
pub struct State {
    /// Where the accounts are.
    pub accounts: Accounts,
    /// Where sessions, revocations and throttles are.
    pub sessions: Arc<dyn Sessions>,
    /// Who hashes passwords.
    pub passwords: Passwords,
    /// Who signs and verifies access tokens.
    pub tokens: Tokens,
    /// Whose pages may call.
    pub origins: Origins,
    /// How many proxies of one's own stand in front.
    pub proxy_hops: ProxyHops,
    /// What tells the time.
    pub clock: Clock,
}

/// Signs access tokens, and verifies its own. Cloning shares the keys.
#[derive(Clone, Debug)]
pub struct Tokens {
    signer: Arc<Signer>,
    verifier: Arc<Verifier>,
    lifetime: Duration,
}

/// Tells the time: the system's, or in tests any other.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> OffsetDateTime + Send + Sync>);

/// Why an account was not disabled, or not to the end. To disable it again is safe.
#[derive(Clone, Debug, thiserror::Error)]
pub enum DisableError {
    /// The account is as it was.
    #[error(transparent)]
    Account(#[from] AccountsError),
    /// Nobody logs in to it any more; who is in may still be in, until the token expires.
    #[error(transparent)]
    Sessions(#[from] Unavailable),
}

impl State {
    /// Disables an account and ends its sessions, by which its open sockets are closed everywhere;
    /// `false` where there is no such account. In this order: nobody can begin a session in between
    /// that outlives its first check.
    ///
    /// # Errors
    /// Says which half was not done.
    pub async fn disable(&self, user: UserId) -> Result<bool, DisableError> {
        let known = self
            .accounts
            .set_state(user, AccountState::Disabled)
            .await?;
        self.sessions.end_all(user, self.clock.now()).await?;
        Ok(known)
    }
}

impl Tokens {
    /// Issues tokens that live for `lifetime`, at most [`access_token::LIFETIME_MAX`].
    pub fn new(signer: Signer, lifetime: Duration) -> Self {
        let verifier = Verifier::new(signer.parties(), signer.published().clone());
        Self {
            signer: Arc::new(signer),
            verifier: Arc::new(verifier),
            lifetime,
        }
    }

    /// Who signs.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// Who accepts what the signer signs, and what is signed with the other published keys.
    pub fn verifier(&self) -> &Arc<Verifier> {
        &self.verifier
    }

    pub(crate) fn sign(
        &self,
        subject: Subject,
        now: OffsetDateTime,
    ) -> Result<(AccessToken, Claims), SignError> {
        self.sign_for(subject, None, now)
    }

    /// Signs a token that lives as long as is wished, but no longer than any other.
    pub(crate) fn sign_for(
        &self,
        subject: Subject,
        wished: Option<Duration>,
        now: OffsetDateTime,
    ) -> Result<(AccessToken, Claims), SignError> {
        let lifetime = wished.map_or(self.lifetime, |wished| wished.min(self.lifetime));
        self.signer.sign(subject, lifetime, now)
    }

    pub(crate) fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Claims, VerifyError> {
        self.verifier.verify(token, now)
    }
}

impl Clock {
    /// The clock of the system.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "this is where `now` comes from")]
        Self(Arc::new(OffsetDateTime::now_utc))
    }

    /// A clock that shows what `now` returns.
    pub fn showing(now: impl Fn() -> OffsetDateTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// What it shows.
    pub fn now(&self) -> OffsetDateTime {
        (self.0)()
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State")
            .field("accounts", &self.accounts)
            .field("tokens", &self.tokens)
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
