//! Several files that land together or not at all.
//!
//! They are written to a folder beside their places, and made durable there; one rename of that folder is the decision. Then
//! they are moved to their places. Whoever comes upon a decision that was not carried out, because its process was killed,
//! carries it out first, or, where nothing can be written, reads from it.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Error;
use super::history::{DAMAGED_INDEX, DECISIONS, INDEX, LATEST, PROMPT, SESSIONS};
use super::slug::slug;
use crate::session::atomic;

/// Files of which nobody knows yet whether they will land.
const STAGE: &str = ".glue-stage";
/// Files that have landed, but for their places.
pub const COMMITTED: &str = ".glue-commit";

/// Whether a file lies in the history's folder itself.
fn is_own(name: &str) -> bool {
    let number = name.strip_prefix(DAMAGED_INDEX);
    [LATEST, INDEX, PROMPT, DECISIONS].contains(&name)
        || number.is_some_and(|number| number.bytes().all(|byte| byte == b'.' || byte.is_ascii_digit()))
}

/// A file: its name from the folder on, and its content.
pub type Staged = (String, Vec<u8>);

/// What is to land.
#[derive(Debug)]
pub struct Decision {
    /// The files.
    pub files: Vec<Staged>,
    /// The index that they were made from.
    pub base: Base,
}

/// Runs `prepare` while nobody else writes to `folder`, and lands the files that it gives. Nothing is there of them when it
/// fails.
pub fn land<T>(folder: &Path, prepare: impl FnOnce() -> Result<(Decision, T), Error>) -> Result<T, Error> {
    atomic::exclusively(folder, || {
        carry_out(folder, Decided::Before)?;
        let (Decision { files, base }, value) = prepare()?;
        for (name, _) in &files {
            check_place(&folder.join(name))?;
        }
        let stage = folder.join(STAGE);
        remove_all(&stage)?;
        let staged = write_all(folder, &stage, &files, base);
        if staged.is_err() {
            let _ = remove_all(&stage);
        }
        staged?;
        carry_out(folder, Decided::ByUs)?;
        Ok(value)
    })
}

/// What stands in a file's place must be a file, and its folder one that can be written to.
fn check_place(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Err(Error::InTheWay(path.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(Error::io("cannot look at", path)(error)),
        _ => {}
    }
    check_writable(atomic::parent(path))
}

#[cfg(unix)]
fn check_writable(folder: &Path) -> Result<(), Error> {
    use rustix::fs::{Access, access};
    access(folder, Access::WRITE_OK | Access::EXEC_OK)
        .map_err(|error| Error::io("cannot write to", folder)(error.into()))
}

#[cfg(not(unix))]
fn check_writable(_folder: &Path) -> Result<(), Error> {
    Ok(())
}

/// Writes the files to the stage, and makes that the decision.
fn write_all(folder: &Path, stage: &Path, files: &[Staged], mut base: Base) -> Result<(), Error> {
    let failed = |path: &Path| Error::io("cannot write", path);
    fs::create_dir(stage).map_err(failed(stage))?;
    for (name, content) in files {
        let place = folder.join(name);
        write(&stage.join(flat(name)), content, &place).map_err(failed(&place))?;
        if name == INDEX {
            base.new = print_of(content);
        }
    }
    let base = stage.join(base.to_string());
    File::create_new(&base).map_err(failed(&base))?;
    atomic::sync_dir(stage).map_err(failed(stage))?;
    atomic::rename(stage, &folder.join(COMMITTED)).map_err(failed(stage))
}

/// The index that a decision was made on, and the one that it makes, each known by its length and checksum. Where the index
/// is neither, somebody has written since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Base {
    old: String,
    new: String,
}

impl Base {
    const NAME: &str = "base";

    /// Of an index that is there; of nothing where there is none.
    pub fn of(index: &[u8]) -> Base {
        Base { old: print_of(index), new: print_of(index) }
    }

    fn read(name: &str) -> Option<Base> {
        let (old, new) = name.strip_prefix(Base::NAME)?.strip_prefix('=')?.split_once('=')?;
        Some(Base { old: old.to_owned(), new: new.to_owned() })
    }
}

impl fmt::Display for Base {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}={}", Base::NAME, self.old, self.new)
    }
}

fn print_of(bytes: &[u8]) -> String {
    format!("{}-{:08x}", bytes.len(), crc32fast::hash(bytes))
}

