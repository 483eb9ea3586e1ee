//! The content of files and symbolic links, read once, and added to the objects.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use bstr::BStr;
use rustix::fd::OwnedFd;
use rustix::fs::OFlags;

use super::attributes::Attributes;
use super::tree::Item;
use super::{Stop, Unusual};
use crate::capture::Workspace;
use crate::git::index::Entry;
use crate::git::{Kind, is_executable_file};

/// Reads files below the top of the work tree.
pub(super) struct Reader<'a> {
    workspace: &'a Workspace,
    attributes: Attributes<'a>,
}

/// Larger files are git's, which streams them; in bytes.
const LARGEST: u64 = 64 << 20;

impl<'a> Reader<'a> {
    pub(super) fn new(workspace: &'a Workspace, top: &'a OwnedFd) -> Reader<'a> {
        Reader { workspace, attributes: Attributes::below(top) }
    }

    /// Whether the file is what its entry says after all. One that cannot be read is not.
    pub(super) fn is_same(&mut self, entry: &Entry<'_>) -> Result<bool, Stop> {
        let path = entry.path();
        let Ok(metadata) = fs::symlink_metadata(self.workspace.file(path)) else { return Ok(false) };
        let size = entry.stat().size;
        let may_be = mode(&metadata) == entry.mode() && (size == 0 || u64::from(size) == metadata.size() & 0xffff_ffff);
        if !may_be || metadata.size() > LARGEST {
            return Ok(false);
        }
        let Ok(bytes) = self.read(path, &metadata)? else { return Ok(false) };
        Ok(self.workspace.desk.objects()?.id_of(Kind::Blob, &bytes)? == entry.id())
    }

    /// The file as a tree has it, its content added to the objects.
    pub(super) fn item(&mut self, path: &BStr) -> Result<io::Result<Item>, Stop> {
        let metadata = match fs::symlink_metadata(self.workspace.file(path)) {
            Ok(metadata) => metadata,
            Err(error) => return Ok(Err(error)),
        };
        match self.read(path, &metadata)? {
            Ok(bytes) => {
                let id = self.workspace.desk.objects()?.add(Kind::Blob, bytes, None)?;
                Ok(Ok(Item { mode: mode(&metadata), id }))
            }
            Err(error) => Ok(Err(error)),
        }
    }

    /// The bytes that git would take for the file's content.
    fn read(&mut self, path: &BStr, metadata: &Metadata) -> Result<io::Result<Vec<u8>>, Stop> {
        let file = self.workspace.file(path);
        if metadata.is_symlink() {
            return Ok(fs::read_link(file).map(|target| target.as_os_str().as_bytes().to_owned()));
        }
        if metadata.size() > LARGEST {
            return Err(Unusual("a large file").into());
        }
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let open = || -> io::Result<Vec<u8>> {
            let file = File::options().read(true).custom_flags(flags.bits().cast_signed()).open(file)?;
            let mut bytes = Vec::with_capacity(usize::try_from(metadata.size()).unwrap_or(0) + 1);
            file.take(LARGEST + 1).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        match open() {
            Ok(bytes) if bytes.len() as u64 > LARGEST => Err(Unusual("a large file").into()),
            Ok(bytes) if !self.attributes.leave(path, &bytes)? => Err(Unusual("a file that git converts").into()),
            read => Ok(read),
        }
    }
}

/// The mode that a tree has for a file or a symbolic link.
fn mode(metadata: &Metadata) -> u32 {
    match metadata.is_symlink() {
        true => 0o120_000,
        false if is_executable_file(metadata) => 0o100_755,
        false => 0o100_644,
    }
}
