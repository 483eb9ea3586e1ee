//! Trees and the private index: read one into the other, write it, tell two apart.

use std::sync::PoisonError;

use bstr::{BStr, BString, ByteSlice};

use super::isolated::TreesApart;
use super::{Command, Error, Isolated};

/// One path that differs between two trees (or between a tree, the index and the work tree).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeChange {
    /// The path, from the top of the tree.
    pub path: BString,
    /// Mode and hex id before; `None` when it was not there.
    pub old: Option<TreeItem>,
    /// Mode and hex id after; `None` when it is gone.
    pub new: Option<TreeItem>,
}

/// What a tree says of one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeItem {
    /// 0o100644, 0o100755, 0o120000 (symlink) or 0o160000 (a commit of a submodule).
    pub mode: u32,
    /// Hex id. All zeros where git has not computed it: the work tree side of a file that may have changed.
    pub id: String,
}

impl TreeItem {
    /// Whether this is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        self.mode == 0o120000
    }

    /// Whether this is a submodule's commit, not a file.
    pub fn is_gitlink(&self) -> bool {
        self.mode == 0o160000
    }

    /// Whether this is a file or a symbolic link, and neither a folder nor a submodule's commit.
    pub fn is_file_or_link(&self) -> bool {
        self.is_symlink() || self.mode & 0o170000 == 0o100000
    }

    /// Whether this is a folder.
    pub fn is_tree(&self) -> bool {
        self.mode == 0o040000
    }

    /// Whether this is a regular file that may be executed.
    pub fn is_executable(&self) -> bool {
        self.mode == 0o100755
    }
}

impl Isolated {
    /// Makes the private index hold exactly `tree`, and knows nothing of the work tree's files.
    pub fn read_tree(&self, tree: &str) -> Result<(), Error> {
        self.git("read-tree").args(["--reset", tree]).run()
    }

    /// Writes the private index as a tree; its hex id.
    pub fn write_tree(&self) -> Result<String, Error> {
        Ok(self.git("write-tree").line()?.to_str_lossy().into_owned())
    }

    /// Sets or removes paths of the private index, as `update-index --index-info` takes them.
    pub fn set_entries<'a>(
        &self,
        entries: impl IntoIterator<Item = (&'a BStr, Option<&'a TreeItem>)>,
    ) -> Result<(), Error> {
        let mut input = Vec::new();
        for (path, item) in entries {
            let line = match item {
                Some(item) => format!("{:06o} {}\t", item.mode, item.id),
                None => format!("0 {}\t", self.format().zero()),
            };
            input.extend_from_slice(line.as_bytes());
            input.extend_from_slice(path);
            input.push(0);
        }
        if input.is_empty() {
            return Ok(());
        }
        self.git("update-index").args(["-z", "--index-info"]).input(input).run()
    }

    /// The paths at which two trees differ, in git's order. Renames are not looked for.
    pub fn changes(&self, old: &str, new: &str) -> Result<Vec<TreeChange>, Error> {
        if old == new {
            return Ok(Vec::new());
        }
        let mut last = self.told_apart.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref().filter(|last| last.old == old && last.new == new) {
            return Ok(last.changes.clone());
        }
        let changes = self.objects()?.changes(old, new)?;
        *last = Some(TreesApart { old: old.to_owned(), new: new.to_owned(), changes: changes.clone() });
        Ok(changes)
    }
}

/// Runs a git command that prints `--raw -z` records without renames, and takes them apart.
pub fn raw_changes(command: Command) -> Result<Vec<TreeChange>, Error> {
    let bytes = command.output()?;
    let nonsense = |field: &[u8]| Error::Nonsense { command: "diff --raw".into(), answer: field.to_str_lossy().into() };
    let mut changes = Vec::new();
    let mut fields = bytes.split(|&byte| byte == 0);
    while let Some(head) = fields.next().filter(|field| !field.is_empty()) {
        let path = fields.next().ok_or_else(|| nonsense(head))?;
        let (old, new) = raw_sides(head).ok_or_else(|| nonsense(head))?;
        changes.push(TreeChange { path: path.into(), old, new });
    }
    Ok(changes)
}

/// `:100644 100755 <id> <id> M`, the head of a `--raw` record, as its two sides.
fn raw_sides(head: &[u8]) -> Option<(Option<TreeItem>, Option<TreeItem>)> {
    let text = head.strip_prefix(b":")?.to_str().ok()?;
    let mut words = text.split(' ');
    let (old_mode, new_mode, old_id, new_id) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let item = |mode: &str, id: &str| match u32::from_str_radix(mode, 8) {
        Ok(0) => Some(None),
        Ok(mode) => Some(Some(TreeItem { mode, id: id.to_owned() })),
        Err(_) => None,
    };
    Some((item(old_mode, old_id)?, item(new_mode, new_id)?))
}

/// Whether a tree would hold a regular file as one that may be executed: its owner may.
#[cfg(unix)]
pub fn is_executable_file(metadata: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0
}

/// Whether a tree would hold a regular file as one that may be executed. Not known here, so it is not.
#[cfg(not(unix))]
pub fn is_executable_file(_: &std::fs::Metadata) -> bool {
    false
}
