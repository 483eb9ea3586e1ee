//! A repository as git sees it from a directory: where its parts lie, what is configured, what it is in the middle of.
//!
//! How it is found is in `discover`, what its refs and revisions name in `refs`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use bstr::{BString, ByteSlice};

use super::config::{Config, Scope};
use super::database::Database;
use super::discover::Usual;
use super::refs::{Packed, Stamp};
use super::{Command, Error, blocking, command, discover};

/// The hash that names a repository's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectFormat {
    /// 40 hex digits.
    Sha1,
    /// 64 hex digits.
    Sha256,
}

impl ObjectFormat {
    /// The name that git uses for it.
    pub fn name(self) -> &'static str {
        match self {
            ObjectFormat::Sha1 => "sha1",
            ObjectFormat::Sha256 => "sha256",
        }
    }

    /// As gix names it.
    pub fn hash(self) -> gix::hash::Kind {
        match self {
            ObjectFormat::Sha1 => gix::hash::Kind::Sha1,
            ObjectFormat::Sha256 => gix::hash::Kind::Sha256,
        }
    }

    /// The format of which this is a whole id, in hex.
    pub fn of(id: &[u8]) -> Option<ObjectFormat> {
        [ObjectFormat::Sha1, ObjectFormat::Sha256].into_iter().find(|format| format.zero().len() == id.len())
    }

    /// The id that these bytes have as a blob, in hex; none for bytes that were made to collide with others.
    pub fn blob_id(self, bytes: &[u8]) -> Option<String> {
        Some(gix::objs::compute_hash(self.hash(), gix::objs::Kind::Blob, bytes).ok()?.to_string())
    }

    /// The id of the tree with nothing in it.
    pub fn empty_tree(self) -> &'static str {
        match self {
            ObjectFormat::Sha1 => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            ObjectFormat::Sha256 => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
        }
    }

    /// The id that stands for "no object": all zeros.
    pub fn zero(self) -> &'static str {
        match self {
            ObjectFormat::Sha1 => "0000000000000000000000000000000000000000",
            ObjectFormat::Sha256 => "0000000000000000000000000000000000000000000000000000000000000000",
        }
    }
}

/// A repository and, unless it is bare, one work tree of it.
#[derive(Debug, Clone)]
pub struct Repo {
    /// The git directory of this work tree; in a linked work tree not the common one.
    pub git_dir: PathBuf,
    /// The git directory that all work trees share.
    pub common_dir: PathBuf,
    /// The top of the work tree, absolute; `None` in a bare repository or inside the git directory.
    pub work_tree: Option<PathBuf>,
    /// The hash of its object ids.
    pub format: ObjectFormat,
    /// Where its objects lie, after GIT_OBJECT_DIRECTORY.
    pub objects: PathBuf,
    /// Where its index lies, after GIT_INDEX_FILE.
    pub index: PathBuf,
    /// Whether GIT_DIR and its friends count here.
    environment: bool,
    /// What was read of it; clones share it.
    pub(super) known: Arc<Known>,
}

/// What is read of a repository once, when it is first asked for.
#[derive(Default)]
pub(super) struct Known {
    config: OnceLock<Config>,
    /// The objects, from the first look at one of them until somebody takes them over.
    pub(super) database: Mutex<Option<Database>>,
    /// The packed refs, and of which file they are.
    pub(super) packed: Mutex<Option<(Option<Stamp>, Arc<Packed>)>>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Known").finish_non_exhaustive()
    }
}

/// What makes a filter driver do nothing.
const OFF: [(&str, &str); 4] = [("clean", ""), ("smudge", ""), ("process", ""), ("required", "false")];

/// Something that git was asked to do here and has not finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InProgress {
    /// `git am`
    Am,
    /// `git rebase`
    Rebase,
    /// `git merge`
    Merge,
    /// `git cherry-pick`
    CherryPick,
    /// `git revert`
    Revert,
    /// `git bisect`
    Bisect,
}

impl InProgress {
    /// The git command that it belongs to.
    pub fn command(self) -> &'static str {
        match self {
            InProgress::Am => "am",
            InProgress::Rebase => "rebase",
            InProgress::Merge => "merge",
            InProgress::CherryPick => "cherry-pick",
            InProgress::Revert => "revert",
            InProgress::Bisect => "bisect",
        }
    }
}

impl Repo {
    /// The repository that `directory` lies in, found as git finds it (GIT_DIR and friends count). `None` when there is none.
    pub fn discover(directory: &Path) -> Result<Option<Repo>, Error> {
        Repo::find(directory, true, &[])
    }

    /// As [`Repo::discover`], but GIT_DIR and friends, which speak of the caller's own repository, do not count.
    pub fn discover_at(directory: &Path) -> Result<Option<Repo>, Error> {
        Repo::find(directory, false, &[])
    }

    /// As [`Repo::discover`], whoever owns it. Only for callers that let nothing of its configuration run.
    pub fn discover_foreign(directory: &Path) -> Result<Option<Repo>, Error> {
        Repo::find(directory, true, &WHOEVER_OWNS_IT)
    }

