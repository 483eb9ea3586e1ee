//! Repositories made file by file, and git run in them.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use bstr::{BString, ByteSlice};
use gix::ObjectId;

use crate::objects::Objects;
use crate::world::Tree;

/// What `git init` writes.
const CONFIG: &str =
    "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n";

/// A repository with a work tree.
pub struct Host {
    pub dir: PathBuf,
    pub objects: Objects,
}

impl Host {
    /// An empty one, as `git init` makes it.
    pub fn new(dir: PathBuf) -> Host {
        let git_dir = dir.join(".git");
        for folder in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
            fs::create_dir_all(git_dir.join(folder)).unwrap();
        }
        fs::write(git_dir.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        fs::write(git_dir.join("config"), CONFIG).unwrap();
        let objects = Objects::of(&git_dir);
        Host { dir, objects }
    }

    /// Commits one tree after the other and checks the last out; its commit.
    pub fn with_history(dir: PathBuf, trees: &[Tree]) -> (Host, ObjectId) {
        let host = Host::new(dir);
        let mut tip = None;
        for (time, tree) in (1_600_000_000..).zip(trees) {
            tip = Some(host.objects.commit(host.objects.tree(tree), tip, b"History\n", time));
        }
        let tip = tip.unwrap();
        fs::write(host.dir.join(".git/refs/heads/main"), format!("{tip}\n")).unwrap();
        host.git(&["reset", "-q", "--hard"]);
        (host, tip)
    }

    /// Runs git, which must succeed; what it printed.
    pub fn git(&self, args: &[&str]) -> BString {
        let output = self.try_git(args, b"");
        assert!(output.status.success(), "git {args:?}: {}", output.stderr.as_bstr());
        output.stdout.into()
    }

    /// Runs git on that input, whatever comes of it.
    pub fn try_git(&self, args: &[&str], input: &[u8]) -> Output {
        let mut command = Command::new("git");
        command.args(args).current_dir(&self.dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_owned();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output
    }

    /// A file of the git directory; empty when it is not there.
    pub fn file(&self, name: impl AsRef<Path>) -> Vec<u8> {
        fs::read(self.dir.join(".git").join(name)).unwrap_or_default()
    }
}
