//! An embedded Postgres in a process of its own, for tests that kill it.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const FOLDER: &str = "MARU_TEST_CHILD_FOLDER";
const ANNOUNCEMENT: &str = "serving at ";

/// What [`Postgres::spawn`] starts: this test binary again, told to run this one test.
#[tokio::test]
#[ignore = "the child process of other tests"]
#[expect(
    clippy::disallowed_methods,
    reason = "the parent cannot pass an argument to a test"
)]
async fn child_serves_a_folder() {
    let folder = std::env::var_os(FOLDER).expect("the parent names a folder");
    maru::embedded::relocate_cache(Path::new(&folder)).expect("there is room to unpack");
    let served = maru::embedded::serve_until(
        Path::new(&folder),
        |_| {},
        |url| println!("\n{ANNOUNCEMENT}{url}"),
        async {
            // The parent closes the pipe, or is gone.
            let _ = tokio::io::stdin().read_u8().await;
        },
    );
    served.await.expect("the child serves");
}

pub(crate) struct Postgres {
    child: Child,
    /// Kept open: the child goes on printing.
    _output: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
}

impl Postgres {
    pub(crate) async fn spawn(folder: &Path) -> Self {
        Self::announced_by(command(folder)).await
    }

    /// As a user whose home cannot be written to.
    pub(crate) async fn spawn_homeless(folder: &Path) -> Self {
        let mut command = command(folder);
        command
            .env("HOME", "/dev/null")
            .env_remove("XDG_CACHE_HOME");
        Self::announced_by(command).await
    }

    async fn announced_by(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the child starts");
        let output = child.stdout.take().expect("its output is piped");
        let mut lines = BufReader::new(output).lines();
        let url = loop {
            let line = lines.next_line().await.expect("its output is text");
            let line = line.expect("it announces itself before it ends");
            if let Some(url) = line.strip_prefix(ANNOUNCEMENT) {
                break url.to_owned();
            }
        };
        Self {
            child,
            _output: lines,
            url,
        }
    }

    /// `kill -9`.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    pub(crate) async fn stop(mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().await.expect("it ends")
    }
}

/// Starts a child that is to fail, and gives what it said.
pub(crate) async fn failure(folder: &Path) -> String {
    let output = command(folder).output().await.expect("the child runs");
    assert!(!output.status.success());
    String::from_utf8(output.stderr).expect("its complaint is text")
        + &String::from_utf8(output.stdout).expect("its output is text")
}

fn command(folder: &Path) -> Command {
    let this = std::env::current_exe().expect("this test has a path");
    let mut command = Command::new(this);
    command
        .args([
            "--exact",
            "child::child_serves_a_folder",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    command
}
