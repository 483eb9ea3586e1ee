//! The files of an object directory: under a temporary name until they are whole, with git's permissions, and on the disk
//! before anything names them where the configuration asks for that.

use std::ffi::OsStr;
use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use super::Error;
use super::settings::Settings;

/// Whether files must be on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durably {
    /// The directory goes away again.
    No,
    /// As `core.fsync` says.
    AsConfigured,
}

/// A new file in a folder of an object directory, gone when dropped. Of such a prefix `git gc` takes it away after a crash.
pub(super) fn temporary(folder: &Path, prefix: &str) -> Result<NamedTempFile, Error> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o444));
    builder.tempfile_in(folder).map_err(Error::io("cannot write in", folder))
}

/// Makes a folder of an object directory, if it is not there.
pub(super) fn make_folder(folder: &Path, settings: &Settings) -> Result<(), Error> {
    match fs::create_dir(folder) {
        Ok(()) => settings.sharing.adjust(folder),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(Error::io("cannot make", folder)(error)),
    }
}

/// Gives a whole file its name, unless that is there already: an object file's name is its content.
pub(super) fn place(temporary: NamedTempFile, file: &Path, settings: &Settings, sync: bool) -> Result<(), Error> {
    settings.sharing.adjust(temporary.path())?;
    let failed = || Error::io("cannot write", file);
    if sync {
        temporary.as_file().sync_all().map_err(failed())?;
    }
    match temporary.persist_noclobber(file) {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.error.kind() == ErrorKind::CrossesDevices => copy(error.file.path(), file, settings, sync),
        Err(error) => Err(failed()(error.error)),
    }
}

/// Puts a pack and its index into a folder for packs. It becomes visible with its index, which therefore comes last.
pub(super) fn place_pack(
    pack: NamedTempFile,
    folder: &Path,
    name: &str,
    index: &[u8],
    settings: &Settings,
    durably: Durably,
) -> Result<(), Error> {
    let sync = durably == Durably::AsConfigured;
    make_folder(folder, settings)?;
    place(pack, &folder.join(format!("{name}.pack")), settings, sync && settings.sync_pack)?;
    let file = folder.join(format!("{name}.idx"));
    let mut temporary = temporary(folder, "tmp_idx_")?;
    temporary.write_all(index).map_err(Error::io("cannot write", &file))?;
    place(temporary, &file, settings, sync && settings.sync_pack_index)
}

/// Moves the files of one object folder into another.
pub(super) fn move_all(from: &Path, to: &Path, settings: &Settings) -> Result<(), Error> {
    let mut files: Vec<_> =
        fs::read_dir(from).map_err(Error::io("cannot read", from))?.flatten().map(|file| file.path()).collect();
    files.sort_by_key(|file| file.extension() == Some(OsStr::new("idx")));
    if !files.is_empty() {
        make_folder(to, settings)?;
    }
    for file in files {
        let target = to.join(file.file_name().unwrap_or_default());
        if target.exists() {
            continue;
        }
        let sync = match file.extension().and_then(OsStr::to_str) {
            None => settings.sync_loose,
            Some("pack") => settings.sync_pack,
            Some(_) => settings.sync_pack_index,
        };
        if sync {
            let synced = fs::File::open(&file).and_then(|file| file.sync_all());
            synced.map_err(Error::io("cannot write", &file))?;
        }
        settings.sharing.adjust(&file)?;
        match fs::rename(&file, &target) {
            Err(error) if error.kind() == ErrorKind::CrossesDevices => copy(&file, &target, settings, sync)?,
            Err(error) => return Err(Error::io("cannot write", target)(error)),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// Copies a file from another file system.
fn copy(from: &Path, to: &Path, settings: &Settings, sync: bool) -> Result<(), Error> {
    let mut source = fs::File::open(from).map_err(Error::io("cannot read", from))?;
    let mut temporary = temporary(to.parent().unwrap_or(Path::new(".")), "tmp_obj_")?;
    std::io::copy(&mut source, &mut temporary).map_err(Error::io("cannot write", to))?;
    place(temporary, to, settings, sync)
}
