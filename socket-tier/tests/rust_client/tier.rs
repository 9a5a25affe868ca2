//! A running socket tier.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};

/// The program itself, on the Postgres and Redis that the environment names. It ends with the test.
pub(crate) struct Tier {
    program: Child,
    address: SocketAddr,
}

impl Tier {
    pub(crate) fn starts() -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_socket-tier"))
            .env("LISTEN", "127.0.0.1:0")
            .env("AUTH_MODE", "optional")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let stdout = program.stdout.take().expect("it is piped");
        let address = BufReader::new(stdout)
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("listening on http://")?.parse().ok())
            .expect("it listens; DATABASE_URL and REDIS_URL name its servers, and `cargo xtask test` sets them");
        Self { program, address }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Tier {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