fn write(path: &Path, content: &[u8], place: &Path) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(content)?;
    if let Ok(old) = fs::metadata(place) {
        file.set_permissions(usable(old.permissions()))?;
    }
    file.sync_all()
}

/// The permissions that a file had, and its owner's to read and write it: who replaces it must be able to read it.
#[cfg(unix)]
fn usable(mut old: fs::Permissions) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    old.set_mode(old.mode() & 0o777 | 0o600);
    old
}

#[cfg(not(unix))]
#[allow(clippy::permissions_set_readonly_false, reason = "there are no other people's permissions here")]
fn usable(mut old: fs::Permissions) -> fs::Permissions {
    old.set_readonly(false);
    old
}

/// What stands for the folder of the archives in the stage, which has no folders. No other name begins so.
const ARCHIVE: &str = "+";

/// What the name of an archive ends with, in its own folder only: a name that just fits there must fit in the stage, too.
const SUFFIX: &str = ".md";

/// The name of a file in the stage.
pub fn flat(name: &str) -> String {
    let archive = name.strip_prefix(SESSIONS).and_then(|name| name.strip_prefix('/')?.strip_suffix(SUFFIX));
    archive.map_or_else(|| name.to_owned(), |stem| format!("{ARCHIVE}{stem}"))
}

/// The name of an archive that has this one in the stage.
pub fn archive(flat: &str) -> Option<String> {
    flat.strip_prefix(ARCHIVE).map(|stem| format!("{stem}{SUFFIX}"))
}

/// Carries out a decision that another command did not come to carry out. Where that cannot be, it stays.
pub fn settle(folder: &Path) {
    if folder.join(COMMITTED).exists() {
        let _ = atomic::exclusively(folder, || carry_out(folder, Decided::Before));
    }
}

/// When a decision was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Decided {
    /// Just now; nobody can have written since.
    ByUs,
    /// By a command that did not come to carry it out.
    Before,
}

/// Moves what was decided to its places. None of it needs to be on the disk at once: what is not, is still here after a crash.
fn carry_out(folder: &Path, decided: Decided) -> Result<(), Error> {
    let committed = folder.join(COMMITTED);
    match fs::symlink_metadata(&committed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(found) if found.is_dir() => {}
        _ => return Err(Error::InTheWay(committed)),
    }
    let unreadable = || Error::io("cannot read", &committed);
    let entries = fs::read_dir(&committed).and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable())?;
    let base_of = |entry: &fs::DirEntry| Base::read(entry.file_name().to_str()?);
    let (base, entries): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| base_of(entry).is_some());
    // All of it is looked at before any of it is moved.
    let place = |entry: &fs::DirEntry| place_of(folder, entry).ok_or_else(|| Error::InTheWay(entry.path()));
    let places = entries.iter().map(place).collect::<Result<Vec<_>, Error>>()?;
    let is_current = decided == Decided::ByUs || entries.is_empty() || {
        let index = print_of(&fs::read(folder.join(INDEX)).unwrap_or_default());
        base.iter().filter_map(base_of).any(|base| index == base.old || index == base.new)
    };
    for (entry, place) in entries.iter().zip(places) {
        // Of what another program has written over since, only the archive is still worth something.
        if is_current || atomic::parent(&place) != folder && !place.exists() {
            fs::rename(entry.path(), &place).map_err(Error::io("cannot write", &place))?;
        } else {
            fs::remove_file(entry.path()).map_err(Error::io("cannot remove", &entry.path()))?;
        }
    }
    for base in base {
        fs::remove_file(base.path()).map_err(Error::io("cannot remove", &base.path()))?;
    }
    fs::remove_dir(&committed).map_err(Error::io("cannot remove", &committed))
}

/// Where a file of the decision belongs; `None` for what no command of ours has decided. A repository may come with such a
/// folder, and nothing in it may lead out of the history.
fn place_of(folder: &Path, entry: &fs::DirEntry) -> Option<PathBuf> {
    let name = entry.file_name().into_string().ok()?;
    let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
    let place = match name.strip_prefix(ARCHIVE) {
        Some(stem) => {
            let sessions = Some(folder.join(SESSIONS)).filter(|sessions| slug(stem) == stem && !sessions.is_symlink());
            sessions?.join(archive(&name)?)
        }
        None => is_own(&name).then(|| folder.join(&name))?,
    };
    is_file.then_some(place)
}

fn remove_all(folder: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(folder).map_err(Error::io("cannot remove", folder)),
        _ => Err(Error::InTheWay(folder.to_owned())),
    }
}
