//! Several files that land together or not at all.
//!
//! They are written to a folder beside their places, and made durable there; one rename of that folder is the decision. Then
//! they are moved to their places. Whoever comes upon a decision that was not carried out, because its process was killed,
//! carries it out first (who writes) or reads from it (who reads).

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

/// The files that lie in the history's folder itself.
const OWN: [&str; 5] = [LATEST, INDEX, DAMAGED_INDEX, PROMPT, DECISIONS];

/// A file: its name from the folder on, and its content.
pub type Staged = (String, Vec<u8>);

/// Runs `prepare` while nobody else writes to `folder`, and lands the files that it gives. Nothing is there of them when it
/// fails.
pub fn land<T>(folder: &Path, prepare: impl FnOnce() -> Result<(Vec<Staged>, T), Error>) -> Result<T, Error> {
    atomic::exclusively(folder, || {
        carry_out(folder)?;
        let (files, value) = prepare()?;
        for (name, _) in &files {
            check_place(&folder.join(name))?;
        }
        let stage = folder.join(STAGE);
        remove_all(&stage)?;
        let staged = write_all(folder, &stage, &files);
        if staged.is_err() {
            let _ = remove_all(&stage);
        }
        staged?;
        carry_out(folder)?;
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
fn write_all(folder: &Path, stage: &Path, files: &[Staged]) -> Result<(), Error> {
    let failed = |path: &Path| Error::io("cannot write", path);
    fs::create_dir(stage).map_err(failed(stage))?;
    for (name, content) in files {
        let place = folder.join(name);
        write(&stage.join(flat(name)), content, &place).map_err(failed(&place))?;
    }
    atomic::sync_dir(stage).map_err(failed(stage))?;
    atomic::rename(stage, &folder.join(COMMITTED)).map_err(failed(stage))
}

fn write(path: &Path, content: &[u8], place: &Path) -> io::Result<()> {
    let mut file = File::create_new(path)?;
    file.write_all(content)?;
    if let Ok(old) = fs::metadata(place) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()
}

/// What stands for the slash of a name in the stage, which has no folders. No name has it otherwise.
const SLASH: &str = "+";

/// The name of a file in the stage.
pub fn flat(name: &str) -> String {
    name.replace('/', SLASH)
}

/// Moves what was decided to its places. None of it needs to be on the disk at once: what is not, is still here after a crash.
fn carry_out(folder: &Path) -> Result<(), Error> {
    let committed = folder.join(COMMITTED);
    let entries = match fs::read_dir(&committed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(Error::io("cannot read", &committed))?,
    };
    for entry in entries {
        let entry = entry.map_err(Error::io("cannot read", &committed))?;
        let place = place_of(folder, &entry).ok_or_else(|| Error::InTheWay(entry.path()))?;
        fs::rename(entry.path(), &place).map_err(Error::io("cannot write", &place))?;
    }
    fs::remove_dir(&committed).map_err(Error::io("cannot remove", &committed))
}

/// Where a file of the decision belongs; `None` for what no command of ours has decided. A repository may come with such a
/// folder, and nothing in it may lead out of the history.
fn place_of(folder: &Path, entry: &fs::DirEntry) -> Option<PathBuf> {
    let name = entry.file_name().into_string().ok()?;
    let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
    let place = match name.split_once(SLASH) {
        Some((SESSIONS, archive)) => {
            let is_ours = archive.strip_suffix(".md").is_some_and(|stem| slug(stem) == stem);
            is_ours.then(|| folder.join(SESSIONS)).filter(|sessions| !sessions.is_symlink())?.join(archive)
        }
        Some(_) => return None,
        None => OWN.contains(&name.as_str()).then(|| folder.join(&name))?,
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
