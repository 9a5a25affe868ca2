//! `cargo xtask images`: what `docker build` would do with deploy/Dockerfile, without Docker.
//!
//! The stages' commands run in their order, each stage in a folder that stands for its root; then
//! the operators' tests run on the programs that lie in the images. What it cannot show is the
//! base image: the programs run on this system's libraries.

mod dockerfile;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::config::Config;
use crate::interrupt;
use crate::process::{self, Process};
use crate::report::{self, Stopwatch};
use crate::step::Step;
use crate::test;
use dockerfile::{Instruction, Stage};

/// The Dockerfile, in the workspace.
const DOCKERFILE: &str = "deploy/Dockerfile";
/// Where the stages' roots are, in cargo's target folder.
const FOLDER: &str = "images";
/// How long one command may take.
const RUN_MAX: Duration = Duration::from_secs(40 * 60);
/// What an image may add to its base, in bytes as a registry keeps them: with the base's 10 MB at the
/// most, 30 MB are pulled.
const PULLED_BYTES_MAX: usize = 20_000_000;
/// What is deployed.
const IMAGES: [&str; 2] = ["functions", "socket-tier"];

/// Builds the images' contents and tests what is in them.
///
/// # Errors
/// A command fails, or an image is too large; failing tests are told by the exit code.
pub(crate) fn run() -> Result<ExitCode> {
    let mut config = Config::from_env()?;
    interrupt::listen()?;
    let stages = dockerfile::parse(&fs::read_to_string(config.workspace.join(DOCKERFILE))?)
        .context(DOCKERFILE)?;
    let mut engine = Engine::new(&config)?;
    for stage in &stages {
        report::heading(format_args!("{} (from {})", stage.name, stage.base));
        engine.build(stage)?;
    }
    report::heading("Images");
    for image in IMAGES {
        let pulled = compressed_bytes(engine.root(image)?)?;
        let megabytes = pulled as f64 / 1e6;
        report::uses(
            image,
            format_args!("{megabytes:.1} MB to be pulled beside the base"),
        );
        if pulled > PULLED_BYTES_MAX {
            bail!("{image} adds more than {PULLED_BYTES_MAX} bytes to its base");
        }
    }
    let (functions, tier) = (engine.root("functions")?, engine.root("socket-tier")?);
    let maru = functions.join("usr/local/bin/maru");
    let page = functions.join("usr/share/maru/page");
    let socket_tier = tier.join("usr/local/bin/socket-tier");
    config.maru = maru;
    config.socket_tier = socket_tier;
    config.page = Some(page);
    Ok(test::report_on(&config, &[Step::Operations]))
}

/// Does what Docker would do.
struct Engine<'a> {
    config: &'a Config,
    folder: PathBuf,
    /// The roots of the stages so far.
    roots: HashMap<String, PathBuf>,
}

impl<'a> Engine<'a> {
    fn new(config: &'a Config) -> Result<Self> {
        let folder = config.target()?.join(FOLDER);
        let roots = folder.join("roots");
        if roots.exists() {
            fs::remove_dir_all(&roots)?;
        }
        fs::create_dir_all(&roots)?;
        Ok(Self {
            config,
            folder,
            roots: HashMap::new(),
        })
    }

    fn root(&self, stage: &str) -> Result<&Path> {
        let root = self.roots.get(stage);
        root.map(PathBuf::as_path)
            .with_context(|| format!("there is no stage {stage}"))
    }

