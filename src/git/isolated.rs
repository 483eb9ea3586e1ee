//! A private git directory over a repository's objects.
//!
//! git reads configuration, hooks, attributes, excludes, grafts and replace refs from its git directory, the home
//! directory and the system. A capture must not believe what an agent wrote there, and nothing there may change what
//! lands at home. So both sides work in a temporary git directory of our own, which has none of it: the objects of the
//! real repository are its alternates, the index is a copy, and new objects stay in it until [`Isolated::keep_objects`]
//! moves them over. (The alternative, a `-c` for each setting that git knows, is a list that the next git makes false.)

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use super::{Command, Error, ObjectFormat, Objects, Repo, TreeChange, blocking, object_files, process};

/// A private git directory, made when something needs it, gone when dropped.
pub struct Isolated {
    repo: Repo,
    outside: Outside,
    parent: PathBuf,
    dir: OnceLock<tempfile::TempDir>,
    /// Set once no file in the work tree is one that git would wait for.
    looked: OnceLock<()>,
    work_tree: PathBuf,
    objects: Objects,
    /// How the two trees differ that were asked for last: the same two are asked for again.
    pub(super) told_apart: Mutex<Option<TreesApart>>,
}

/// Two trees, and the paths at which they differ.
pub(super) struct TreesApart {
    pub(super) old: String,
    pub(super) new: String,
    pub(super) changes: Vec<TreeChange>,
}

/// What may come in from the real repository, beyond its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// Nothing: trees and commits are computed, no file is looked at.
    Nothing,
    /// The work tree, and the excludes of `info/exclude`.
    WorkTree,
    /// The work tree, and what the configuration says about the file system it lies on.
    WorkTreeAndFileSystem,
}

/// Configuration that describes the file system, not anybody's wishes.
const FILE_SYSTEM: [&str; 6] = [
    "core.fileMode",
    "core.symlinks",
    "core.ignoreCase",
    "core.precomposeUnicode",
    "core.protectHFS",
    "core.protectNTFS",
];

impl Isolated {
    /// A private git directory over `repo`, to be made in `place` (or where temporary files go).
    pub fn over(repo: &Repo, outside: Outside, place: Option<&Path>) -> Result<Isolated, Error> {
        process::catch_signals();
        let work_tree = match (&repo.work_tree, outside) {
            (Some(work_tree), Outside::WorkTree | Outside::WorkTreeAndFileSystem) => work_tree.clone(),
            _ => repo.git_dir.join(NO_WORK_TREE),
        };
        Ok(Isolated {
            outside,
            parent: place.map_or_else(std::env::temp_dir, Path::to_owned),
            dir: OnceLock::new(),
            looked: OnceLock::new(),
            work_tree,
            objects: Objects::open(repo, &more_objects()),
            told_apart: Mutex::new(None),
            repo: repo.clone(),
        })
    }

    /// The same for a look ahead: nothing will be kept, so nothing is written while memory lasts.
    pub fn dry(self) -> Isolated {
        self.objects.keep_nothing();
        self
    }

    /// The private git directory itself, made if it was not there.
    pub fn path(&self) -> Result<&Path, Error> {
        if let Some(dir) = self.dir.get() {
            return Ok(dir.path());
        }
        let dir = self.make()?;
        // Where two threads come here at once, one of the directories is the other's to forget.
        Ok(self.dir.get_or_init(|| dir).path())
    }

    /// The private git directory, if it was made.
    pub fn existing_path(&self) -> Option<&Path> {
        self.dir.get().map(tempfile::TempDir::path)
    }

