//! Finding a repository without asking git, where it is of the usual kind: a `.git` above the directory that is ours, of a form that we
//! know, with its work tree around it.
//!
//! `None` everywhere here means that it is git's to say: because the repository is of another kind, because the environment has a word
//! in it, or because there is nothing or something broken, of which git tells best.

use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use super::ObjectFormat;
use super::config::{Config, Variable};

/// Where the parts of a usual repository lie. All paths are real ones.
pub(super) struct Usual {
    pub git_dir: PathBuf,
    pub common_dir: PathBuf,
    pub work_tree: PathBuf,
    pub format: ObjectFormat,
}

/// Variables that change what git finds, or how it looks at it.
const DECIDING: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_CEILING_DIRECTORIES",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",
    "GIT_TEST_ASSUME_DIFFERENT_OWNER",
];

/// The repository that `directory` lies in. With `anybodys` it may belong to anybody.
pub(super) fn usual(directory: &Path, variable: &Variable<'_>, anybodys: bool) -> Option<Usual> {
    if DECIDING.iter().any(|name| variable(name).is_some()) {
        return None;
    }
    let start = directory.canonicalize().ok()?;
    let work_tree = start.ancestors().find(|folder| has_git(folder))?.to_owned();
    if !is_on_one_file_system(&start, &work_tree) {
        return None;
    }
    let dot_git = work_tree.join(".git");
    let kind = dot_git.symlink_metadata().ok()?;
    let git_dir = match () {
        () if kind.is_dir() => dot_git.clone(),
        () if kind.is_file() => named_in(&dot_git, "gitdir: ")?.canonicalize().ok()?,
        () => return None,
    };
    let common_dir = common_dir(&git_dir)?;
    let is_ours = [&dot_git, &work_tree, &git_dir].into_iter().all(|path| is_ours(path));
    if !(anybodys || is_ours) || !is_git_dir(&git_dir, &common_dir) {
        return None;
    }
    let format = format(&git_dir, &common_dir, &work_tree)?;
    Some(Usual { git_dir, common_dir, work_tree, format })
}

/// Whether git would look closer here: at a `.git`, or at the directory itself as a bare repository or a part of one.
fn has_git(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok() || folder.join("HEAD").symlink_metadata().is_ok()
}

/// The path that a small file names, from where the file lies.
fn named_in(file: &Path, prefix: &str) -> Option<PathBuf> {
    let bytes = std::fs::read(file).ok()?;
    let path = bytes.strip_prefix(prefix.as_bytes())?.trim_end_with(|c| matches!(c, '\n' | '\r'));
    let is_path = !path.is_empty() && !path.contains(&0);
    Some(file.parent()?.join(path.to_path().ok().filter(|_| is_path)?))
}

/// The git directory that all work trees share.
fn common_dir(git_dir: &Path) -> Option<PathBuf> {
    let file = git_dir.join("commondir");
    match file.symlink_metadata() {
        Ok(_) => named_in(&file, "")?.canonicalize().ok(),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then(|| git_dir.to_owned()),
    }
}

/// What git asks of a git directory: a HEAD that makes sense, objects and refs.
fn is_git_dir(git_dir: &Path, common_dir: &Path) -> bool {
    let head = git_dir.join("HEAD");
    let is_file = head.symlink_metadata().is_ok_and(|head| head.is_file());
    let bytes = if is_file { std::fs::read(&head).unwrap_or_default() } else { Vec::new() };
    let target = bytes.strip_prefix(b"ref:").map(<[u8]>::trim_ascii_start);
    let is_id = |bytes: &[u8]| matches!(bytes.len(), 40 | 64) && bytes.iter().all(u8::is_ascii_hexdigit);
    let is_head = target.is_some_and(|target| target.starts_with(b"refs/")) || is_id(bytes.trim_ascii_end());
    is_head && common_dir.join("objects").is_dir() && common_dir.join("refs").is_dir()
}

/// The hash of a repository that is of a form that we know, and has this work tree.
fn format(git_dir: &Path, common_dir: &Path, work_tree: &Path) -> Option<ObjectFormat> {
    // What decides about the repository is in its own file, and not in files that this one includes.
    let config = Config::of_file(&common_dir.join("config"))?;
    let format = known_form(&config)?;
    let is_linked = git_dir != common_dir;
    // Of a linked work tree, the shared file says neither whether it is bare nor where it is.
    if !is_linked && !has_work_tree(&config, git_dir, work_tree) {
        return None;
    }
    if config.boolean("extensions.worktreeConfig") == Some(true) {
        let own = Config::of_file(&git_dir.join("config.worktree"))?;
        return has_work_tree(&own, git_dir, work_tree).then_some(format);
    }
    Some(format)
}

/// Whether a configuration leaves the work tree where it was found.
fn has_work_tree(config: &Config, git_dir: &Path, work_tree: &Path) -> bool {
    let is_here = |named: &bstr::BStr| {
        let named = named.to_path().ok().and_then(|path| git_dir.join(path).canonicalize().ok());
        named.is_some_and(|named| named == work_tree)
    };
    let is_bare = config.string("core.bare").is_some() && config.boolean("core.bare") != Some(false);
    !is_bare && config.string("core.worktree").is_none_or(is_here)
}

/// The hash of a repository that has refs in files and no extension that we do not know; see gitrepository-layout(5) and
/// git-config(1).
pub(super) fn known_form(config: &Config) -> Option<ObjectFormat> {
    let version = match config.string("core.repositoryFormatVersion") {
        Some(_) => config.integer("core.repositoryFormatVersion")?,
        None => 0,
    };
    if !(0..=1).contains(&version) {
        return None;
    }
    let mut format = ObjectFormat::Sha1;
    for (key, value) in config.iter() {
        let Some(name) = key.strip_prefix(b"extensions.") else { continue };
        match (name, value.map(|value| value.as_bytes())) {
            (b"noop" | b"preciousobjects" | b"partialclone" | b"worktreeconfig", _) => {}
            (b"relativeworktrees", _) | (b"refstorage", Some(b"files")) if version == 1 => {}
            (b"objectformat", Some(b"sha1")) if version == 1 => format = ObjectFormat::Sha1,
            (b"objectformat", Some(b"sha256")) if version == 1 => format = ObjectFormat::Sha256,
            _ => return None,
        }
    }
    Some(format)
}

#[cfg(unix)]
fn is_on_one_file_system(below: &Path, above: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| path.metadata().ok().map(|metadata| metadata.dev());
    let Some(first) = device(below) else { return false };
    below.ancestors().take_while(|folder| folder.starts_with(above)).all(|folder| device(folder) == Some(first))
}

#[cfg(not(unix))]
fn is_on_one_file_system(_: &Path, _: &Path) -> bool {
    true
}

/// Whether it belongs to who runs this. One who is root by `sudo` is git's to judge.
#[cfg(unix)]
fn is_ours(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let me = rustix::process::geteuid().as_raw();
    path.symlink_metadata().is_ok_and(|metadata| metadata.uid() == me)
}

#[cfg(not(unix))]
fn is_ours(_: &Path) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests;
