//! Which untracked files are ignored: the rules of `.gitignore` in each folder on the way to a path, and those of
//! `info/exclude` (gitignore(5)). A folder's rules are read when something in it or below is untracked, and not before.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use bstr::{BStr, BString, ByteSlice};
use gix_ignore::glob::pattern::Case;
use gix_ignore::search::Ignore;
use rustix::fd::OwnedFd;
use rustix::fs::{FileType, Mode, OFlags};
use rustix::io::Errno;

use super::Unusual;

/// The rules that hold in the folder that was entered last.
pub(super) struct Rules {
    /// The folders on the way, from the top, each with a `/` at its end.
    folders: Vec<Folder>,
    search: gix_ignore::Search,
}

struct Folder {
    path: BString,
    /// Whether its rules were looked for, and how many lists were in `search` before them.
    before: Option<usize>,
    /// Whether it is ignored itself, so that all is that is not tracked in it; known once its rules were looked for.
    is_ignored: bool,
}

/// The name of a folder's rules.
const NAME: &str = ".gitignore";
const PLAIN: Ignore = Ignore { support_precious: false };

impl Rules {
    /// The rules of `info/exclude`, if there are any.
    pub(super) fn new(exclude: Option<&[u8]>) -> Rules {
        let mut search = gix_ignore::Search::default();
        if let Some(bytes) = exclude {
            // Without a root this cannot fail.
            let _ = search.add_patterns_buffer(bytes, "info/exclude", None, PLAIN);
        }
        Rules { folders: Vec::new(), search }
    }

    /// From here on also the rules of this folder hold.
    pub(super) fn enter(&mut self, path: &BStr) {
        self.folders.push(Folder { path: path.to_owned(), before: None, is_ignored: false });
    }

    /// Goes back to the folder above.
    pub(super) fn leave(&mut self) {
        if let Some(before) = self.folders.pop().and_then(|folder| folder.before) {
            self.search.patterns.truncate(before);
        }
    }

    /// Whether a path in the folder that was entered last is ignored; `top` is the top of the work tree.
    pub(super) fn ignore(&mut self, top: &OwnedFd, path: &BStr, is_folder: bool) -> Result<bool, Unusual> {
        let mut is_ignored = false;
        for folder in &mut self.folders {
            if folder.before.is_none() {
                folder.before = Some(self.search.patterns.len());
                // The rules of a folder that is ignored are none.
                folder.is_ignored =
                    is_ignored || (!folder.path.is_empty() && matches(&self.search, folder.name(), true));
                if !folder.is_ignored {
                    read(&mut self.search, top, &folder.path)?;
                }
            }
            is_ignored = folder.is_ignored;
        }
        Ok(is_ignored || matches(&self.search, path, is_folder))
    }
}

impl Folder {
    fn name(&self) -> &BStr {
        self.path.strip_suffix(b"/").unwrap_or(&self.path).as_bstr()
    }
}

fn matches(search: &gix_ignore::Search, path: &BStr, is_folder: bool) -> bool {
    let found = search.pattern_matching_relative_path(path, Some(is_folder), Case::Sensitive);
    found.is_some_and(|found| !found.pattern.is_negative())
}

/// Adds the rules of a folder.
fn read(search: &mut gix_ignore::Search, top: &OwnedFd, folder: &BString) -> Result<(), Unusual> {
    let source = folder.to_path_lossy().join(NAME);
    let Some(bytes) = plain_file(top, &source)? else { return Ok(()) };
    let added = search.add_patterns_buffer(&bytes, source, Some(Path::new("")), PLAIN);
    added.map_err(|_| Unusual("rules in a folder of an unusual name"))
}

/// Reads a file of rules, if it is there and no link, which git does not follow there. Never waits.
pub(super) fn plain_file(top: &OwnedFd, path: &Path) -> Result<Option<Vec<u8>>, Unusual> {
    const LARGEST: u64 = 1 << 20;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::openat(top, path, flags, Mode::empty()) {
        Ok(file) => file,
        Err(Errno::NOENT | Errno::LOOP | Errno::NOTDIR) => return Ok(None),
        Err(_) => return Err(CANNOT_READ),
    };
    let stat = rustix::fs::fstat(&file).map_err(|_| CANNOT_READ)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile || stat.st_size.cast_unsigned() > LARGEST {
        return Err(CANNOT_READ);
    }
    let mut bytes = Vec::new();
    File::from(file).read_to_end(&mut bytes).map_err(|_| CANNOT_READ)?;
    Ok(Some(bytes))
}

const CANNOT_READ: Unusual = Unusual("a file of rules cannot be read");