    fn build(&mut self, stage: &Stage) -> Result<()> {
        let root = self.folder.join("roots").join(&stage.name);
        match self.roots.get(&stage.base) {
            Some(base) => copy(base, &root)?,
            None => fs::create_dir_all(&root)?,
        }
        let mut place = PathBuf::from("/");
        for instruction in &stage.instructions {
            match instruction {
                Instruction::WorkDir(folder) => {
                    place = place.join(folder);
                    fs::create_dir_all(below(&root, &place))?;
                }
                Instruction::Copy {
                    from,
                    sources,
                    destination,
                } => {
                    let to = below(&root, &place.join(destination));
                    for source in sources {
                        match from {
                            Some(stage) => {
                                let from = below(self.root(stage)?, Path::new(source));
                                copy_to(&from, &to, destination.ends_with('/'))?;
                            }
                            None => self.copy_context(source, &to)?,
                        }
                    }
                }
                Instruction::Run { caches, script } => {
                    for cache in caches
                        .iter()
                        .filter(|cache| Path::new(cache).starts_with(&place))
                    {
                        self.keep(&root, cache)?;
                    }
                    self.run(script, &below(&root, &place))?;
                }
                Instruction::Says(..) => {}
            }
        }
        self.roots.insert(stage.name.clone(), root);
        Ok(())
    }

    /// Copies what belongs to the sources, as a fresh clone has it.
    fn copy_context(&self, source: &str, to: &Path) -> Result<()> {
        let from = self.config.workspace.join(source);
        let mut listing = Command::new("git")
            .args([
                "ls-files",
                "-z",
                "--cached",
                "--others",
                "--exclude-standard",
            ])
            .current_dir(&from)
            .stdout(Stdio::piped())
            .spawn()
            .context("git lists the sources")?;
        let output = listing.stdout.take().context("git is silent")?;
        for file in BufReader::new(output).split(0) {
            let file = String::from_utf8(file?)?;
            // One that was removed and is still listed.
            if !from.join(&file).exists() {
                continue;
            }
            let copied = to.join(&file);
            fs::create_dir_all(copied.parent().context("a file lies in a folder")?)?;
            fs::copy(from.join(&file), copied)?;
        }
        if !listing.wait()?.success() {
            bail!("git does not list the sources in {}", from.display());
        }
        Ok(())
    }

    /// Puts a folder in place that is kept from one build to the next.
    fn keep(&self, root: &Path, cache: &str) -> Result<()> {
        let kept = self.folder.join("caches").join(cache.replace('/', "-"));
        fs::create_dir_all(&kept)?;
        let place = below(root, Path::new(cache));
        if !place.exists() {
            symlink(kept, place)?;
        }
        Ok(())
    }

    fn run(&self, script: &str, folder: &Path) -> Result<()> {
        println!("   {script}");
        let watch = Stopwatch::start();
        let mut command = process::command("/bin/sh", None);
        command.args(["-c", script]).current_dir(folder);
        for variable in &self.config.told_by_cargo {
            command.env_remove(variable);
        }
        command.env_remove("CARGO_TARGET_DIR");
        Process::step("a command of the Dockerfile", &mut command)?.success(RUN_MAX)?;
        println!("   took {:.0} s", watch.elapsed().as_secs_f64());
        Ok(())
    }
}

/// Where an absolute path of an image lies.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// As COPY does: the contents of a folder into a folder, or a file.
fn copy_to(from: &Path, to: &Path, into: bool) -> Result<()> {
    if from.is_dir() {
        return copy(from, to);
    }
    let file = match from.file_name() {
        Some(name) if into => to.join(name),
        _ => to.to_owned(),
    };
    fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
    fs::copy(from, &file).with_context(|| format!("{} is not there", from.display()))?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("{}", from.display()))? {
        let entry = entry?;
        let copied = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &copied)?;
        } else {
            fs::copy(entry.path(), copied)?;
        }
    }
    Ok(())
}

/// What a layer of this folder takes in a registry.
fn compressed_bytes(folder: &Path) -> Result<usize> {
    let layer = Command::new("tar")
        .args(["--create", "--gzip", "--file=-", "."])
        .current_dir(folder)
        .output()
        .context("tar packs an image")?;
    if !layer.status.success() {
        bail!("tar does not pack {}", folder.display());
    }
    Ok(layer.stdout.len())
}
