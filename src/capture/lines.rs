//! The diff between two trees, made without a process, where nothing in it needs more than a comparison of lines.
//!
//! A commit that does not both add and delete files has no renames to look for, and one that adds nothing much like what it
//! changes no copies: its diff is that of each file, in git's form, with git's context and git's way to slide a hunk to where
//! people expect it. Which lines of many equal ones are said to have changed may differ from what git says. What is binary,
//! large, becomes something else or is a submodule is git's.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Write};

use bstr::{BStr, BString, ByteSlice};

use super::kept::Change;
use super::{Workspace, copies};
use crate::git::{Bytes, Error, Kind, ObjectId, TreeItem};
use crate::patch::{Hunks, quote};

/// Which files are text, as far as that was looked at; by path, which hardly ever changes.
#[derive(Default)]
pub(super) struct Texts(HashMap<BString, bool>);

/// Larger files are git's, in bytes.
const LARGEST: u64 = 1 << 20;
/// More at once is git's, in bytes: the diff is held in memory.
const MOST: u64 = 4 << 20;
/// Where git looks for a zero byte, which makes a file binary, in bytes.
const LOOKED_AT: usize = 8000;

/// Whether the diff is easy as far as that can be told without a look at the contents.
pub(super) fn may_do(changes: &[Change]) -> bool {
    let bytes: u64 = changes.iter().filter_map(|change| change.size).sum();
    let is_small = |change: &Change| change.size.is_none_or(|size| size <= LARGEST);
    bytes <= MOST && has_no_renames(changes) && changes.iter().all(is_small)
}

impl Texts {
    /// Whether [`diff`] is likely to have an answer where [`may_do`] has no objection.
    pub(super) fn do_for(&mut self, workspace: &Workspace, changes: &[Change]) -> Result<bool, Error> {
        for Change { change, .. } in changes {
            let Some(item) = change.new.as_ref().or(change.old.as_ref()) else { continue };
            let is_text = match self.0.get(&change.path) {
                Some(is_text) => *is_text,
                None => {
                    let is_text = text(workspace, Some(item), None)?.is_some();
                    self.0.insert(change.path.clone(), is_text);
                    is_text
                }
            };
            if !is_text {
                return Ok(false);
            }
        }
        let may_have_copies = changes.iter().any(is_new) && !changes.iter().all(is_new);
        Ok(!may_have_copies || contents(workspace, changes)?.is_some())
    }
}

/// Whether there is nothing that could be a rename, no file that became something else, and no submodule.
fn has_no_renames(changes: &[Change]) -> bool {
    let kind = |item: &TreeItem| item.mode >> 12;
    let is_plain = |Change { change, .. }: &Change| match (&change.old, &change.new) {
        (Some(old), Some(new)) => kind(old) == kind(new) && !new.is_gitlink(),
        (one, other) => one.iter().chain(other).all(|item| !item.is_gitlink()),
    };
    let is_gone = |change: &Change| change.change.new.is_none();
    !(changes.iter().any(is_new) && changes.iter().any(is_gone)) && changes.iter().all(is_plain)
}

fn is_new(change: &Change) -> bool {
    change.change.old.is_none()
}

/// The diff in git's form; `None` where git has to make it.
pub(super) fn diff(workspace: &Workspace, changes: &[Change]) -> Result<Option<Vec<u8>>, Error> {
    let Some(contents) = contents(workspace, changes)? else { return Ok(None) };
    let mut out = Vec::new();
    for (Change { change, .. }, (before, after)) in changes.iter().zip(&contents) {
        let file = File { workspace, path: change.path.as_bstr(), old: change.old.as_ref(), new: change.new.as_ref() };
        if file.write(before, after, &mut out).is_err() {
            return Ok(None);
        }
    }
    Ok(Some(out))
}

