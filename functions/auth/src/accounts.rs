//! The accounts in Postgres: the only SQL on them.

mod database;
mod error;
mod migrate;

use access_token::Role;
use chat::{Nickname, UserId};
use sqlx::Row;
use sqlx::postgres::PgRow;
use time::OffsetDateTime;

use crate::email::Email;
use database::{Attempts, Database};

pub use error::{AccountsError, Cause, MigrateError, OpenError};

/// The accounts, in one Postgres. Cloning shares the connections.
///
/// The SQL runs on PostgreSQL 15 and later, and on the one embedded in `maru`: every call but
/// [`migrate`](Self::migrate) is one statement, and nothing keeps session state.
#[derive(Clone, Debug)]
pub struct Accounts(Database);

/// An account, without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id, for ever.
    pub id: UserId,
    /// The name with which its owner logs in, as it was typed.
    pub email: Email,
    /// The name under which its owner speaks.
    pub nickname: Nickname,
    /// What its owner may do.
    pub role: Role,
    /// Whether its owner may do anything at all.
    pub state: AccountState,
}

/// Whether an account is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It is.
    Active,
    /// Nobody logs in to it or renews a token of it.
    Disabled,
}

/// What an account is made of.
pub(crate) struct NewAccount {
    pub(crate) id: UserId,
    pub(crate) email: Email,
    pub(crate) nickname: Nickname,
    pub(crate) password_hash: String,
    pub(crate) created_at: OffsetDateTime,
}

/// What a log-in is checked against.
pub(crate) struct Credentials {
    pub(crate) user: UserId,
    pub(crate) password_hash: String,
}

impl Accounts {
    /// Prepares the accounts at a `postgres://` URL and dials when they are first used, with at
    /// most `connections_max` connections. Is to be called inside a Tokio runtime.
    ///
    /// # Errors
    /// Says what is wrong with the URL.
    pub fn open(url: &str, connections_max: u32) -> Result<Self, OpenError> {
        Database::open(url, connections_max).map(Self)
    }

    /// Makes the table, or brings it up to date; does nothing where it is. Any number of instances
    /// may call it at once. Migrations that a newer release has made are left alone, so that a
    /// release can be rolled back.
    ///
    /// # Errors
    /// Nothing was changed: all migrations are one transaction.
    pub async fn migrate(&self) -> Result<(), MigrateError> {
        migrate::migrate(&self.0).await
    }

    /// Makes sure that Postgres answers a query.
    ///
    /// # Errors
    /// Postgres is away or too slow.
    pub async fn ping(&self) -> Result<(), AccountsError> {
        let statement = || sqlx::query("SELECT 1");
        self.0.fetch(Attempts::Two, statement).await.map(|_| ())
    }

    /// Ends all connections, once what runs on them is done.
    pub async fn close(&self) {
        self.0.close().await;
    }

    /// The account of that id.
    ///
    /// # Errors
    /// Postgres does not answer, or not usefully.
    pub async fn find(&self, user: UserId) -> Result<Option<Account>, AccountsError> {
        let statement = || {
            sqlx::query("SELECT id, email, nickname, role, state FROM account WHERE id = $1")
                .bind(user.0)
        };
        let row = self.0.fetch(Attempts::Two, statement).await?;
        row.map(|row| account(&row)).transpose()
    }

    /// Disables an account or takes it into use again; `false` where there is none. Its sessions
    /// are another matter: see [`State::disable`](crate::State::disable).
    ///
    /// # Errors
    /// Postgres does not answer, or not usefully.
    pub async fn set_state(
        &self,
        user: UserId,
        state: AccountState,
    ) -> Result<bool, AccountsError> {
        let statement = || {
            sqlx::query("UPDATE account SET state = $2 WHERE id = $1 RETURNING id")
                .bind(user.0)
                .bind(state.as_str())
        };
        let row = self.0.fetch(Attempts::Two, statement).await?;
        Ok(row.is_some())
    }

