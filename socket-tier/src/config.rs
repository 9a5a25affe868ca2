//! What the environment says (`contract.md`, section 6): the only reader of it in this crate.

use std::env;
use std::net::SocketAddr;
use std::time::Duration;

use access_token::Verifier;
use access_token::config::read_verifier;
use chat::AuthMode;
use fanout::config::read_mac_key;
use fanout::redis::MacKey;
use request_source::{Origins, ProxyHops};
use settings::{Faults, Logs, Profile, Settings};
use stomp::{HEARTBEAT_MS_MIN, Heartbeat};
use traces::TraceSettings;

use crate::addresses::AddressCap;
use crate::admin::AdminToken;
use crate::limits::{
    DRAIN_NOTICE_MS_MAX, HEARTBEAT_MS_MAX, PRESENCE_LEASE, PRESENCE_LEASE_MAX, PRESENCE_LEASE_MIN,
};

/// The configuration of an instance that runs by itself.
#[derive(Debug)]
pub struct Config {
    /// What it listens on and whom it lets in.
    pub rim: Rim,
    /// `DATABASE_URL`.
    pub database_url: String,
    /// `REDIS_URL`.
    pub redis_url: String,
    /// `FANOUT_SECRET`.
    pub fanout_key: Option<MacKey>,
    /// `JWT_ISSUER`, `JWT_AUDIENCE` and `JWT_PUBLIC_KEYS`; without them no token is good.
    pub verifier: Verifier,
    /// `SESSIONS_TABLE`; absent where no token can be good.
    pub sessions_table: Option<String>,
    /// `ADMIN_LISTEN` and `ADMIN_TOKEN`; absent, operators ask nothing.
    pub admin: Option<Admin>,
    /// `RUST_LOG` and `LOG_FORMAT`.
    pub logs: Logs,
    /// What begins with `OTEL_`.
    pub traces: TraceSettings,
    /// `FAILPOINTS`.
    #[cfg(feature = "failpoints")]
    pub failpoints: Vec<crate::failpoints::Failpoint>,
}

/// Where operators ask an instance, and how they show who they are.
#[derive(Clone, Debug)]
pub struct Admin {
    /// `ADMIN_LISTEN`: a listener of its own, so that no proxy leads to it by mistake.
    pub listen: SocketAddr,
    /// `ADMIN_TOKEN`.
    pub token: AdminToken,
}

impl Admin {
    fn read(settings: &mut Settings<'_>) -> Option<Self> {
        let listen = settings.parsed(
            "ADMIN_LISTEN",
            "an address and a port such as 127.0.0.1:9000",
        );
        let token = settings.text("ADMIN_TOKEN");
        match (listen, token) {
            (Some(listen), Some(token)) => match AdminToken::new(&token) {
                Some(token) => return Some(Self { listen, token }),
                None => settings.fault(
                    "ADMIN_TOKEN",
                    "is shorter than 32 characters; `openssl rand -hex 32` makes one",
                ),
            },
            (Some(_), None) => settings.fault(
                "ADMIN_TOKEN",
                "is not set, and ADMIN_LISTEN is; `openssl rand -hex 32` makes one",
            ),
            (None, _) => {}
        }
        None
    }
}

/// What a server that contains the socket tier listens on and whom it lets in.
#[derive(Debug)]
pub struct Rim {
    /// `PROFILE`.
    pub profile: Profile,
    /// `LISTEN`: address and port; port 0 takes a free one.
    pub listen: SocketAddr,
    /// `CORS_ALLOWED_ORIGINS`.
    pub origins: Origins,
    /// `TRUSTED_PROXY_HOPS`.
    pub proxy_hops: ProxyHops,
    /// `CONNECTIONS_PER_ADDRESS_MAX`.
    pub address_cap: AddressCap,
    /// `AUTH_MODE`.
    pub auth_mode: AuthMode,
    /// `HEARTBEAT_MS`: the heart-beats offered to clients, both ways.
    pub heartbeat: Heartbeat,
    /// `DRAIN_NOTICE_MS`: how long an instance that is told to stop says that it is not ready before
    /// it lets nobody in.
    pub drain_notice: Duration,
    /// `PRESENCE_LEASE_SECONDS`: how long what an instance says of its people holds after it was last
    /// heard.
    pub presence_lease: Duration,
}

