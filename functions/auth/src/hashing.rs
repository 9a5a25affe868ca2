//! Passwords and their hashes.

mod line;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::password_hash::phc::{PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use request_source::Address;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::password::Password;
use line::{Line, Permit};

/// Hashes and checks passwords with argon2id (RFC 9106), a few at a time.
///
/// Each hash takes tens of milliseconds of a core and megabytes of memory, which is its purpose; so
/// at most [`HashingLimits::at_once`] run and [`HashingLimits::waiting_max`] wait, whatever
/// strangers ask for. Cloning shares both.
#[derive(Clone)]
pub struct Passwords(Arc<Shared>);

struct Shared {
    argon2: Argon2<'static>,
    /// Stands in for the hash of an account that does not exist.
    decoy: Box<str>,
    line: Line,
    made: AtomicU64,
}

/// How long somebody waits for his turn before he is told to come back: less than a request may take.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);

/// What one hash costs, whoever computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory, in KiB (m).
    pub memory_kib: u32,
    /// Passes over it (t).
    pub passes: u32,
}

/// How much is hashed at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashingLimits {
    /// How many hashes are computed at once: more than there are cores makes none of them faster.
    pub at_once: usize,
    /// How many may wait for their turn. Beyond it, who asked most is refused.
    pub waiting_max: usize,
}

/// Says that more is waiting to be hashed than can be done soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords wait to be hashed")]
pub struct Overloaded;

/// The turn of somebody to have something hashed, which ends when this is dropped and nothing is
/// being hashed for it any more.
pub(crate) struct Turn {
    shared: Arc<Shared>,
    permit: Arc<Permit>,
}

/// What came of a check.
#[derive(PartialEq, Eq)]
pub(crate) enum Checked {
    /// It is another password, or there is no such account.
    Wrong,
    /// It is the password. Where the stored hash is cheaper than today's, there is a new one.
    Right { rehashed: Option<String> },
}

impl HashCost {
    /// The least that OWASP's password storage cheat sheet recommends for argon2id.
    pub const RECOMMENDED: Self = Self {
        memory_kib: 19 * 1024,
        passes: 2,
    };

    fn params(self) -> Params {
        Params::new(self.memory_kib, self.passes, 1, None)
            .expect("a memory of 8 KiB or more and a pass or more are good parameters")
    }
}

impl HashingLimits {
    /// How many hashes run at once at most, however many cores there are: with the recommended cost
    /// they take 76 MiB.
    pub const AT_ONCE_MAX: usize = 4;

    /// How many wait by default: what one core does in about a second.
    pub const WAITING_MAX: usize = 32;

    /// For a machine of so many cores: one of them, where there is another, is left to everything
    /// else, so that a flood of log-ins does not keep sockets and answers waiting.
    pub fn for_cores(cores: usize) -> Self {
        Self {
            at_once: cores.saturating_sub(1).clamp(1, Self::AT_ONCE_MAX),
            waiting_max: Self::WAITING_MAX,
        }
    }
}

impl Passwords {
    /// Makes hashes of this cost, within these limits.
    ///
    /// # Panics
    /// A cost of less than 8 KiB or no pass is none.
    pub fn new(cost: HashCost, limits: HashingLimits) -> Self {
        let params = cost.params();
        let decoy = decoy(&params).into();
        Self(Arc::new(Shared {
            argon2: Argon2::new(Algorithm::Argon2id, Version::V0x13, params),
            decoy,
            line: Line::new(limits),
            made: AtomicU64::new(0),
        }))
    }

    /// How many hashes were computed so far.
    pub fn made(&self) -> u64 {
        self.0.made.load(Ordering::Relaxed)
    }

    /// Waits for the turn of somebody at this address. What has to be read before something can be
    /// hashed is best read in this turn: a flood then asks the store for no more than is hashed.
    pub(crate) async fn turn(&self, from: Address) -> Result<Turn, Overloaded> {
        let entered = timeout(TURN_WAIT_MAX, self.0.line.enter(from));
        let permit = entered.await.map_err(|_| Overloaded)??;
        Ok(Turn {
            shared: Arc::clone(&self.0),
            permit: Arc::new(permit),
        })
    }
}

