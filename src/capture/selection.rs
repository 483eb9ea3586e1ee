//! What the user wants left out, or taken along although it is ignored.

use std::ffi::{OsStr, OsString};

use bstr::{BString, ByteSlice};

use super::{Options, Workspace};
use crate::git::{Error, TreeChange, raw_changes};

/// Which paths belong to the capture.
pub(super) struct Selection {
    /// Pathspecs of what is left out.
    pub(super) exclude: Vec<OsString>,
    /// Pathspecs of ignored files that are wanted.
    pub(super) include_ignored: Vec<OsString>,
    /// Files of more bytes are left out.
    pub(super) omit_larger_than: Option<u64>,
    /// Files of the work tree of more bytes are not even read.
    pub(super) cap: u64,
}

/// A change that was left out.
pub(super) struct LeftOut {
    /// The path.
    pub(super) path: BString,
    /// Its size in bytes, where that is the reason.
    pub(super) size: Option<u64>,
}

impl Selection {
    /// What the options say.
    pub(super) fn of(options: &Options) -> Selection {
        Selection {
            exclude: options.exclude.clone(),
            include_ignored: options.include_ignored.clone(),
            omit_larger_than: options.omit_larger_than,
            cap: options.cap,
        }
    }

    /// Pathspecs for everything but what is excluded; none when nothing is.
    pub(super) fn pathspecs(&self) -> Vec<OsString> {
        if self.exclude.is_empty() {
            return Vec::new();
        }
        std::iter::once(OsString::from(":/")).chain(self.exclude.iter().map(|spec| negated(spec))).collect()
    }

    /// The tree that is `to` without the changes since `from` that are not wanted, and those changes.
    pub(super) fn filtered(
        &self,
        workspace: &Workspace,
        from: &str,
        to: &str,
    ) -> Result<(String, Vec<LeftOut>), Error> {
        let mut dropped: Vec<(TreeChange, Option<u64>)> = Vec::new();
        if from == to || (self.exclude.is_empty() && self.omit_larger_than.is_none()) {
            return Ok((to.to_owned(), Vec::new()));
        }
        let desk = &workspace.desk;
        if !self.exclude.is_empty() {
            let args = ["-r", "-z", "--raw", "--no-renames", "--full-index", from, to, "--"];
            let excluded = raw_changes(desk.git_without_files("diff-tree").args(args).args(&self.exclude))?;
            dropped.extend(excluded.into_iter().map(|change| (change, None)));
        }
        if let Some(most) = self.omit_larger_than {
            for change in desk.changes(from, to)? {
                let Some(new) = change.new.as_ref().filter(|new| !new.is_gitlink()) else { continue };
                let size = workspace.objects.size(&new.id)?;
                if size > most && !dropped.iter().any(|(other, _)| other.path == change.path) {
                    dropped.push((change, Some(size)));
                }
            }
        }
        if dropped.is_empty() {
            return Ok((to.to_owned(), Vec::new()));
        }
        desk.read_tree(to)?;
        desk.set_entries(dropped.iter().map(|(change, _)| (change.path.as_bstr(), change.old.as_ref())))?;
        let left_out = dropped.into_iter().map(|(change, size)| LeftOut { path: change.path, size }).collect();
        Ok((desk.write_tree()?, left_out))
    }
}

/// The pathspec that excludes what `spec` matches.
fn negated(spec: &OsStr) -> OsString {
    let bytes = spec.as_encoded_bytes();
    let (magic, rest) = match bytes {
        [b':', b'(', rest @ ..] => (&b":(exclude,"[..], rest),
        [b':', b'/', rest @ ..] => (&b":(exclude,top)"[..], rest),
        _ => (&b":(exclude)"[..], bytes),
    };
    let mut whole = magic.to_vec();
    whole.extend_from_slice(rest);
    whole.as_bstr().to_os_str_lossy().into_owned()
}
