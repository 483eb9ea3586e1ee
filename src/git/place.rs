//! Directories for tests that ask git itself: one repository, and room beside it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::PathBuf;
use std::process::Command;

use bstr::ByteSlice;

/// A directory with the repository `main`, which has one commit.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Place {
        let place = Place(tempfile::tempdir().unwrap());
        place.git(".", &["init", "-q", "main"]);
        place.git("main", &["commit", "-q", "--allow-empty", "-m", "first"]);
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Runs git in a directory of it, which must succeed.
    #[track_caller]
    pub(crate) fn git(&self, directory: &str, args: &[&str]) {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always"];
        let output = Command::new("git").args(identity).args(args).current_dir(self.path(directory)).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", output.stderr.to_str_lossy());
    }
}