impl Turn {
    /// Hashes a new password; returns a PHC string.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, Overloaded> {
        self.work(move |shared| shared.hash(&password)).await
    }

    /// Checks a password against a stored hash, or, where there is none, against one that nobody's
    /// password fits: both take the same time.
    pub(crate) async fn check(
        &self,
        password: Password,
        stored: Option<String>,
    ) -> Result<Checked, Overloaded> {
        self.work(move |shared| shared.check(&password, stored))
            .await
    }

    /// Runs on a thread that may be busy for long. The permit goes along: a request that is given
    /// up does not make room while its hash is still being computed.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> Result<T, Overloaded> {
        let (shared, permit) = (Arc::clone(&self.shared), Arc::clone(&self.permit));
        let done = spawn_blocking(move || {
            let done = work(&shared);
            drop(permit);
            done
        });
        // It does not panic; where the runtime is shutting down it may not have begun.
        done.await.map_err(|_| Overloaded)
    }
}

impl Shared {
    fn hash(&self, password: &Password) -> String {
        self.made.fetch_add(1, Ordering::Relaxed);
        self.argon2
            .hash_password(password.as_bytes())
            .expect("the password is short, the parameters are good, and the system gives salt")
            .to_string()
    }

    fn check(&self, password: &Password, stored: Option<String>) -> Checked {
        let known = stored.is_some();
        let text = stored.as_deref().unwrap_or(&self.decoy);
        let Ok(hash) = PasswordHash::new(text) else {
            // A row that nobody can log in to is a fault of whoever wrote it.
            tracing::error!("a stored password hash cannot be read");
            return Checked::Wrong;
        };
        self.made.fetch_add(1, Ordering::Relaxed);
        let fits = self
            .argon2
            .verify_password(password.as_bytes(), &hash)
            .is_ok();
        if !(fits && known) {
            return Checked::Wrong;
        }
        Checked::Right {
            rehashed: self.is_dated(&hash).then(|| self.hash(password)),
        }
    }

    /// Whether a hash is cheaper to guess at than those that are made today.
    fn is_dated(&self, hash: &PasswordHash) -> bool {
        let Ok(then) = Params::try_from(hash) else {
            return true;
        };
        let today = self.argon2.params();
        hash.algorithm != Algorithm::Argon2id.ident()
            || hash.version != Some(Version::V0x13.into())
            || then.m_cost() < today.m_cost()
            || then.t_cost() < today.t_cost()
    }
}