    /// Gives an account another role; `false` where there is none. It stands in tokens that are
    /// issued from now on.
    ///
    /// # Errors
    /// Postgres does not answer, or not usefully.
    pub async fn set_role(&self, user: UserId, role: Role) -> Result<bool, AccountsError> {
        let statement = || {
            sqlx::query("UPDATE account SET role = $2 WHERE id = $1 RETURNING id")
                .bind(user.0)
                .bind(role.as_str())
        };
        let row = self.0.fetch(Attempts::Two, statement).await?;
        Ok(row.is_some())
    }

    /// Stores a new account, a member in use; `None` where the e-mail has one already.
    pub(crate) async fn create(&self, new: NewAccount) -> Result<Option<Account>, AccountsError> {
        let statement = || {
            sqlx::query(
                "INSERT INTO account (id, email, nickname, password_hash, created_at) \
                 VALUES ($1, $2, $3, $4, $5) \
                 ON CONFLICT (lower(email)) DO NOTHING \
                 RETURNING id, email, nickname, role, state",
            )
            .bind(new.id.0)
            .bind(new.email.as_str())
            .bind(new.nickname.as_str())
            .bind(&new.password_hash)
            .bind(new.created_at)
        };
        // Asked again after it was made, it would tell its own owner that it was there before.
        let row = self.0.fetch(Attempts::One, statement).await?;
        row.map(|row| account(&row)).transpose()
    }

    /// What to check a log-in with this e-mail against.
    pub(crate) async fn credentials(
        &self,
        email: &Email,
    ) -> Result<Option<Credentials>, AccountsError> {
        let key = email.key();
        let statement = || {
            sqlx::query("SELECT id, password_hash FROM account WHERE lower(email) = $1").bind(&key)
        };
        let row = self.0.fetch(Attempts::Two, statement).await?;
        row.map(|row| {
            Ok(Credentials {
                user: UserId(row.try_get("id")?),
                password_hash: row.try_get("password_hash")?,
            })
        })
        .transpose()
    }

    /// Replaces the hash of the password by another, of the same password or of a new one; `false`
    /// where it was replaced meanwhile.
    pub(crate) async fn replace_hash(
        &self,
        user: UserId,
        from: &str,
        to: &str,
    ) -> Result<bool, AccountsError> {
        let statement = || {
            sqlx::query(
                "UPDATE account SET password_hash = $3 \
                 WHERE id = $1 AND password_hash IN ($2, $3) RETURNING id",
            )
            .bind(user.0)
            .bind(from)
            .bind(to)
        };
        // What the first attempt may have done, the second finds done.
        let row = self.0.fetch(Attempts::Two, statement).await?;
        Ok(row.is_some())
    }

    /// Whether this is the hash of the account's password now.
    pub(crate) async fn has_hash(&self, user: UserId, hash: &str) -> Result<bool, AccountsError> {
        let statement = || {
            sqlx::query("SELECT FROM account WHERE id = $1 AND password_hash = $2")
                .bind(user.0)
                .bind(hash)
        };
        let row = self.0.fetch(Attempts::Two, statement).await?;
        Ok(row.is_some())
    }
}

impl AccountState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }
}

fn account(row: &PgRow) -> Result<Account, AccountsError> {
    let nickname: &str = row.try_get("nickname")?;
    let email: &str = row.try_get("email")?;
    let role: &str = row.try_get("role")?;
    let state = match row.try_get("state")? {
        "active" => AccountState::Active,
        // Whatever else it may once be called: not in use.
        _ => AccountState::Disabled,
    };
    Ok(Account {
        id: UserId(row.try_get("id")?),
        email: Email::parse(email).map_err(|_| AccountsError::unreadable("email"))?,
        nickname: Nickname::parse(nickname).map_err(|_| AccountsError::unreadable("nickname"))?,
        role: Role::parse(role).ok_or_else(|| AccountsError::unreadable("role"))?,
        state,
    })
}
