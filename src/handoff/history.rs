//! `.agent-history/` as it lies on disk: which files there are, and how they are read.

use std::borrow::Cow;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::OnceLock;

pub use super::archives::Archives;
use super::text::has_return;
use super::{Error, stage};
use crate::session::atomic;

/// The folder.
pub const FOLDER: &str = ".agent-history";
/// The newest handoff.
pub const LATEST: &str = "LATEST.md";
/// What the sessions are about.
pub const INDEX: &str = "INDEX.yaml";
/// An index that could not be read.
pub const DAMAGED_INDEX: &str = "INDEX.yaml.damaged";
/// What to paste into a new session.
pub const PROMPT: &str = "RESUME_PROMPT.txt";
/// The log of decisions.
pub const DECISIONS: &str = "DECISIONS.md";
/// The folder of all handoffs.
pub const SESSIONS: &str = "sessions";

/// The history of a repository.
#[derive(Debug, Clone)]
pub struct History {
    root: PathBuf,
    folder: PathBuf,
    /// Whether a decision was found that has not been carried out.
    is_pending: OnceLock<bool>,
}

impl History {
    /// Of the repository at `root`, whether or not there is one.
    pub fn of(root: &Path) -> History {
        let root: PathBuf = root.components().filter(|part| *part != Component::CurDir).collect();
        let folder = root.join(FOLDER);
        let root = if root.as_os_str().is_empty() { PathBuf::from(".") } else { root };
        History { root, folder, is_pending: OnceLock::new() }
    }

    /// The root of the repository.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder, as people are told of it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A file of it, named from the folder on.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Whether the folder is there.
    pub fn is_there(&self) -> bool {
        self.folder.is_dir()
    }

    /// The bytes of a file, as the last command that came to its decision left it.
    pub fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.found(name, |path| fs::read(path))
    }

    /// The same file, open for reading.
    pub(super) fn open(&self, name: &str) -> io::Result<fs::File> {
        self.found(name, |path| fs::File::open(path))
    }

    /// Whether every file is in its place: no decision is there that has not been carried out.
    pub(super) fn is_settled(&self) -> bool {
        !*self.is_pending.get_or_init(|| self.folder.join(stage::COMMITTED).is_dir())
    }

    fn found<T>(&self, name: &str, with: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
        if !self.is_settled() {
            let committed = self.folder.join(stage::COMMITTED);
            match with_file(&committed.join(stage::flat(name)), &with) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                done => return done,
            }
        }
        with_file(&self.path(name), &with)
    }

    /// The text of a file. Line ends other than LF count as LF.
    ///
    /// # Errors
    /// In words: that it is missing, that it is no file, that it is not UTF-8, that it cannot be read.
    pub fn text(&self, name: &str) -> Result<String, Unreadable> {
        let bytes = self.read(name).map_err(Unreadable::of)?;
        match text_of(&bytes).ok_or_else(Unreadable::no_text)? {
            Cow::Owned(text) => Ok(text),
            // It is the very bytes.
            Cow::Borrowed(_) => Ok(String::from_utf8(bytes).unwrap_or_default()),
        }
    }

    /// The handoffs in `sessions/`.
    pub fn archives(&self) -> Archives {
        Archives::of(self)
    }

    /// Whether a file of the history is there, one that `latest_file` or an entry names. An error when it lies outside.
    pub fn holds(&self, name: &str) -> Result<bool, Outside> {
        let inside =
            |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let path = self.path(name);
        if Path::new(name).is_absolute() {
            return Err(Outside);
        }
        if fs::symlink_metadata(&path).is_ok_and(|found| found.is_file())
            && inside(Path::new(name))
            && !self.is_linked(name)
        {
            return Ok(true);
        }
        let (folder, real) = (real_path(&self.folder), real_path(&path));
        if !real.starts_with(&folder) {
            return Err(Outside);
        }
        Ok(real.is_file() || self.folder.join(stage::COMMITTED).join(stage::flat(name)).is_file())
    }

    /// Whether a folder on the way to a file is a link.
    fn is_linked(&self, name: &str) -> bool {
        let above = Path::new(name).parent().filter(|above| !above.as_os_str().is_empty());
        above.is_some_and(|above| {
            above
                .ancestors()
                .filter(|part| !part.as_os_str().is_empty())
                .any(|part| self.folder.join(part).is_symlink())
        })
    }

    /// Runs `work` while nobody writes, on what the last command made of it.
    pub fn undisturbed<T>(&self, work: impl FnOnce() -> T) -> T {
        stage::settle(&self.folder);
        atomic::undisturbed(&self.folder, work)
    }

    /// Refuses links where the history's own files and folders belong: what is written must stay inside.
    ///
    /// # Errors
    /// [`Error::Link`], the first.
    pub fn refuse_links(&self, names: &[&str]) -> Result<(), Error> {
        let own = std::iter::once(self.folder.clone()).chain(names.iter().map(|name| self.path(name)));
        match own.into_iter().find(|path| path.is_symlink()) {
            Some(path) => Err(Error::Link(path)),
            None => Ok(()),
        }
    }
}