/// A hash of this cost that fits no password: its output was never computed.
fn decoy(params: &Params) -> String {
    let salt = Salt::new(&[0x6d; 16]).expect("16 bytes are a salt");
    format!(
        "$argon2id$v=19$m={},t={},p={}${salt}${}",
        params.m_cost(),
        params.t_cost(),
        params.p_cost(),
        "A".repeat(43),
    )
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords")
            .field("made", &self.made())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    const CHEAP: HashCost = HashCost {
        memory_kib: 64,
        passes: 1,
    };

    fn passwords(cost: HashCost) -> Passwords {
        Passwords::new(
            cost,
            HashingLimits {
                at_once: 1,
                waiting_max: 1,
            },
        )
    }

    impl Passwords {
        async fn hash(&self, password: Password, from: Address) -> Result<String, Overloaded> {
            self.turn(from).await?.hash(password).await
        }

        async fn check(
            &self,
            password: Password,
            stored: Option<String>,
            from: Address,
        ) -> Result<Checked, Overloaded> {
            self.turn(from).await?.check(password, stored).await
        }
    }

    fn here() -> Address {
        IpAddr::V4(Ipv4Addr::LOCALHOST).into()
    }

    fn typed(text: &str) -> Password {
        Password::typed(text.into()).expect("short")
    }

    #[tokio::test]
    async fn a_hash_names_its_cost_and_fits_its_password_alone() {
        let passwords = passwords(HashCost::RECOMMENDED);
        let hash = passwords
            .hash(typed("correct horse"), here())
            .await
            .expect("hashed");
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        let again = passwords
            .hash(typed("correct horse"), here())
            .await
            .expect("hashed");
        assert_ne!(hash, again, "each hash has its own salt");

        let right = passwords
            .check(typed("correct horse"), Some(hash.clone()), here())
            .await;
        assert!(right == Ok(Checked::Right { rehashed: None }));
        let wrong = passwords
            .check(typed("correct horse "), Some(hash), here())
            .await;
        assert!(wrong == Ok(Checked::Wrong));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_too_long_is_told_to_come_back() {
        let passwords = passwords(CHEAP);
        let held = passwords.turn(here()).await.expect("nobody is there");
        let began = tokio::time::Instant::now();
        assert!(matches!(passwords.turn(here()).await, Err(Overloaded)));
        assert_eq!(began.elapsed(), TURN_WAIT_MAX);
        drop(held);
        assert!(passwords.turn(here()).await.is_ok());
    }

    #[tokio::test]
    async fn an_unknown_account_costs_exactly_what_a_wrong_password_costs() {
        let passwords = passwords(CHEAP);
        let hash = passwords
            .hash(typed("right"), here())
            .await
            .expect("hashed");
        for stored in [Some(hash), None] {
            let before = passwords.made();
            let checked = passwords.check(typed("wrong"), stored, here()).await;
            assert!(checked == Ok(Checked::Wrong));
            assert_eq!(passwords.made() - before, 1);
        }
    }

    #[test]
    fn the_decoy_has_the_cost_of_a_hash_of_today() {
        for cost in [CHEAP, HashCost::RECOMMENDED] {
            let params = cost.params();
            let text = decoy(&params);
            let hash = PasswordHash::new(&text).expect("a PHC string");
            let read = Params::try_from(&hash).expect("parameters");
            assert_eq!(
                (read.m_cost(), read.t_cost()),
                (cost.memory_kib, cost.passes)
            );
            assert_eq!(
                hash.hash.expect("an output").len(),
                Params::DEFAULT_OUTPUT_LEN
            );
        }
    }

    #[tokio::test]
    async fn a_hash_is_made_anew_where_the_cost_has_risen_and_only_there() {
        let dearer = HashCost { passes: 2, ..CHEAP };
        let old = passwords(CHEAP)
            .hash(typed("secret"), here())
            .await
            .expect("hashed");
        let passwords = passwords(dearer);
        let checked = passwords
            .check(typed("secret"), Some(old.clone()), here())
            .await;
        let Ok(Checked::Right {
            rehashed: Some(new),
        }) = checked
        else {
            panic!("the password fits and its hash is dated");
        };
        assert!(new.contains("m=64,t=2,p=1"), "{new}");
        let checked = passwords
            .check(typed("secret"), Some(new.clone()), here())
            .await;
        assert!(checked == Ok(Checked::Right { rehashed: None }));
        // Who guesses wrong makes no work.
        let checked = passwords.check(typed("guess"), Some(old), here()).await;
        assert!(checked == Ok(Checked::Wrong));
        let lowered = super::tests::passwords(CHEAP)
            .check(typed("secret"), Some(new), here())
            .await;
        assert!(lowered == Ok(Checked::Right { rehashed: None }));
    }

    #[tokio::test]
    async fn a_row_that_holds_no_hash_lets_nobody_in() {
        for stored in ["", "secret", "$argon2id$", "$2b$10$abcdefghijklmnopqrstuv"] {
            let checked = passwords(CHEAP)
                .check(typed("secret"), Some(stored.into()), here())
                .await;
            assert!(checked == Ok(Checked::Wrong), "{stored}");
        }
    }
}