impl Config {
    /// Reads the environment of the process.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn from_env() -> Result<Self, Faults> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a config.rs reads the environment"
        )]
        let mut settings = Settings::new(|name| env::var_os(name));
        let rim = Rim::read(&mut settings);
        let database_url = settings.required_text(
            "DATABASE_URL",
            "the address of Postgres, such as postgres://user:password@host:5432/chat",
        );
        let redis_url = settings.required_text(
            "REDIS_URL",
            "the address of Redis, such as redis://host:6379",
        );
        let fanout_key = read_mac_key(&mut settings, rim.profile, redis_url.is_some());
        let verifier = read_verifier(&mut settings, rim.auth_mode);
        let sessions_table = settings.text("SESSIONS_TABLE");
        if sessions_table.is_none() && !verifier.keys().keys().is_empty() {
            settings.fault(
                "SESSIONS_TABLE",
                "is not set, and without it nobody knows which tokens were revoked; set it to the \
                 name of the table in DynamoDB",
            );
        }
        let admin = Admin::read(&mut settings);
        let logs = Logs::read(&mut settings);
        let traces = TraceSettings::read(&mut settings);
        #[cfg(feature = "failpoints")]
        let failpoints = read_failpoints(&mut settings);
        #[cfg(not(feature = "failpoints"))]
        if settings.text("FAILPOINTS").is_some() {
            settings.fault("FAILPOINTS", "is set, and this build has no failpoints");
        }
        settings.finish()?;
        Ok(Self {
            rim,
            verifier,
            sessions_table,
            database_url: database_url.unwrap_or_default(),
            redis_url: redis_url.unwrap_or_default(),
            admin,
            fanout_key,
            logs,
            traces,
            #[cfg(feature = "failpoints")]
            failpoints,
        })
    }
}

#[cfg(feature = "failpoints")]
fn read_failpoints(settings: &mut Settings<'_>) -> Vec<crate::failpoints::Failpoint> {
    let listed = settings.list("FAILPOINTS").into_iter();
    let parsed: Result<_, _> = listed.map(|text| text.parse()).collect();
    parsed.unwrap_or_else(|error: crate::failpoints::NoFailpoint| {
        let names = crate::failpoints::NAMES.join(", ");
        settings.fault("FAILPOINTS", format!("{error}; the names are {names}"));
        Vec::new()
    })
}

impl Rim {
    /// Where a server listens that is told nothing else: reachable from this machine alone.
    pub const LISTEN_DEFAULT: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

    /// Reads `LISTEN` alone.
    ///
    /// # Errors
    /// It is no address.
    pub fn listen_from_env() -> Result<SocketAddr, Faults> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a config.rs reads the environment"
        )]
        let mut settings = Settings::new(|name| env::var_os(name));
        let listen = Self::read_listen(&mut settings);
        settings.finish()?;
        Ok(listen)
    }

    fn read_listen(settings: &mut Settings<'_>) -> SocketAddr {
        settings
            .parsed("LISTEN", "an address and a port such as 127.0.0.1:8080")
            .unwrap_or(Self::LISTEN_DEFAULT)
    }

    /// Reads `PROFILE`, `LISTEN`, `CORS_ALLOWED_ORIGINS`, `TRUSTED_PROXY_HOPS`,
    /// `CONNECTIONS_PER_ADDRESS_MAX`, `AUTH_MODE`, `HEARTBEAT_MS`, `DRAIN_NOTICE_MS` and
    /// `PRESENCE_LEASE_SECONDS`.
    pub fn read(settings: &mut Settings<'_>) -> Self {
        let listen = Self::read_listen(settings);
        let origins = Origins::read(settings);
        let proxy_hops = ProxyHops::read(settings);
        let address_cap = AddressCap::read(settings);
        let auth_mode = settings
            .parsed("AUTH_MODE", "one of required, optional")
            .unwrap_or(AuthMode::Required);
        Self {
            profile: Profile::read(settings),
            listen,
            origins,
            proxy_hops,
            address_cap,
            auth_mode,
            heartbeat: read_heartbeat(settings),
            drain_notice: read_drain_notice(settings),
            presence_lease: read_presence_lease(settings),
        }
    }
}

