//! What the servers logged while they were tested, searched for what may be in no log.
//!
//! The tests leave a file per program in one folder, `*.log`, and what they handed to the servers,
//! `*.secrets`: a line of JSON each, its kind and its text. Some things are known by their form.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The shortest secret that is looked for, in bytes; the tests note none that is shorter.
const SECRET_BYTES_MIN: usize = 12;

/// How many finds are told.
const FINDS_TOLD_MAX: usize = 20;

/// What is in no log whoever handed it to whom, and what that is.
const FORMS: [(&str, &str); 5] = [
    ("\"content\":", "the JSON of a message"),
    ("\"password\":", "the JSON of a log-in"),
    ("\"accessToken\":", "the JSON of a token"),
    ("refresh_token=", "a cookie"),
    ("PRIVATE KEY-----", "a private key"),
];

/// How much was searched, and for how much.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Searched {
    logs: usize,
    lines: usize,
    secrets: usize,
}

impl fmt::Display for Searched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            logs,
            lines,
            secrets,
        } = self;
        write!(
            f,
            "{logs} with {lines} lines: none of {secrets} secrets is in them"
        )
    }
}

/// Searches a folder of logs.
///
/// # Errors
/// A secret is in one of them; or there is no log, so that nothing was shown.
pub(crate) fn search(folder: &Path) -> Result<Searched> {
    let secrets = Secrets::read(folder)?;
    let logs = files(folder, "log")?;
    if logs.is_empty() {
        bail!("no program has left a log in {}", folder.display());
    }
    let mut finds = Vec::new();
    let mut lines = 0;
    for log in &logs {
        let text = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
        let name = log.file_name().unwrap_or_default().to_string_lossy();
        for (n, line) in String::from_utf8_lossy(&text).lines().enumerate() {
            lines += 1;
            // The line itself is not repeated: this goes into a log too.
            let found = secrets.found_in(line).or_else(|| form_in(line));
            finds.extend(found.map(|kind| format!("{name}, line {}: {kind}", n + 1)));
        }
    }
    if !finds.is_empty() {
        let count = finds.len();
        finds.truncate(FINDS_TOLD_MAX);
        bail!(
            "{count} lines of the logs hold a secret:\n{}",
            finds.join("\n")
        );
    }
    Ok(Searched {
        logs: logs.len(),
        lines,
        secrets: secrets.count,
    })
}

/// The secrets by how they begin, so that each place of a log is looked at once.
struct Secrets {
    by_beginning: HashMap<[u8; SECRET_BYTES_MIN], Vec<Secret>>,
    /// Whether some secret begins with these two bytes: hardly any place of a log does.
    beginnings: Vec<bool>,
    count: usize,
}

struct Secret {
    kind: String,
    text: String,
}

impl Secrets {
    fn read(folder: &Path) -> Result<Self> {
        let mut secrets = Self {
            by_beginning: HashMap::new(),
            beginnings: vec![false; 1 << 16],
            count: 0,
        };
        for file in files(folder, "secrets")? {
            for line in fs::read_to_string(&file)?.lines() {
                let secret: Value = serde_json::from_str(line)?;
                let member = |name: &str| secret[name].as_str().map(str::to_owned);
                let (Some(kind), Some(text)) = (member("kind"), member("text")) else {
                    bail!("{} has a line that is no secret", file.display());
                };
                secrets.add(Secret { kind, text })?;
            }
        }
        Ok(secrets)
    }

    fn add(&mut self, secret: Secret) -> Result<()> {
        let beginning = secret.text.as_bytes().first_chunk();
        let beginning = *beginning.context("a secret is too short to be looked for")?;
        self.beginnings[two(&beginning)] = true;
        self.by_beginning.entry(beginning).or_default().push(secret);
        self.count += 1;
        Ok(())
    }

    /// The kind of a secret that a line holds.
    fn found_in(&self, line: &str) -> Option<&str> {
        let line = line.as_bytes();
        (0..line.len()).find_map(|at| {
            let rest = &line[at..];
            let beginning: &[u8; SECRET_BYTES_MIN] = rest.first_chunk()?;
            if !self.beginnings[two(beginning)] {
                return None;
            }
            let mut candidates = self.by_beginning.get(beginning)?.iter();
            let found = candidates.find(|secret| rest.starts_with(secret.text.as_bytes()));
            found.map(|secret| secret.kind.as_str())
        })
    }
}

fn two(beginning: &[u8; SECRET_BYTES_MIN]) -> usize {
    usize::from(beginning[0]) << 8 | usize::from(beginning[1])
}

/// What a line holds that is known by its form.
fn form_in(line: &str) -> Option<&'static str> {
    // Within a line of JSON the quotes of what is logged are escaped.
    let unescaped = line.replace('\\', "");
    let form = FORMS.iter().find(|(form, _)| unescaped.contains(form));
    form.map(|(_, kind)| *kind)
        .or_else(|| has_token(line).then_some("an access token"))
}

/// Whether a JWT is in a line (RFC 7519): three parts in base64url, of which the first two are JSON.
fn has_token(line: &str) -> bool {
    line.match_indices("eyJ").any(|(at, _)| {
        let is_of_token = |char: char| char.is_ascii_alphanumeric() || "-_.".contains(char);
        let end = line[at..].find(|char| !is_of_token(char));
        let word = &line[at..end.map_or(line.len(), |end| at + end)];
        let mut parts = word.split('.').skip(1);
        let (claims, signature) = (parts.next(), parts.next());
        claims.is_some_and(|claims| claims.starts_with("eyJ"))
            && signature.is_some_and(|signature| !signature.is_empty())
    })
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|known| known == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    const SECRETS: &str = concat!(
        r#"{"kind":"password","text":"correct horse battery"}"#,
        "\n",
        r#"{"kind":"message","text":"안녕, 마루에 오신 것을"}"#,
    );

    fn folder(log: &str) -> TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("1.secrets"), SECRETS).expect("a file");
        fs::write(folder.path().join("1-2-maru.log"), log).expect("a file");
        folder
    }

    #[test]
    fn a_log_without_secrets_is_good_and_its_size_told() {
        let folder = folder("INFO leaving\nWARN correct horse: no battery\neyJ.eyJ.\n");
        let searched = search(folder.path()).expect("no secret");
        let (logs, lines, secrets) = (1, 3, 2);
        assert_eq!(
            searched,
            Searched {
                logs,
                lines,
                secrets
            }
        );
    }

    #[test]
    fn every_planted_secret_is_found_and_not_repeated() {
        for (line, kind) in [
            ("WARN no account for correct horse battery!", "password"),
            ("DEBUG SEND 안녕, 마루에 오신 것을 환영", "message"),
            (
                r#"{"level":"WARN","body":"{\"content\":1}"}"#,
                "the JSON of a message",
            ),
            (
                "INFO token=eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end",
                "an access token",
            ),
            ("INFO Cookie: refresh_token=abc", "a cookie"),
            ("-----BEGIN PRIVATE KEY-----", "a private key"),
        ] {
            let folder = folder(&format!("INFO good\n{line}\n"));
            let fault = search(folder.path()).expect_err(line).to_string();
            assert!(
                fault.ends_with(&format!("1-2-maru.log, line 2: {kind}")),
                "{fault}"
            );
        }
    }

    #[test]
    fn where_nothing_was_logged_nothing_is_shown() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(search(folder.path()).is_err());
    }
}
