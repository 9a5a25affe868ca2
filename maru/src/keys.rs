//! The keys of access tokens, kept in a folder and changed without anybody being logged out.
//!
//! A change takes three steps, so that nobody meets a token whose key he does not know: the coming
//! key is published beside the one that signs (`announce`), then signs (`switch`), and the
//! former one goes when its last token has run out ([`retire`]). [`rotate`] takes whichever of the
//! first two is next.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use access_token::{PublicKey, SigningKey};
use anyhow::{Context, Result, bail};

/// What signs: for the auth function alone (`JWT_PRIVATE_KEY`).
pub const PRIVATE: &str = "jwt-private.pem";
/// What everybody accepts, the public halves (`JWT_PUBLIC_KEYS`, `JWT_OTHER_KEYS`).
pub const PUBLIC: &str = "jwt-public.pem";
/// What will sign.
pub const NEXT: &str = "jwt-next.pem";

/// How far a change of keys has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The coming key is published.
    Announced,
    /// The coming key signs; the former one is published still.
    Switched,
}

/// Makes the first key in a folder.
///
/// # Errors
/// There is one already, or the folder cannot be written.
pub fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("{}", folder.display()))?;
    let (key, pem) = SigningKey::generate()?;
    write_new(&folder.join(PRIVATE), pem.as_str()).with_context(|| {
        format!("{PRIVATE} cannot be written; `maru keys rotate` changes one that is there")
    })?;
    replace(&folder.join(PUBLIC), &key.public_pem()?, 0o644)
}

/// Takes the next step of a change: publishes a coming key, or lets it sign.
///
/// # Errors
/// There is no key to change from, a former change was not ended by [`retire`], or the folder
/// cannot be written.
pub fn rotate(folder: &Path) -> Result<Step> {
    let current = read(&folder.join(PRIVATE))?;
    let current = SigningKey::from_pem(&current).context(PRIVATE)?;
    match fs::read_to_string(folder.join(NEXT)) {
        Ok(next) => switch(folder, &current, &next),
        Err(error) if error.kind() == ErrorKind::NotFound => announce(folder, &current),
        Err(error) => Err(error).context(NEXT),
    }
}

/// Ends a change: only the key that signs is accepted from now on.
///
/// # Errors
/// A change is under way whose coming key does not sign yet, or the folder cannot be written.
pub fn retire(folder: &Path) -> Result<()> {
    if folder.join(NEXT).exists() {
        bail!("{NEXT} does not sign yet; run `maru keys rotate` first");
    }
    let current = read(&folder.join(PRIVATE))?;
    let current = SigningKey::from_pem(&current).context(PRIVATE)?;
    replace(&folder.join(PUBLIC), &current.public_pem()?, 0o644)
}

fn announce(folder: &Path, current: &SigningKey) -> Result<Step> {
    let published = PublicKey::all_from_pem(&read(&folder.join(PUBLIC))?).context(PUBLIC)?;
    if published
        .iter()
        .any(|key| key.key_id() != current.public().key_id())
    {
        bail!("{PUBLIC} holds a former key; end the change before by `maru keys retire`");
    }
    let (next, pem) = SigningKey::generate()?;
    let both = current.public_pem()? + &next.public_pem()?;
    replace(&folder.join(PUBLIC), &both, 0o644)?;
    write_new(&folder.join(NEXT), pem.as_str()).context(NEXT)?;
    Ok(Step::Announced)
}

fn switch(folder: &Path, current: &SigningKey, next: &str) -> Result<Step> {
    let next = SigningKey::from_pem(next).context(NEXT)?;
    let both = next.public_pem()? + &current.public_pem()?;
    replace(&folder.join(PUBLIC), &both, 0o644)?;
    fs::rename(folder.join(NEXT), folder.join(PRIVATE)).context(PRIVATE)?;
    Ok(Step::Switched)
}

fn read(file: &Path) -> Result<String> {
    fs::read_to_string(file)
        .with_context(|| format!("{}; `maru keys make` makes one", file.display()))
}

/// Writes a secret for its owner alone, where there is none.
fn write_new(file: &Path, text: &str) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options.open(file)?.write_all(text.as_bytes())?;
    Ok(())
}

/// Puts a whole file in the place of another: whoever reads meanwhile sees one of both.
fn replace(file: &Path, text: &str, mode: u32) -> Result<()> {
    let mut new = PathBuf::from(file);
    new.set_extension("new");
    let write = || {
        fs::write(&new, text)?;
        fs::set_permissions(&new, Permissions::from_mode(mode))?;
        fs::rename(&new, file)
    };
    write().with_context(|| format!("{} cannot be written", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signs(folder: &Path) -> String {
        let pem = fs::read_to_string(folder.join(PRIVATE)).expect("a private key");
        let key = SigningKey::from_pem(&pem).expect("a good one");
        key.public().key_id().to_owned()
    }

    fn accepted(folder: &Path) -> Vec<String> {
        let pems = fs::read_to_string(folder.join(PUBLIC)).expect("public keys");
        let keys = PublicKey::all_from_pem(&pems).expect("good ones");
        keys.iter().map(|key| key.key_id().to_owned()).collect()
    }

    #[test]
    fn a_key_signs_only_while_everybody_accepts_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        make(folder).expect("made");
        let first = signs(folder);
        assert_eq!(accepted(folder), [first.as_str()]);

        assert_eq!(rotate(folder).expect("announced"), Step::Announced);
        assert_eq!(signs(folder), first);
        let both = accepted(folder);
        assert_eq!(both.len(), 2);
        retire(folder).expect_err("the coming key does not sign yet");

        assert_eq!(rotate(folder).expect("switched"), Step::Switched);
        let second = signs(folder);
        assert_ne!(second, first);
        assert_eq!(accepted(folder), [second.as_str(), first.as_str()]);
        assert!(both.contains(&second));
        rotate(folder).expect_err("the former key is accepted still");

        retire(folder).expect("retired");
        assert_eq!(accepted(folder), [second.as_str()]);
        assert_eq!(rotate(folder).expect("announced"), Step::Announced);
    }

    #[test]
    fn a_key_is_for_its_owner_alone_and_is_never_overwritten() {
        let folder = tempfile::tempdir().expect("a folder");
        make(folder.path()).expect("made");
        let first = signs(folder.path());
        let error = make(folder.path()).expect_err("there is one");
        assert!(
            format!("{error:#}").contains("maru keys rotate"),
            "{error:#}"
        );
        assert_eq!(signs(folder.path()), first);
        let file = fs::metadata(folder.path().join(PRIVATE)).expect("a file");
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn without_a_key_there_is_nothing_to_change() {
        let folder = tempfile::tempdir().expect("a folder");
        let error = rotate(folder.path()).expect_err("no key");
        assert!(format!("{error:#}").contains("maru keys make"), "{error:#}");
    }
}
