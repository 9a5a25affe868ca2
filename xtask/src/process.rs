//! A child process that does not outlive this one, nor leave children of its own.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

use crate::interrupt;
use crate::program::Account;
use crate::report::Stopwatch;

/// What every child takes for a wish to stop at once and in good order. (Postgres would take
/// SIGTERM for a wish to wait until its clients leave.)
const STOP: Signal = Signal::INT;
/// How long a child may take to stop before it is killed.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How often a server is asked whether it is ready.
const READY_POLL: Duration = Duration::from_millis(50);
/// How much of a server's log is shown when it did not start, in lines.
const LOG_LINES_SHOWN_MAX: usize = 20;

/// A running child, the leader of its own process group. Dropping it stops it: first by
/// asking, after [`STOP_MAX`] by force; whatever else is left of its group is killed.
pub(crate) struct Process {
    name: String,
    child: Child,
    events: Receiver<Event>,
    wake: Sender<Event>,
    state: State,
    log: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    /// Ended and not reaped: its number cannot be anybody else's yet.
    Exited,
    Reaped,
}

/// What ends a wait.
pub(crate) enum Event {
    /// The child has ended.
    Exited,
    /// The person at the terminal, or whoever runs us, wants it to end.
    Interrupted,
}

/// A command for `program` that dies with this process, where the system offers that, and
/// that runs under `account` where one is given.
///
/// `setpriv` (util-linux) replaces itself by the program; on systems without it a child is
/// stopped only where this process ends in an orderly way.
pub(crate) fn command(program: impl AsRef<OsStr>, account: Option<&Account>) -> Command {
    let setpriv = Path::new("/usr/bin/setpriv");
    if !setpriv.exists() {
        let mut command = Command::new(program);
        if let Some(account) = account {
            command.uid(account.uid).gid(account.gid);
        }
        return command;
    }
    let mut command = Command::new(setpriv);
    command.args(["--pdeathsig", "INT"]);
    if let Some(Account { uid, gid }) = account {
        command.arg(format!("--reuid={uid}"));
        command.arg(format!("--regid={gid}"));
        command.arg("--init-groups");
    }
    command.arg("--").arg(program);
    command
}

impl Process {
    /// Starts a step whose output goes to the terminal.
    ///
    /// # Errors
    /// Fails where the program cannot be started.
    pub(crate) fn step(name: &str, command: &mut Command) -> Result<Self> {
        Self::spawn(name, command, None)
    }

    /// Starts a server whose output goes to the file `log`.
    ///
    /// # Errors
    /// Fails where the program cannot be started or the file not be written.
    pub(crate) fn server(name: &str, command: &mut Command, log: &Path) -> Result<Self> {
        let output =
            File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        command.stdout(output.try_clone()?).stderr(output);
        Self::spawn(name, command, Some(log.to_owned()))
    }

    fn spawn(name: &str, command: &mut Command, log: Option<PathBuf>) -> Result<Self> {
        interrupt::check()?;
        let child = command
            .stdin(Stdio::null())
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let (wake, events) = mpsc::channel();
        let pid = Pid::from_child(&child);
        let on_exit = wake.clone();
        thread::spawn(move || {
            while let Err(rustix::io::Errno::INTR) = waitid(
                WaitId::Pid(pid),
                WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
            ) {}
            // Nobody listens any more where the process was dropped.
            let _ = on_exit.send(Event::Exited);
        });
        Ok(Self {
            name: name.to_owned(),
            child,
            events,
            wake,
            state: State::Running,
            log,
        })
    }

