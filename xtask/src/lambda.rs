//! `cargo xtask lambda`: the serverless shape on this machine, all of it, until Ctrl-C.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;
use tempfile::TempDir;

use crate::cargo::{self, BUILD_MAX};
use crate::config::Config;
use crate::install::Installer;
use crate::interrupt;
use crate::node::Node;
use crate::process::{self, Process};
use crate::report;
use crate::serverless::Tools;
use crate::servers::{self, Servers};

/// How long a part may take until it answers.
const READY_MAX: Duration = Duration::from_secs(60);
/// How long one answer of a part may take that is asked whether it is there.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// How long making the keys and the tables may take, each.
const TASK_MAX: Duration = Duration::from_secs(120);
/// How long each part in turn is waited for to end by itself.
const LOOK: Duration = Duration::from_millis(50);
/// The name of the table that the DynamoDB has from its start.
const TABLE: &str = "maru-sessions";

/// What `cargo xtask lambda` can be told. Port 0 takes a free one.
#[derive(Args)]
pub(crate) struct Options {
    /// Where the page is served, with everything else behind it
    #[arg(long, default_value_t = 8080)]
    page_port: u16,
    /// Where both functions are served, as by the HTTP API
    #[arg(long, default_value_t = 9000)]
    api_port: u16,
    /// Where the socket tier is served
    #[arg(long, default_value_t = 8081)]
    socket_port: u16,
    /// Builds the functions anew whenever their sources change
    #[arg(long)]
    watch: bool,
}

