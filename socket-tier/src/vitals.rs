//! How Postgres is: at the start, and looked at all the time, which `/metrics` tells.

use std::sync::{Arc, Mutex, PoisonError};

use message_log::{Durability, MessageLog, ReadError};
use settings::Profile;
use tokio::time::{self, MissedTickBehavior};

use crate::limits::VITALS_INTERVAL;

/// What the last look at Postgres saw: whether it keeps what it confirms, or `None` where it did
/// not answer.
#[derive(Debug, Default)]
pub(crate) struct Vitals(Mutex<Option<Durability>>);

impl Vitals {
    /// What the last look saw.
    pub(crate) fn seen(&self) -> Option<Durability> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks now.
    pub(crate) async fn look(&self, log: &MessageLog) -> Option<Durability> {
        let looked = log.durability().await;
        let seen = looked.as_ref().ok().copied();
        let before = {
            let mut vitals = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *vitals, seen)
        };
        tell_change(before, looked);
        seen
    }
}

/// Looks again and again.
pub(crate) async fn watch(vitals: Arc<Vitals>, log: MessageLog) {
    let mut looks = time::interval(VITALS_INTERVAL);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        vitals.look(&log).await;
    }
}

/// Why an instance does not start on a Postgres.
#[derive(Debug, thiserror::Error)]
pub enum Forgetful {
    /// It may lose what it confirms.
    #[error(
        "Postgres does not keep what it confirms: {0} is off, and a crash loses receipted \
         messages; turn it on, or set PROFILE=development"
    )]
    Off(&'static str),
    /// It does not answer.
    #[error(transparent)]
    Unread(#[from] ReadError),
}

/// Lets an instance start in production only on a Postgres that keeps what it confirms.
///
/// # Errors
/// Says which setting of it is off, or that it cannot be asked.
pub async fn insist_on_durability(profile: Profile, log: &MessageLog) -> Result<(), Forgetful> {
    if !profile.is_production() {
        return Ok(());
    }
    let durability = log.durability().await?;
    if !durability.fsync {
        Err(Forgetful::Off("fsync"))
    } else if !durability.synchronous_commit {
        Err(Forgetful::Off("synchronous_commit"))
    } else {
        Ok(())
    }
}

fn tell_change(before: Option<Durability>, looked: Result<Durability, ReadError>) {
    match (before, looked) {
        (Some(_), Err(error)) => {
            tracing::error!(%error, "Postgres is away; what is sent is refused");
        }
        (None, Ok(durability)) if durability.is_kept() => tracing::info!("Postgres answers"),
        (before, Ok(durability)) if before != Some(durability) && !durability.is_kept() => {
            tracing::warn!(
                fsync = durability.fsync,
                synchronous_commit = durability.synchronous_commit,
                "Postgres does not keep what it confirms: a crash of it may lose receipted messages"
            );
        }
        _ => {}
    }
}