fn read_drain_notice(settings: &mut Settings<'_>) -> Duration {
    const NAME: &str = "DRAIN_NOTICE_MS";
    match settings.parsed(NAME, "a number of milliseconds") {
        None => Duration::ZERO,
        Some(ms) if ms <= DRAIN_NOTICE_MS_MAX => Duration::from_millis(ms),
        Some(ms) => {
            settings.fault(NAME, format!("{ms} is more than {DRAIN_NOTICE_MS_MAX}"));
            Duration::ZERO
        }
    }
}

fn read_presence_lease(settings: &mut Settings<'_>) -> Duration {
    const NAME: &str = "PRESENCE_LEASE_SECONDS";
    let (min, max) = (PRESENCE_LEASE_MIN, PRESENCE_LEASE_MAX);
    let lease = settings.parsed(NAME, "a number of seconds");
    match lease.map(Duration::from_secs) {
        None => PRESENCE_LEASE,
        Some(lease) if (min..=max).contains(&lease) => lease,
        Some(lease) => {
            let [lease, min, max] = [lease, min, max].map(|time| time.as_secs());
            settings.fault(NAME, format!("{lease} is not between {min} and {max}"));
            PRESENCE_LEASE
        }
    }
}

fn read_heartbeat(settings: &mut Settings<'_>) -> Heartbeat {
    const NAME: &str = "HEARTBEAT_MS";
    let allowed = HEARTBEAT_MS_MIN..=HEARTBEAT_MS_MAX;
    match settings.parsed(NAME, "a number of milliseconds") {
        None => Heartbeat::default(),
        Some(ms) if allowed.contains(&ms) => Heartbeat::every_ms(ms),
        Some(ms) => {
            let (min, max) = allowed.into_inner();
            settings.fault(NAME, format!("{ms} is not between {min} and {max}"));
            Heartbeat::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is made of one setting where no other is there.
    fn read<T>(name: &str, value: &str, part: fn(Rim) -> T) -> Result<T, Faults> {
        let mut settings = Settings::new(|asked| (asked == name).then(|| value.into()));
        let read = part(Rim::read(&mut settings));
        settings.finish().map(|()| read)
    }

    fn read_notice(ms: &str) -> Result<Duration, Faults> {
        read("DRAIN_NOTICE_MS", ms, |rim| rim.drain_notice)
    }

    #[test]
    fn an_instance_leaves_without_notice_unless_told_otherwise() {
        assert_eq!(read_notice(""), Ok(Duration::ZERO));
        assert_eq!(read_notice("2500"), Ok(Duration::from_millis(2_500)));
        for wrong in ["10001", "-1", "soon"] {
            let faults = read_notice(wrong).expect_err(wrong);
            assert!(
                faults.to_string().starts_with("DRAIN_NOTICE_MS"),
                "{faults}"
            );
        }
    }

    fn read_lease(seconds: &str) -> Result<Duration, Faults> {
        read("PRESENCE_LEASE_SECONDS", seconds, |rim| rim.presence_lease)
    }

    #[test]
    fn who_was_on_a_dead_instance_is_gone_within_a_minute_whatever_was_chosen() {
        assert_eq!(read_lease(""), Ok(Duration::from_secs(30)));
        assert_eq!(read_lease("3"), Ok(Duration::from_secs(3)));
        for wrong in ["0", "2", "51", "soon"] {
            let faults = read_lease(wrong).expect_err(wrong);
            assert!(
                faults.to_string().starts_with("PRESENCE_LEASE_SECONDS"),
                "{faults}"
            );
        }
    }

    fn read_heartbeat(ms: &str) -> Result<Heartbeat, Faults> {
        read("HEARTBEAT_MS", ms, |rim| rim.heartbeat)
    }

    #[test]
    fn heartbeats_come_every_ten_seconds_unless_told_otherwise() {
        assert_eq!(read_heartbeat(""), Ok(Heartbeat::every_ms(10_000)));
        assert_eq!(read_heartbeat("1000"), Ok(Heartbeat::every_ms(1_000)));
    }

    #[test]
    fn heartbeats_that_would_burden_or_not_notice_are_refused() {
        for wrong in ["0", "999", "60001", "soon"] {
            let faults = read_heartbeat(wrong).expect_err(wrong);
            assert!(faults.to_string().starts_with("HEARTBEAT_MS"), "{faults}");
        }
    }
}