/// Brings up all parts and stops them on Ctrl-C.
///
/// # Errors
/// A part does not start, or ends by itself.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let config = Config::from_env()?;
    interrupt::listen()?;
    report::heading("Set-up");
    let ports = Ports::choose(options)?;
    let mut shape = Shape::prepare(&config, ports)?;
    shape.start(&config, options.watch)?;
    report::heading("Ready; Ctrl-C ends all of it");
    report::uses("page", at(ports.page));
    report::uses("API", at(ports.api));
    report::uses("sockets", format!("ws://127.0.0.1:{}/ws", ports.sockets));
    report::uses("environment", shape.path(ENVIRONMENT).display());
    report::uses("logs", shape.folder.path().display());
    while interrupt::check().is_ok() {
        for process in &mut shape.processes {
            process.stays(LOOK)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[derive(Clone, Copy)]
struct Ports {
    page: u16,
    api: u16,
    sockets: u16,
}

/// The parts. Dropping it stops them, the last one first: whoever asks before whoever answers.
struct Shape {
    ports: Ports,
    node: Node,
    tools: Tools,
    processes: Vec<Process>,
    servers: Servers,
    // Last, so that nobody writes into it any more when it goes.
    folder: TempDir,
}

/// In the folder: what the functions and the socket tier are told, as `cargo lambda watch` reads it.
const ENVIRONMENT: &str = "functions.env";

impl Shape {
    /// Finds, installs and builds what the parts are made of.
    fn prepare(config: &Config, ports: Ports) -> Result<Self> {
        let mut installer = Installer::new(&config.search_path);
        let servers = Servers::start(config, &mut installer)?;
        let node = Node::prepare(config, &mut installer)?;
        let tools = Tools::prepare(config, &mut installer)?;
        cargo::build_everything(config)?;
        Ok(Self {
            ports,
            node,
            tools,
            processes: Vec::new(),
            servers,
            folder: tempfile::Builder::new().prefix("maru-lambda-").tempdir()?,
        })
    }

    fn start(&mut self, config: &Config, watch: bool) -> Result<()> {
        self.make_keys(config)?;
        let mut migrate = process::command(&config.maru, None);
        migrate.arg("migrate");
        migrate.env("DATABASE_URL", &self.servers.postgres.url);
        Process::step("maru migrate", &mut migrate)?.success(TASK_MAX)?;

        let mut dynamodb = process::command(config.programs.join("examples/dynamodb"), None);
        let endpoint = self.part("DynamoDB", &mut dynamodb, READY_MAX, address_in)?;
        let environment = self.environment(&endpoint);
        self.note(&environment)?;
        if watch {
            self.watch_functions(config)?;
        } else {
            self.run_functions(config, &environment)?;
        }

        let mut sockets = process::command(&config.socket_tier, None);
        sockets.envs(environment);
        let port = self.ports.sockets;
        sockets.env("LISTEN", format!("127.0.0.1:{port}"));
        let is_there = |_: &Path| answers(port, "/readyz");
        self.part("socket tier", &mut sockets, READY_MAX, is_there)?;

        let mut page = self.node.page_server(self.ports.page);
        page.env("MARU_API", at(self.ports.api));
        page.env("MARU_SOCKETS", at(self.ports.sockets));
        let port = self.ports.page;
        self.part("page", &mut page, READY_MAX, |_| answers(port, "/"))
    }

    /// The functions' programs as environments of Lambda.
    fn run_functions(
        &mut self,
        config: &Config,
        environment: &[(&'static str, String)],
    ) -> Result<()> {
        let port = self.ports.api;
        let mut emulator = self.cargo_lambda_watch(config);
        emulator.arg("--only-lambda-apis");
        let is_there = |_: &Path| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok();
        self.part("cargo lambda", &mut emulator, READY_MAX, is_there)?;
        for (name, path) in PROBES {
            let mut function = process::command(config.programs.join(name), None);
            function.envs(environment.iter().cloned());
            function.env("AWS_LAMBDA_FUNCTION_NAME", name);
            function.env("AWS_LAMBDA_FUNCTION_VERSION", "1");
            function.env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512");
            let interface = format!("http://127.0.0.1:{port}/.rt/{name}");
            function.env("AWS_LAMBDA_RUNTIME_API", interface);
            self.part(name, &mut function, READY_MAX, |_| answers(port, path))?;
        }
        Ok(())
    }

    /// The functions as cargo-lambda builds, starts and restarts them itself.
    fn watch_functions(&mut self, config: &Config) -> Result<()> {
        let port = self.ports.api;
        let mut emulator = self.cargo_lambda_watch(config);
        emulator.arg("--env-file").arg(self.path(ENVIRONMENT));
        report::uses("building", "what cargo lambda watch starts");
        let are_there = |_: &Path| {
            let all = PROBES.iter().all(|(_, path)| answers(port, path).is_some());
            all.then_some(())
        };
        self.part("cargo lambda", &mut emulator, BUILD_MAX, are_there)
    }

    fn cargo_lambda_watch(&self, config: &Config) -> Command {
        let mut command = cargo::command(config);
        command.env("PATH", &self.tools.search_path);
        // The functions themselves say who may read them.
        command.args(["lambda", "watch", "--disable-cors"]);
        command.args(["--invoke-address", "127.0.0.1", "--invoke-port"]);
        command.arg(self.ports.api.to_string());
        command
    }

    /// A signing key and its public half.
    fn make_keys(&self, config: &Config) -> Result<()> {
        let mut keys = process::command(self.tools.python.interpreter(), None);
        keys.arg(config.workspace.join("localstack/keys.py"));
        keys.arg(self.folder.path());
        Process::step("the keys", &mut keys)?.success(TASK_MAX)
    }

    fn environment(&self, dynamodb: &str) -> Vec<(&'static str, String)> {
        let Ports { page, api, .. } = self.ports;
        let file = |name| self.path(name).display().to_string();
        vec![
            ("DATABASE_URL", self.servers.postgres.url.clone()),
            ("REDIS_URL", self.servers.redis.url.clone()),
            ("SESSIONS_TABLE", TABLE.to_owned()),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ENDPOINT_URL", dynamodb.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
            ("AUTH_MODE", "required".to_owned()),
            ("JWT_ISSUER", at(api)),
            ("JWT_PRIVATE_KEY", file("jwt.pem")),
            ("JWT_PUBLIC_KEYS", file("jwt-public.pem")),
            (
                "CORS_ALLOWED_ORIGINS",
                format!("{},http://localhost:{page}", at(page)),
            ),
        ]
    }

    /// Keeps the environment for whoever starts a function by hand.
    fn note(&self, environment: &[(&'static str, String)]) -> Result<()> {
        let lines = environment
            .iter()
            .map(|(name, value)| format!("{name}={value}\n"));
        fs::write(self.path(ENVIRONMENT), lines.collect::<String>())
            .context("the environment cannot be kept")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a part and waits until `ready`, which is given the path of its log, has an answer.
    fn part<T>(
        &mut self,
        name: &str,
        command: &mut Command,
        limit: Duration,
        ready: impl Fn(&Path) -> Option<T>,
    ) -> Result<T> {
        let log = self.path(&format!("{}.log", name.replace(' ', "-")));
        let mut process = Process::server(name, command, &log)?;
        let answer = process.until(limit, || ready(&log))?;
        report::uses("started", name);
        self.processes.push(process);
        Ok(answer)
    }
}

/// The functions, and a path that each answers whoever asks.
const PROBES: [(&str, &str); 2] = [("history", "/health"), ("auth", "/.well-known/jwks.json")];

impl Drop for Shape {
    fn drop(&mut self) {
        while self.processes.pop().is_some() {}
    }
}

impl Ports {
    /// Makes sure that nobody is there yet, and says how to choose another where somebody is.
    fn choose(options: &Options) -> Result<Self> {
        let free = |wanted: u16, option: &str| match wanted {
            0 => servers::free_port(),
            port => TcpListener::bind((Ipv4Addr::LOCALHOST, port))
                .map(|_| port)
                .with_context(|| {
                    format!("port {port} cannot be listened on; choose another by --{option}")
                }),
        };
        Ok(Self {
            page: free(options.page_port, "page-port")?,
            api: free(options.api_port, "api-port")?,
            sockets: free(options.socket_port, "socket-port")?,
        })
    }
}

fn at(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The address that a program says it listens on.
fn address_in(log: &Path) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    let mut lines = text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'));
    lines.find_map(|line| line.strip_prefix("listening on ").map(str::to_owned))
}

/// Whether a server on this machine answers a path with 200.
fn answers(port: u16, path: &str) -> Option<()> {
    let status = || -> io::Result<[u8; 12]> {
        let mut stream =
            TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), ANSWER_MAX)?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        let host = format!("127.0.0.1:{port}");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )?;
        let mut line = [0; 12];
        stream.read_exact(&mut line)?;
        Ok(line)
    };
    status()
        .is_ok_and(|line| line == *b"HTTP/1.1 200")
        .then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_taken_is_told_with_the_option_that_chooses_another() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let options = Options {
            page_port: 0,
            api_port: taken.local_addr().expect("an address").port(),
            socket_port: 0,
            watch: false,
        };
        let fault = Ports::choose(&options).err().expect("it is taken");
        assert!(fault.to_string().ends_with("by --api-port"), "{fault}");
    }

    #[test]
    fn an_address_is_taken_from_a_whole_line() {
        let log = tempfile::NamedTempFile::new().expect("a file");
        for (said, address) in [
            ("listening on http://127.0.0.1:80", None),
            (
                "starting\nlistening on http://127.0.0.1:8000\n",
                Some("http://127.0.0.1:8000"),
            ),
        ] {
            fs::write(log.path(), said).expect("written");
            assert_eq!(address_in(log.path()).as_deref(), address);
        }
    }
}