/// What each path held and holds, if all of it is text, not too much, and no copy of each other.
fn contents(workspace: &Workspace, changes: &[Change]) -> Result<Option<Vec<(Bytes, Bytes)>>, Error> {
    let (mut contents, mut bytes) = (Vec::with_capacity(changes.len()), 0);
    for Change { change, size, .. } in changes {
        let sides = (text(workspace, change.old.as_ref(), None)?, text(workspace, change.new.as_ref(), *size)?);
        let (Some(before), Some(after)) = sides else { return Ok(None) };
        bytes += (before.len() + after.len()) as u64;
        if bytes > 2 * MOST {
            return Ok(None);
        }
        contents.push((before, after));
    }
    let (new, changed): (Vec<_>, Vec<_>) = changes.iter().zip(&contents).partition(|(change, _)| is_new(change));
    let old: Vec<&[u8]> = changed.iter().map(|(_, (before, _))| before.as_slice()).collect();
    let new: Vec<&[u8]> = new.iter().map(|(_, (_, after))| after.as_slice()).collect();
    Ok((!copies::may_be_there(&old, &new)).then_some(contents))
}

/// The content of a file or a symbolic link, if it is text; nothing, where there is none. Its size may be known.
fn text(workspace: &Workspace, item: Option<&TreeItem>, size: Option<u64>) -> Result<Option<Bytes>, Error> {
    let Some(item) = item else { return Ok(Some(Bytes::default())) };
    // One that is missing, as in a partial clone, is git's to fetch or to name.
    if size.or_else(|| workspace.objects.size(&item.id).ok()).is_none_or(|size| size > LARGEST) {
        return Ok(None);
    }
    let Ok(id) = ObjectId::from_hex(item.id.as_bytes()) else { return Ok(None) };
    let bytes = workspace.objects.read_kind(id, Kind::Blob)?;
    let is_binary = bytes[..bytes.len().min(LOOKED_AT)].contains(&0);
    Ok((!is_binary).then_some(bytes))
}

/// One file on both sides.
struct File<'a> {
    workspace: &'a Workspace,
    path: &'a BStr,
    old: Option<&'a TreeItem>,
    new: Option<&'a TreeItem>,
}

impl File<'_> {
    fn write(&self, before: &[u8], after: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        self.header(out)?;
        if before == after {
            return Ok(());
        }
        for (prefix, item, mark) in [("a/", self.old, "---"), ("b/", self.new, "+++")] {
            let name = if item.is_some() { self.name(prefix) } else { Cow::Borrowed(BStr::new("/dev/null")) };
            // Without it other programs would end the name at the blank.
            let end = if item.is_some() && self.path.contains(&b' ') { "\t" } else { "" };
            out.extend_from_slice(mark.as_bytes());
            out.push(b' ');
            out.extend_from_slice(&name);
            writeln!(out, "{end}")?;
        }
        let hunks = Hunks::of(before, after);
        if !hunks.are_whole() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        out.extend_from_slice(&hunks.to_bytes());
        Ok(())
    }

    fn header(&self, out: &mut Vec<u8>) -> io::Result<()> {
        out.extend_from_slice(b"diff --git ");
        out.extend_from_slice(&self.name("a/"));
        out.push(b' ');
        out.extend_from_slice(&self.name("b/"));
        out.push(b'\n');
        match (self.old, self.new) {
            (None, Some(new)) => writeln!(out, "new file mode {:06o}", new.mode)?,
            (Some(old), None) => writeln!(out, "deleted file mode {:06o}", old.mode)?,
            (Some(old), Some(new)) if old.mode != new.mode => {
                writeln!(out, "old mode {:06o}\nnew mode {:06o}", old.mode, new.mode)?;
            }
            _ => {}
        }
        let zero = self.workspace.desk.format().zero();
        let id = |item: Option<&TreeItem>| item.map_or_else(|| zero.to_owned(), |item| item.id.clone());
        let (old, new) = (id(self.old), id(self.new));
        match (self.old, self.new) {
            _ if old == new => Ok(()),
            (Some(one), Some(other)) if one.mode == other.mode => writeln!(out, "index {old}..{new} {:06o}", one.mode),
            _ => writeln!(out, "index {old}..{new}"),
        }
    }

    fn name(&self, prefix: &str) -> Cow<'_, BStr> {
        let whole: BString = [prefix.as_bytes(), self.path].concat().into();
        Cow::Owned(quote(whole.as_bstr()).into_owned())
    }
}