    fn make(&self) -> Result<tempfile::TempDir, Error> {
        sweep(&self.parent);
        let prefix = format!("{PREFIX}{}-", std::process::id());
        let dir = tempfile::Builder::new().prefix(&prefix).tempdir_in(&self.parent);
        let dir = dir.map_err(Error::io("cannot make a temporary directory in", &self.parent))?;
        let (git_dir, repo) = (dir.path(), &self.repo);
        for folder in ["objects/info", "objects/pack", "refs", "info", "home"] {
            fs::create_dir_all(git_dir.join(folder)).map_err(Error::io("cannot make", git_dir.join(folder)))?;
        }
        write(&git_dir.join("HEAD"), b"ref: refs/heads/none\n")?;
        let mut config = format!(
            "[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tobjectFormat = {}\n",
            repo.format.name()
        );
        if self.outside == Outside::WorkTreeAndFileSystem {
            config += &file_system_settings(repo)?;
        }
        write(&git_dir.join("config"), config.as_bytes())?;
        write(&git_dir.join("objects/info/alternates"), &alternates(repo)?)?;
        copy_if_there(&repo.common_dir.join("shallow"), &git_dir.join("shallow"))?;
        if self.outside == Outside::WorkTree {
            copy_if_there(&repo.common_dir.join("info/exclude"), &git_dir.join("info/exclude"))?;
        }
        Ok(dir)
    }

    /// The index that [`Isolated::git`] works on. It does not exist until it was copied or written.
    pub fn index(&self) -> Result<PathBuf, Error> {
        Ok(self.path()?.join("index"))
    }

    /// The hash of the object ids.
    pub fn format(&self) -> ObjectFormat {
        self.repo.format
    }

    /// Where the work tree's files are; a name at which nothing is when there is none.
    pub fn work_tree(&self) -> &Path {
        &self.work_tree
    }

    /// Makes the private index a copy of the repository's, time stamp included: git compares it with the files' own
    /// to see which were changed within the same tick, and a younger copy would hide those changes.
    pub fn copy_index(&self, repo: &Repo) -> Result<(), Error> {
        copy_index(&repo.index, &self.index()?)?;
        // A split index names its base file, which git looks for beside it in the git directory.
        let shared = fs::read_dir(&repo.git_dir).map_err(Error::io("cannot read", &repo.git_dir))?;
        for entry in shared.flatten() {
            if entry.file_name().as_encoded_bytes().starts_with(b"sharedindex.") {
                copy_index(&entry.path(), &self.path()?.join(entry.file_name()))?;
            }
        }
        Ok(())
    }

    /// Whether the private index is one half of a split index.
    pub fn has_shared_index(&self) -> bool {
        let files = self.dir.get().and_then(|dir| fs::read_dir(dir.path()).ok()).into_iter().flatten().flatten();
        files.into_iter().any(|file| file.file_name().as_encoded_bytes().starts_with(b"sharedindex."))
    }

    /// A git command that sees nothing but this directory, the objects and the work tree, run at the top of the work tree.
    /// What was added to the objects before this call is there for it.
    pub fn git(&self, subcommand: &str) -> Command {
        if self.outside == Outside::WorkTree && self.looked.get().is_none() {
            if let Err(error) = blocking::refuse_in_work_tree(&self.work_tree) {
                return Command::impossible(subcommand, error);
            }
            self.looked.get_or_init(|| ());
        }
        self.git_on(subcommand, &self.work_tree)
    }

    /// As [`Isolated::git`], without the files: for what is only about objects.
    pub fn git_without_files(&self, subcommand: &str) -> Command {
        self.git_on(subcommand, &self.repo.git_dir.join(NO_WORK_TREE))
    }