    /// Waits, at most `limit`, for the good end.
    ///
    /// # Errors
    /// Fails where it ends badly, with the end of its log. Fails, and stops it, on Ctrl-C and
    /// when the time is over.
    pub(crate) fn success(mut self, limit: Duration) -> Result<()> {
        interrupt::wake(self.wake.clone());
        // A signal that came just before had nobody to wake.
        interrupt::check()?;
        match self.events.recv_timeout(limit) {
            Ok(Event::Exited) => {}
            Ok(Event::Interrupted) => bail!("interrupted"),
            Err(_) => bail!("{} was still running after {limit:?}", self.name),
        }
        let status = self.reap()?;
        if !status.success() {
            bail!("{} ended with {status}{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// Waits, at most `limit`, until `ready` has an answer.
    ///
    /// # Errors
    /// Fails where the process ends before, with the end of its log, and when the time is over.
    pub(crate) fn until<T>(
        &mut self,
        limit: Duration,
        mut ready: impl FnMut() -> Option<T>,
    ) -> Result<T> {
        let waited = Stopwatch::start();
        loop {
            interrupt::check()?;
            if let Some(answer) = ready() {
                return Ok(answer);
            }
            if self.has_exited_after(READY_POLL) {
                bail!("{} ended at once{}", self.name, self.last_words());
            }
            if waited.elapsed() > limit {
                let words = self.last_words();
                bail!("{} was not ready after {limit:?}{words}", self.name);
            }
        }
    }

    /// Waits, at most `pause`, for an end that nobody asked for.
    ///
    /// # Errors
    /// Fails, with the end of its log, where it has ended.
    pub(crate) fn stays(&mut self, pause: Duration) -> Result<()> {
        if self.has_exited_after(pause) {
            bail!("{} ended{}", self.name, self.last_words());
        }
        Ok(())
    }

    fn has_exited_after(&mut self, pause: Duration) -> bool {
        match self.events.recv_timeout(pause) {
            Ok(Event::Exited) => self.state = State::Exited,
            Ok(Event::Interrupted) | Err(_) => {}
        }
        self.state == State::Exited
    }

    /// The end of the log, to be put behind a sentence.
    fn last_words(&self) -> String {
        let log = self.log.as_ref();
        let text = log.and_then(|log| fs::read_to_string(log).ok());
        let text = text.unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES_SHOWN_MAX)..]
            .iter()
            .map(|line| format!("\n    {line}"))
            .collect()
    }

    /// Sweeps the group, then reaps its leader: until it is reaped the group's number is its own.
    fn reap(&mut self) -> Result<ExitStatus> {
        // A failure means that there is nobody left.
        let _ = kill_process_group(self.group(), Signal::KILL);
        self.state = State::Reaped;
        Ok(self.child.wait()?)
    }

    fn ask_to_stop(&mut self) {
        // A failure means that there is nobody left to ask.
        let _ = kill_process_group(self.group(), STOP);
        let asked = Stopwatch::start();
        while let Some(left) = STOP_MAX.checked_sub(asked.elapsed()) {
            if self.has_exited_after(left) {
                return;
            }
        }
        eprintln!("{} did not stop within {STOP_MAX:?}: killed", self.name);
    }

    fn group(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.state == State::Running {
            self.ask_to_stop();
        }
        if self.state != State::Reaped {
            // The outcome of what was stopped is of no interest.
            let _ = self.reap();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    fn shell(script: &str) -> Command {
        let mut command = command("sh", None);
        command.args(["-c", script]);
        command
    }

    fn log() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let log = folder.path().join("log");
        (folder, log)
    }

    #[cfg(target_os = "linux")]
    fn is_running(pid: &str) -> bool {
        // A zombie is not running: nobody is left who could do something.
        fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
    }

    #[test]
    fn a_step_that_ends_badly_fails_with_its_status() {
        let step = |script| Process::step("shell", &mut shell(script)).expect("starts");
        step("exit 0").success(LONG).expect("a good end");
        let error = step("exit 3").success(LONG).expect_err("a bad end");
        assert_eq!(error.to_string(), "shell ended with exit status: 3");
    }

    #[test]
    fn a_step_that_takes_too_long_is_stopped() {
        let step = Process::step("shell", &mut shell("sleep 600")).expect("starts");
        let error = step
            .success(Duration::from_millis(1))
            .expect_err("too long");
        assert_eq!(error.to_string(), "shell was still running after 1ms");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_dropped_server_takes_its_children_along() {
        let (_folder, log) = log();
        let script = "sleep 600 & echo $! ; trap 'exit 0' INT; wait";
        let mut server = Process::server("parent", &mut shell(script), &log).expect("starts");
        let pid = server
            .until(LONG, || {
                let text = fs::read_to_string(&log).ok()?;
                text.ends_with('\n').then(|| text.trim().to_owned())
            })
            .expect("says the number of its child");
        assert!(is_running(&pid));
        drop(server);
        // The system has been told; it needs a moment to do it.
        let told = Stopwatch::start();
        while is_running(&pid) {
            assert!(told.elapsed() < LONG, "the child is still there");
            thread::yield_now();
        }
    }

    #[test]
    fn a_server_that_ends_at_once_is_quoted() {
        let (_folder, log) = log();
        let script = "echo no such port; exit 1";
        let mut server = Process::server("srv", &mut shell(script), &log).expect("starts");
        let error = server
            .until(LONG, || None::<()>)
            .expect_err("it never gets ready");
        assert_eq!(error.to_string(), "srv ended at once\n    no such port");
    }
}