    /// As [`Repo::discover_foreign`], but GIT_DIR and friends do not count: for a repository inside another.
    pub fn discover_foreign_at(directory: &Path) -> Result<Option<Repo>, Error> {
        Repo::find(directory, false, &WHOEVER_OWNS_IT)
    }

    fn find(directory: &Path, environment: bool, settings: &[(&str, &str)]) -> Result<Option<Repo>, Error> {
        if !settings.is_empty() {
            blocking::refuse_in_repository(directory, environment)?;
        }
        let variable = |name: &str| variable(name, environment);
        if let Some(found) = discover::usual(directory, &variable, !settings.is_empty()) {
            return Ok(Some(Repo::usual(found, directory, environment)));
        }
        Repo::ask(directory, environment, settings)
    }

    pub(super) fn usual(found: Usual, directory: &Path, environment: bool) -> Repo {
        let Usual { git_dir, common_dir, work_tree, format } = found;
        Repo::new(git_dir, common_dir, Some(work_tree), format, directory, environment)
    }

    /// Everything else than the usual: found, or refused, by git.
    pub(super) fn ask(directory: &Path, environment: bool, settings: &[(&str, &str)]) -> Result<Option<Repo>, Error> {
        let ask = |args: &[&str]| {
            let mut command = Command::new("rev-parse", directory).args(args);
            if !environment {
                command = command.without_local_environment();
            }
            settings.iter().fold(command, |command, (name, value)| command.env(name, value))
        };
        let args = ["--show-object-format", "--is-bare-repository", "--is-inside-work-tree", "--absolute-git-dir"];
        let answer = ask(&args).finish()?;
        if answer.code != Some(0) {
            // "not a git repository" is an answer; a refusal (ownership, unknown extension) is not.
            return if answer.stderr.contains("not a git repository") {
                Ok(None)
            } else {
                Err(answer.failure("rev-parse"))
            };
        }
        // The path comes last, because it may hold newlines of its own.
        let mut fields = answer.stdout.splitn(4, |&byte| byte == b'\n');
        let (format, bare, inside, git_dir) = match (fields.next(), fields.next(), fields.next(), fields.next()) {
            (Some(format), Some(bare), Some(inside), Some(git_dir)) => (format, bare, inside, git_dir),
            _ => {
                return Err(Error::Nonsense {
                    command: "rev-parse".into(),
                    answer: answer.stdout.to_str_lossy().into(),
                });
            }
        };
        let format = if format == b"sha256" { ObjectFormat::Sha256 } else { ObjectFormat::Sha1 };
        let git_dir = path_of(git_dir.strip_suffix(b"\n").unwrap_or(git_dir))?;
        let work_tree = match inside {
            b"true" => Some(path_of(&ask(&["--show-toplevel"]).line()?)?),
            _ if bare == b"true" => None,
            // Outside of the work tree, which GIT_WORK_TREE may name all the same.
            _ => top_level(ask(&["--show-toplevel"]))?,
        };
        let common_dir = common_dir(&git_dir)?;
        Ok(Some(Repo::new(git_dir, common_dir, work_tree, format, directory, environment)))
    }

    fn new(
        git_dir: PathBuf,
        common_dir: PathBuf,
        work_tree: Option<PathBuf>,
        format: ObjectFormat,
        directory: &Path,
        environment: bool,
    ) -> Repo {
        let named = |name: &str| -> Option<PathBuf> {
            let value = variable(name, environment).filter(|value| !value.is_empty())?;
            Some(directory.join(value))
        };
        Repo {
            objects: named("GIT_OBJECT_DIRECTORY").unwrap_or_else(|| common_dir.join("objects")),
            index: named("GIT_INDEX_FILE").unwrap_or_else(|| git_dir.join("index")),
            git_dir,
            common_dir,
            work_tree,
            format,
            environment,
            known: Arc::default(),
        }
    }

    /// A git command on this repository with its own configuration, at the top of the work tree.
    pub fn git(&self, subcommand: &str) -> Command {
        self.here(Command::new(subcommand, self.work_tree.as_deref().unwrap_or(&self.git_dir)))
    }

    fn here(&self, command: Command) -> Command {
        let command = if self.environment { command } else { command.without_local_environment() };
        let command = command.env("GIT_DIR", &self.git_dir);
        match &self.work_tree {
            Some(work_tree) => command.env("GIT_WORK_TREE", work_tree),
            None => command.env_remove("GIT_WORK_TREE"),
        }
    }

