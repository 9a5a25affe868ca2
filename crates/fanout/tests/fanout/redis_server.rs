//! A server of the test's own, to be killed, stopped and paused.

use std::net::TcpListener;
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// A private server on a free port, from the binary that `REDIS_SERVER` names or `PATH` has.
/// It is killed when it is dropped.
pub(crate) struct RedisServer {
    pub(crate) port: u16,
    options: Vec<String>,
    process: Child,
}

impl RedisServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(free_port(), &[]).await
    }

    /// Starts on one port, with further options.
    pub(crate) async fn start_with(port: u16, options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        Self {
            port,
            process: spawn(port, &options).await,
            options,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills the server and waits for its end.
    pub(crate) async fn kill(&mut self) {
        self.process.kill().await.expect("it was running");
    }

    /// Starts again on the same port, empty.
    pub(crate) async fn start_again(&mut self) {
        self.process = spawn(self.port, &self.options).await;
    }

    /// Makes the process stand still, with its connections open.
    pub(crate) async fn freeze(&self) {
        self.signal("STOP").await;
    }

    /// Lets it go on.
    pub(crate) async fn thaw(&self) {
        self.signal("CONT").await;
    }

    async fn signal(&self, signal: &str) {
        let id = self.process.id().expect("it is running").to_string();
        let sent = Command::new("kill")
            .args([format!("-{signal}"), id])
            .status()
            .await
            .expect("kill can be run");
        assert!(sent.success());
    }
}

/// A port on which nobody listens.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound").port()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test finds its server as the test command says"
)]
async fn spawn(port: u16, options: &[String]) -> Child {
    let binary = std::env::var("REDIS_SERVER").unwrap_or_else(|_| "redis-server".to_owned());
    let mut process = Command::new(&binary)
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no"])
        .args(options)
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|error| {
            panic!(
                "this test starts a Redis of its own, and {binary} cannot be run ({error}): \
                 run `cargo xtask test`, or set REDIS_SERVER to a redis-server"
            )
        });
    let stdout = process.stdout.take().expect("it is piped");
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await.expect("its log is text") {
        if line.contains("Ready to accept connections") {
            return process;
        }
    }
    panic!("{binary} ended before it was ready");
}
