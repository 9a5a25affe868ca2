//! Builds the page from its sources, with Node, where that is there.

use std::collections::hash_map::DefaultHasher;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::sources;

/// The oldest Node that builds it.
const NODE_MIN: u32 = 20;

/// What the page is made of, in the folder of its sources.
const PARTS: [&str; 5] = [
    "package-lock.json",
    "tsconfig.base.json",
    "compressed.ts",
    "client",
    "page",
];

/// The viewers of the documents: their folder, in that of the sources and in the built page.
const VIEWER: &str = "docs";

/// What the viewers are made of.
const VIEWER_PARTS: [&str; 2] = ["compressed.ts", VIEWER];

/// What is made and not written.
const MADE: [&str; 2] = ["node_modules", "dist"];

/// In the built page: from which sources it was built.
const BUILT_FROM: &str = ".built-from";

/// In the sources: whoever holds its lock installs or builds.
const LOCK: &str = ".building";

/// A copy of the lockfile that the installed packages were taken from, as the tasks write it too.
const INSTALLED_LOCKFILE: &str = "node_modules/.installed-package-lock.json";

/// How much of what a failed program said is told, in lines.
const LINES_TOLD_MAX: usize = 5;

/// Where the page is built.
pub(super) struct Workshop {
    sources: PathBuf,
    /// Where the built page is kept.
    built: PathBuf,
}

impl Workshop {
    pub(super) fn new(built: PathBuf) -> Self {
        Self {
            sources: sources(),
            built,
        }
    }

    /// The folder of the page as the sources are now: an earlier one that is still true, or a new
    /// one.
    ///
    /// # Errors
    /// Says what is missing, or how the build failed.
    pub(super) fn page(&self, say: &impl Fn(&str)) -> Result<PathBuf> {
        if !self.sources.join("package-lock.json").exists() {
            bail!("This program has no page with it and its sources are not here.");
        }
        let fingerprint = self.fingerprint(&PARTS)?;
        if is_built_from(&self.built, &fingerprint) {
            return Ok(self.built.clone());
        }
        check_node()?;
        let lock = self.lock().context("The sources cannot be locked")?;
        install(&self.sources, &lock, say)?;
        say("building the page (vite build) …");
        build(&self.sources.join("page"), &self.built, &fingerprint, &lock)?;
        Ok(self.built.clone())
    }

    /// The folder of the page, which is there, with the viewers of the documents in it.
    ///
    /// # Errors
    /// Says how the build failed.
    pub(super) fn viewer(&self) -> Result<PathBuf> {
        let built = self.built.join(VIEWER);
        let fingerprint = self.fingerprint(&VIEWER_PARTS)?;
        if !is_built_from(&built, &fingerprint) {
            check_node()?;
            let lock = self.lock().context("The sources cannot be locked")?;
            let sources = self.sources.join(VIEWER);
            // What builds it is a package of the page.
            install(&self.sources, &lock, &|_| {})?;
            install(&sources, &lock, &|_| {})?;
            build(&sources, &built, &fingerprint, &lock)?;
        }
        Ok(self.built.clone())
    }

    /// Waits until nobody else installs or builds here. Programs that are started with the lock hold
    /// it too, so that it outlives this process for as long as one of them does.
    fn lock(&self) -> io::Result<File> {
        let lock = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(self.sources.join(LOCK))?;
        lock.lock()?;
        Ok(lock)
    }

    /// A text that changes with the sources.
    fn fingerprint(&self, parts: &[&str]) -> Result<String> {
        let mut hasher = DefaultHasher::new();
        for part in parts {
            hash(&self.sources.join(part), &mut hasher).context("The sources cannot be read")?;
        }
        Ok(format!("{:016x}", hasher.finish()))
    }
}

fn is_built_from(built: &Path, fingerprint: &str) -> bool {
    fs::read_to_string(built.join(BUILT_FROM)).is_ok_and(|from| from == fingerprint)
}

/// Brings the packages of a folder to what its lockfile says.
fn install(folder: &Path, lock: &File, say: &impl Fn(&str)) -> Result<()> {
    let wanted = fs::read(folder.join("package-lock.json"))?;
    let installed = folder.join(INSTALLED_LOCKFILE);
    if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    say("getting what the page is built with (npm ci) …");
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    npm.args(["--prefer-offline", "--fetch-retries=1"]);
    run(npm.current_dir(folder), lock)?;
    fs::write(installed, wanted).context("What was installed cannot be noted")
}

