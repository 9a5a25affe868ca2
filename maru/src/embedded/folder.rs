//! The part of the data folder that belongs to the embedded Postgres.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::error::EmbeddedError;

const LOCK_FILE: &str = "postgres.lock";
const DATABASE_FOLDER: &str = "postgres";

/// A data folder that nobody else can start an embedded Postgres in while this value lives.
///
/// The claim is a lock of the operating system on an open file: it ends with the process, however
/// that ends, so that no stale claim ever has to be removed by hand.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
    _claim: File,
}

impl Folder {
    /// Makes `data_dir` if needed and claims it.
    ///
    /// # Errors
    /// [`EmbeddedError::InUse`] where it is claimed already, [`EmbeddedError::Folder`] where it
    /// cannot be used at all.
    pub(super) fn claim(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let unusable = |path: &Path, source: io::Error| EmbeddedError::Folder {
            path: path.to_path_buf(),
            source,
        };
        fs::create_dir_all(data_dir).map_err(|source| unusable(data_dir, source))?;
        let root = data_dir
            .canonicalize()
            .map_err(|source| unusable(data_dir, source))?;
        let path = root.join(LOCK_FILE);
        let claim = File::create(&path).map_err(|source| unusable(&path, source))?;
        match claim.try_lock() {
            Ok(()) => Ok(Self {
                root,
                _claim: claim,
            }),
            Err(TryLockError::WouldBlock) => Err(EmbeddedError::InUse { folder: root }),
            Err(TryLockError::Error(source)) => Err(unusable(&path, source)),
        }
    }

    /// Where PostgreSQL keeps its files.
    pub(super) fn database(&self) -> PathBuf {
        self.root.join(DATABASE_FOLDER)
    }

    /// The data folder as an absolute path without links.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether no database was ever completed here, so that one will be made.
    pub(super) fn is_new(&self) -> bool {
        !self.database().join("pgdata").join("PG_VERSION").exists()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_claimed_once_at_a_time() {
        let parent = tempfile::tempdir().expect("a temporary folder");
        let data_dir = parent.path().join("made/on the way");

        let first = Folder::claim(&data_dir).expect("a fresh folder is free");
        assert!(matches!(
            Folder::claim(&data_dir),
            Err(EmbeddedError::InUse { .. })
        ));
        drop(first);
        assert!(Folder::claim(&data_dir).expect("free again").is_new());
    }

    #[test]
    fn a_file_in_the_folders_place_is_named_in_the_error() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");

        let error = Folder::claim(file.path()).expect_err("a file is no folder");

        assert!(error.to_string().contains("DATA_DIR"), "{error}");
        assert!(matches!(error, EmbeddedError::Folder { .. }));
    }
}
