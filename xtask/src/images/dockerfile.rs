//! A Dockerfile, as far as ours goes (<https://docs.docker.com/reference/dockerfile/>).

use anyhow::{Context, Result, bail};

/// A stage of a build.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stage {
    /// What it begins with: another stage, or an image.
    pub(super) base: String,
    /// What others call it.
    pub(super) name: String,
    /// What is done, in this order.
    pub(super) instructions: Vec<Instruction>,
}

/// What a stage is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Instruction {
    /// `WORKDIR`: what follows happens there.
    WorkDir(String),
    /// `COPY`: from the context, or from a stage.
    Copy {
        from: Option<String>,
        sources: Vec<String>,
        destination: String,
    },
    /// `RUN`: a shell runs it. The folders are kept from one build to the next.
    Run { caches: Vec<String>, script: String },
    /// Whatever describes the image and does nothing: its name and the rest.
    Says(String, String),
}

/// Reads the stages.
///
/// # Errors
/// There is an instruction that is not known here.
pub(super) fn parse(text: &str) -> Result<Vec<Stage>> {
    let mut stages: Vec<Stage> = Vec::new();
    for line in lines(text) {
        let (name, rest) = line.split_once(' ').context("an instruction alone")?;
        let rest = rest.trim();
        if name == "FROM" {
            let (base, name) = rest.split_once(" AS ").context("a stage without a name")?;
            stages.push(Stage {
                base: base.to_owned(),
                name: name.to_owned(),
                instructions: Vec::new(),
            });
            continue;
        }
        let stage = stages
            .last_mut()
            .with_context(|| format!("{name} before FROM"))?;
        stage.instructions.push(instruction(name, rest)?);
    }
    Ok(stages)
}

/// Lines without comments, each with those that continue it.
fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut whole = String::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_suffix('\\') {
            Some(begun) => whole += begun,
            None => {
                whole += line;
                lines.push(std::mem::take(&mut whole));
            }
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines
}

fn instruction(name: &str, rest: &str) -> Result<Instruction> {
    Ok(match name {
        "WORKDIR" => Instruction::WorkDir(rest.to_owned()),
        "COPY" => copy(rest)?,
        "RUN" => run(rest),
        "ARG" | "LABEL" | "ENV" | "USER" | "EXPOSE" | "HEALTHCHECK" | "ENTRYPOINT" | "CMD" => {
            Instruction::Says(name.to_owned(), rest.to_owned())
        }
        unknown => bail!("{unknown} is not known here"),
    })
}

fn copy(rest: &str) -> Result<Instruction> {
    let (flags, mut paths): (Vec<&str>, Vec<&str>) = rest
        .split_whitespace()
        .partition(|word| word.starts_with("--"));
    let from = match flags.as_slice() {
        [] => None,
        [flag] => Some(flag.strip_prefix("--from=").context("a flag of COPY")?),
        _ => bail!("COPY has flags that are not known here"),
    };
    let destination = paths.pop().context("COPY to nowhere")?;
    Ok(Instruction::Copy {
        from: from.map(str::to_owned),
        sources: paths.into_iter().map(str::to_owned).collect(),
        destination: destination.to_owned(),
    })
}

fn run(rest: &str) -> Instruction {
    let mut caches = Vec::new();
    let mut script = rest;
    while let Some((flag, behind)) = script
        .strip_prefix("--mount=")
        .and_then(|flag| flag.split_once(' '))
    {
        caches.extend(
            flag.split(',')
                .filter_map(|part| part.strip_prefix("target="))
                .map(str::to_owned),
        );
        script = behind.trim_start();
    }
    Instruction::Run {
        caches,
        script: script.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What a stage says last under a name, such as `HEALTHCHECK`.
    fn says<'a>(stage: &'a Stage, name: &str) -> Option<&'a str> {
        let mut said = stage.instructions.iter().rev();
        said.find_map(|instruction| match instruction {
            Instruction::Says(said, rest) if said == name => Some(rest.as_str()),
            _ => None,
        })
    }

    fn ours() -> Vec<Stage> {
        parse(include_str!("../../../deploy/Dockerfile")).expect("it is read")
    }

    #[test]
    fn a_dockerfile_is_read_as_docker_reads_it() {
        let text = "# syntax=docker/dockerfile:1\n\nFROM rust:1 AS a\nWORKDIR /w\nCOPY . .\n\
                    RUN --mount=type=cache,target=/w/target \\\n    make \\\n# why\n    && test\n\
                    FROM scratch AS b\nCOPY --from=a /w/x /x\nCMD [\"/x\"]\n";
        let stages = parse(text).expect("stages");
        assert_eq!(stages.len(), 2);
        let run = Instruction::Run {
            caches: vec!["/w/target".into()],
            script: "make     && test".into(),
        };
        assert_eq!(stages[0].instructions[2], run);
        let copy = Instruction::Copy {
            from: Some("a".into()),
            sources: vec!["/w/x".into()],
            destination: "/x".into(),
        };
        assert_eq!(stages[1].instructions[0], copy);
        assert_eq!(says(&stages[1], "CMD"), Some("[\"/x\"]"));
        assert!(parse("FROM a AS b\nADD x y\n").is_err());
    }

    #[test]
    fn every_image_checks_itself_and_runs_as_nobody() {
        let stages = ours();
        let base = stages
            .iter()
            .find(|stage| stage.name == "base")
            .expect("a base");
        assert_eq!(says(base, "USER"), Some("65532:65532"));
        for name in ["functions", "socket-tier"] {
            let stage = stages.iter().find(|stage| stage.name == name).expect(name);
            assert_eq!(stage.base, "base");
            let check = says(stage, "HEALTHCHECK").expect("it checks itself");
            assert!(check.ends_with("\"healthcheck\"]"), "{check}");
        }
        let last = stages.last().expect("stages");
        assert_eq!(
            last.name, "socket-tier",
            "what is built where no target is named"
        );
    }

    #[test]
    fn what_is_copied_from_the_context_is_there_and_programs_are_the_workspaces() {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        for stage in ours() {
            for instruction in &stage.instructions {
                match instruction {
                    Instruction::Copy {
                        from: None,
                        sources,
                        ..
                    } => {
                        for source in sources {
                            assert!(workspace.join(source).exists(), "{source}");
                        }
                    }
                    Instruction::Run { script, .. } => {
                        let mut words = script.split_whitespace();
                        while words.any(|word| word == "--package") {
                            let package = words.next().expect("a package");
                            assert!(workspace.join(package).join("Cargo.toml").exists());
                        }
                    }
                    _ => {}
                }
            }
        }
    }
}