    /// As [`Isolated::git`], with the files of another directory for the work tree.
    pub fn git_on(&self, subcommand: &str, work_tree: &Path) -> Command {
        let git_dir = match self.published() {
            Ok(git_dir) => git_dir,
            Err(error) => return Command::impossible(subcommand, error),
        };
        let home = git_dir.join("home");
        let work_tree = if work_tree == self.repo.git_dir.join(NO_WORK_TREE) { &home } else { work_tree };
        Command::new(subcommand, work_tree)
            .without_git_environment()
            .env("GIT_DIR", git_dir)
            .env("GIT_WORK_TREE", work_tree)
            .env("GIT_INDEX_FILE", git_dir.join("index"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .env("GIT_NO_REPLACE_OBJECTS", "1")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("HOME", &home)
            .env("XDG_CONFIG_HOME", &home)
    }

    /// The private git directory, in which everything new can be seen by a git.
    pub fn published(&self) -> Result<&Path, Error> {
        let git_dir = self.path()?;
        self.objects.publish(&git_dir.join("objects"))?;
        Ok(git_dir)
    }

    /// The objects of the repository and new ones, read and written without a process. Everybody shares them.
    pub fn objects(&self) -> Result<&Objects, Error> {
        Ok(&self.objects)
    }

    /// Brings every new object into the repository: packs before the loose, each under its final name at once.
    pub fn keep_objects(&self) -> Result<(), Error> {
        if let Some(dir) = self.dir.get() {
            let from = dir.path().join("objects");
            let mut folders: Vec<_> = fs::read_dir(&from).map_err(Error::io("cannot read", &from))?.flatten().collect();
            folders.sort_by_key(|folder| (folder.file_name() != "pack", folder.file_name()));
            for folder in folders {
                if folder.file_name() != "info" {
                    let to = self.repo.objects.join(folder.file_name());
                    object_files::move_all(&folder.path(), &to, &self.objects.settings()?)?;
                }
            }
        }
        self.objects.keep()
    }
}

/// The name in the git directory that stands for "no work tree".
const NO_WORK_TREE: &str = "no work tree";

/// What the names of these directories begin with; then comes the process that made them.
const PREFIX: &str = "glue-";

/// Removes what a process left behind that was killed. A process of that number may run in another container, so only what
/// nobody has touched for an hour goes.
fn sweep(parent: &Path) {
    const HOUR: std::time::Duration = std::time::Duration::from_secs(3600);
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok());
        let old = entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|modified| {
            modified.elapsed().is_ok_and(|age| age > HOUR) && entry.path().join("objects/info/alternates").is_file()
        });
        if old && pid.is_some_and(|pid| !process::is_alive(pid)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(Error::io("cannot write", path))
}

/// The file system settings of the repository's own configuration, as a section of ours.
fn file_system_settings(repo: &Repo) -> Result<String, Error> {
    let mut section = "[core]\n".to_owned();
    for key in FILE_SYSTEM {
        if let Some(value) = repo.config_bool(key)? {
            section += &format!("\t{} = {value}\n", key.trim_start_matches("core."));
        }
    }
    Ok(section)
}

/// The object directories that the environment adds.
fn more_objects() -> Vec<PathBuf> {
    let more = std::env::var_os("GIT_ALTERNATE_OBJECT_DIRECTORIES").unwrap_or_default();
    std::env::split_paths(&more).filter(|path| path.is_absolute()).collect()
}

/// The lines of `objects/info/alternates`: the repository's objects, and those that the environment adds.
fn alternates(repo: &Repo) -> Result<Vec<u8>, Error> {
    let objects = repo.objects.canonicalize().map_err(Error::io("cannot find", &repo.objects))?;
    let mut lines = Vec::new();
    for path in std::iter::once(&objects).chain(&more_objects()) {
        lines.extend_from_slice(&alternate(path.as_os_str().as_encoded_bytes()));
        lines.push(b'\n');
    }
    Ok(lines)
}

/// A path as a line of `objects/info/alternates`: quoted as git quotes paths where it would not be read as one line.
fn alternate(path: &[u8]) -> Vec<u8> {
    if !path.contains(&b'\n') && !path.starts_with(b"\"") && !path.starts_with(b"#") {
        return path.to_owned();
    }
    let mut line = b"\"".to_vec();
    for &byte in path {
        match byte {
            b'"' | b'\\' => line.extend([b'\\', byte]),
            b'\n' => line.extend(b"\\n"),
            _ => line.push(byte),
        }
    }
    line.push(b'"');
    line
}

fn copy_if_there(from: &Path, to: &Path) -> Result<(), Error> {
    blocking::regular(from)?;
    match fs::copy(from, to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("cannot copy", from)(error)),
        _ => Ok(()),
    }
}

fn copy_index(from: &Path, to: &Path) -> Result<(), Error> {
    blocking::regular(from)?;
    let mut source = match fs::File::open(from) {
        Ok(source) => source,
        // No index is an empty index.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io("cannot read", from)(error)),
    };
    let modified =
        source.metadata().and_then(|metadata| metadata.modified()).map_err(Error::io("cannot read", from))?;
    let mut copy = fs::File::create(to).map_err(Error::io("cannot write", to))?;
    std::io::copy(&mut source, &mut copy)
        .and_then(|_| copy.flush())
        .and_then(|()| copy.set_modified(modified))
        .map_err(Error::io("cannot write", to))
}