    /// As [`Repo::git`], with every filter program of the configuration switched off, whichever the attributes select.
    /// What the configuration says of line endings still counts.
    pub fn git_without_filters(&self, subcommand: &str) -> Result<Command, Error> {
        let names = self.settings()?.iter().filter_map(|(key, _)| key.strip_prefix(b"filter."));
        let mut drivers: Vec<&str> = names.filter_map(|name| Some(name.to_str().ok()?.rsplit_once('.')?.0)).collect();
        drivers.sort_unstable();
        drivers.dedup();
        let given: usize = std::env::var("GIT_CONFIG_COUNT").ok().and_then(|count| count.parse().ok()).unwrap_or(0);
        let first = if self.environment { given } else { 0 };
        let mut command = self.git(subcommand);
        let off = drivers.iter().flat_map(|driver| OFF.map(|(key, value)| (format!("filter.{driver}.{key}"), value)));
        let mut count = first;
        for (key, value) in off {
            command = command.env(&format!("GIT_CONFIG_KEY_{count}"), key);
            command = command.env(&format!("GIT_CONFIG_VALUE_{count}"), value);
            count += 1;
        }
        Ok(if count > first { command.env("GIT_CONFIG_COUNT", count.to_string()) } else { command })
    }

    /// Whether this is a work tree added by `git worktree add`.
    pub fn is_linked(&self) -> bool {
        self.git_dir != self.common_dir
    }

    /// Everything that is configured here.
    pub fn settings(&self) -> Result<&Config, Error> {
        if let Some(config) = self.known.config.get() {
            return Ok(config);
        }
        let variable = |name: &str| variable(name, self.environment);
        let scope = Scope { git_dir: &self.git_dir, common_dir: &self.common_dir, variable: &variable };
        let config = match Config::read(&scope) {
            Some(config) => config,
            None => self.listed()?,
        };
        Ok(self.known.config.get_or_init(|| config))
    }

    /// The configuration as git lists it.
    fn listed(&self) -> Result<Config, Error> {
        let command = Command::as_configured("config", self.work_tree.as_deref().unwrap_or(&self.git_dir));
        let answer = self.here(command).args(["--null", "--list"]).finish()?;
        // One that git cannot read is for the first command that needs it to complain of.
        Ok(Config::listed(&answer.stdout))
    }

    /// One value of the repository's configuration, as `git config --get` gives it.
    pub fn config(&self, key: &str) -> Result<Option<BString>, Error> {
        Ok(self.settings()?.string(key).map(Into::into))
    }

    /// One yes-or-no value of the configuration, read as git reads booleans.
    pub fn config_bool(&self, key: &str) -> Result<Option<bool>, Error> {
        Ok(self.settings()?.boolean(key))
    }

    /// One number of the configuration, read as git reads numbers: `k`, `m` and `g` multiply by powers of 1024. `None` for one
    /// that is negative or no number.
    pub fn config_size(&self, key: &str) -> Result<Option<u64>, Error> {
        Ok(self.settings()?.integer(key).and_then(|number| number.try_into().ok()))
    }

    /// What the work tree is in the middle of, if anything.
    pub fn in_progress(&self) -> Option<InProgress> {
        let there = |name: &str| self.git_dir.join(name).exists();
        // `git am` and the apply backend of rebase share a directory; `applying` marks the former.
        let states = [
            (there("rebase-apply") && !there("rebase-apply/rebasing"), InProgress::Am),
            (there("rebase-apply") || there("rebase-merge"), InProgress::Rebase),
            (there("MERGE_HEAD"), InProgress::Merge),
            (there("CHERRY_PICK_HEAD"), InProgress::CherryPick),
            (there("REVERT_HEAD"), InProgress::Revert),
            (there("BISECT_LOG"), InProgress::Bisect),
        ];
        states.into_iter().find(|(yes, _)| *yes).map(|(_, what)| what)
    }
}

/// An environment variable; unless `environment`, those that speak of one repository are not there.
fn variable(name: &str, environment: bool) -> Option<OsString> {
    if environment || !command::LOCAL.contains(&name) { std::env::var_os(name) } else { None }
}

/// The top of the work tree, if git says that there is one.
fn top_level(ask: Command) -> Result<Option<PathBuf>, Error> {
    let answer = ask.finish()?;
    if answer.code != Some(0) {
        return Ok(None);
    }
    Ok(Some(path_of(answer.stdout.strip_suffix(b"\n").unwrap_or(&answer.stdout))?))
}

const WHOEVER_OWNS_IT: [(&str, &str); 3] =
    [("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*")];

/// The shared git directory: named by the file `commondir` in a linked work tree's own, else the git directory itself.
fn common_dir(git_dir: &Path) -> Result<PathBuf, Error> {
    let file = git_dir.join("commondir");
    match std::fs::read(&file) {
        Ok(bytes) => {
            let joined = git_dir.join(path_of(bytes.trim_end_with(|c| c == '\n'))?);
            joined.canonicalize().map_err(Error::io("cannot find", joined))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(git_dir.to_owned()),
        Err(error) => Err(Error::io("cannot read", file)(error)),
    }
}

/// A path that git printed: on Unix its bytes as they are.
fn path_of(bytes: &[u8]) -> Result<PathBuf, Error> {
    let nonsense = || Error::Nonsense { command: "rev-parse".into(), answer: bytes.to_str_lossy().into() };
    let path: OsString = bytes.to_os_str().map_err(|_| nonsense())?.to_owned();
    Ok(PathBuf::from(path))
}