/// Builds what is in `sources`, a folder beside the installed packages.
fn build(sources: &Path, built: &Path, fingerprint: &str, lock: &File) -> Result<()> {
    fs::create_dir_all(built)?;
    let built = built.canonicalize()?;
    let mut vite = Command::new("node");
    vite.arg("../node_modules/vite/bin/vite.js")
        .args(["build", "--logLevel", "warn", "--emptyOutDir", "--outDir"])
        .arg(&built);
    run(vite.current_dir(sources), lock)?;
    fs::write(built.join(BUILT_FROM), fingerprint).context("What was built cannot be kept")
}

fn hash(path: &Path, hasher: &mut DefaultHasher) -> io::Result<()> {
    let name = path.file_name().unwrap_or_default();
    if MADE.iter().any(|made| name == *made) {
        return Ok(());
    }
    name.hash(hasher);
    if !path.is_dir() {
        fs::read(path)?.hash(hasher);
        return Ok(());
    }
    let entries = fs::read_dir(path)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    paths.len().hash(hasher);
    paths.iter().try_for_each(|path| hash(path, hasher))
}

fn check_node() -> Result<()> {
    for program in ["node", "npm"] {
        let output = match Command::new(program).arg("--version").output() {
            Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!(
                    "The page is built with Node {NODE_MIN} or newer, and there is no {program} here."
                );
            }
            Err(error) => return Err(error).with_context(|| format!("{program} does not run")),
        };
        let major = output.trim_start_matches('v').split('.').next();
        let major: u32 = major.and_then(|major| major.parse().ok()).unwrap_or(0);
        if program == "node" && major < NODE_MIN {
            bail!("The page is built with Node {NODE_MIN} or newer, and this is Node {output}.");
        }
    }
    Ok(())
}

/// Runs a program to its end.
fn run(command: &mut Command, lock: &File) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::from(lock.try_clone()?));
    let output = command
        .output()
        .with_context(|| format!("{name} does not run"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<_> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let told = &lines[lines.len().saturating_sub(LINES_TOLD_MAX)..];
    bail!("{name} failed ({}): {}", output.status, told.join(" / "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workshop(folder: &Path) -> Workshop {
        let sources = folder.join("web");
        for part in ["client/src", "page/src", "page/node_modules", "page/dist"] {
            fs::create_dir_all(sources.join(part)).expect("a folder");
        }
        for file in [
            "package-lock.json",
            "tsconfig.base.json",
            "compressed.ts",
            "page/src/main.ts",
        ] {
            fs::write(sources.join(file), "{}").expect("a file");
        }
        Workshop {
            sources,
            built: folder.join("page"),
        }
    }

    #[test]
    fn the_fingerprint_changes_with_the_sources_and_with_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let workshop = workshop(folder.path());
        let first = workshop.fingerprint(&PARTS).expect("a fingerprint");
        for made in ["page/node_modules/x", "page/dist/x"] {
            fs::write(workshop.sources.join(made), "made").expect("a file");
        }
        assert_eq!(workshop.fingerprint(&PARTS).expect("a fingerprint"), first);
        fs::write(workshop.sources.join("page/src/main.ts"), "{ }").expect("a file");
        let second = workshop.fingerprint(&PARTS).expect("a fingerprint");
        assert_ne!(second, first);
        fs::rename(
            workshop.sources.join("page/src/main.ts"),
            workshop.sources.join("page/src/other.ts"),
        )
        .expect("renamed");
        assert_ne!(workshop.fingerprint(&PARTS).expect("a fingerprint"), second);
    }

    #[test]
    fn a_page_of_the_same_sources_is_not_built_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let workshop = workshop(folder.path());
        fs::create_dir(&workshop.built).expect("a folder");
        let fingerprint = workshop.fingerprint(&PARTS).expect("a fingerprint");
        fs::write(workshop.built.join(BUILT_FROM), fingerprint).expect("a file");
        let built = workshop.page(&|step| panic!("nothing to do, but {step}"));
        assert_eq!(built.expect("a page"), workshop.built);
    }

    #[test]
    fn what_a_failed_program_said_last_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let lock = workshop(folder.path()).lock().expect("a lock");
        let mut shell = Command::new("sh");
        shell.args(["-c", "echo first; echo no network >&2; exit 3"]);
        let error = run(&mut shell, &lock).expect_err("it fails");
        assert!(error.to_string().ends_with("first / no network"), "{error}");
    }
}