/// Why there is no text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// There is no file.
    Missing(String),
    /// There is one, but it cannot be read as text.
    Not(String),
}

impl Unreadable {
    /// Why, in words.
    pub fn reason(&self) -> &str {
        match self {
            Unreadable::Missing(reason) | Unreadable::Not(reason) => reason,
        }
    }

    /// The same as a problem of the file of that name.
    pub fn problem(&self, name: &str) -> String {
        match self {
            Unreadable::Missing(_) => format!("missing {name}"),
            Unreadable::Not(reason) => format!("{name}: {reason}"),
        }
    }

    /// What an error of the system means.
    pub(super) fn of(error: io::Error) -> Unreadable {
        match error.kind() {
            io::ErrorKind::NotFound => Unreadable::Missing(error.to_string()),
            _ => Unreadable::Not(format!("cannot be read: {error}")),
        }
    }

    /// That bytes are no text.
    pub(super) fn no_text() -> Unreadable {
        Unreadable::Not("is not UTF-8".to_owned())
    }
}

/// Does something with a file. What is none is as good as not there: a pipe would be waited for, a device read for ever.
fn with_file<T>(path: &Path, with: impl Fn(&Path) -> io::Result<T>) -> io::Result<T> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::NotFound, "it is no file"));
    }
    with(path)
}

/// A name leads out of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outside;

/// Bytes as text, every line end a LF; `None` when they are not UTF-8.
pub fn text_of(bytes: &[u8]) -> Option<Cow<'_, str>> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(match has_return(text) {
        true => text.replace("\r\n", "\n").replace('\r', "\n").into(),
        false => text.into(),
    })
}

/// A path without links and without `..`, which leads back from what is not there, too: so programs have read it since the
/// first of them, while the system would find nothing there.
fn real_path(path: &Path) -> PathBuf {
    let start = if path.is_absolute() { PathBuf::new() } else { std::env::current_dir().unwrap_or_default() };
    let (mut real, mut links) = (start.canonicalize().unwrap_or(start), 0);
    let mut rest: Vec<OsString> = path.components().rev().map(|part| part.as_os_str().to_owned()).collect();
    while let Some(part) = rest.pop() {
        match part.as_os_str().as_encoded_bytes() {
            b"." => {}
            b".." => {
                real.pop();
            }
            _ => {
                let next = real.join(&part);
                match fs::read_link(&next) {
                    Ok(target) if links < MOST_LINKS => {
                        links += 1;
                        rest.extend(target.components().rev().map(|part| part.as_os_str().to_owned()));
                    }
                    _ => real = next,
                }
            }
        }
    }
    real
}

/// As many links are followed; more are a circle.
const MOST_LINKS: u32 = 40;
