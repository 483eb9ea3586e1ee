//! A capture's entries as the programs show them: who, what, and which files.

use std::fs::File;
use std::io::BufReader;

use bstr::{BString, ByteSlice};
use serde_json::{Value, json};

use super::{Exit, Failure, Style, Ui, diffstat};
use crate::mbox::{self, Kind, Mbox};
use crate::patch::{self, ChangeKind, FileChange, quote};
use crate::session::Capture;

/// One entry with the changes of its diff.
pub(super) struct Step {
    pub(super) entry: mbox::Entry,
    pub(super) changes: Vec<FileChange>,
}

/// Reads all entries of a capture. The hunks are passed over, so that memory grows with the files, not with the lines.
pub(super) fn steps(capture: &Capture) -> Result<Vec<Step>, Failure> {
    let file = capture.file.try_clone().map_err(|e| Failure::new(Exit::Failed, "io", e.to_string()))?;
    let mut mbox = Mbox::open(file).map_err(|error| damaged(&error))?;
    (0..mbox.entries.len()).map(|index| step(&mut mbox, index)).collect()
}

/// A mailbox that cannot be read.
pub(super) fn damaged(error: &dyn std::error::Error) -> Failure {
    let cause = error.source().map_or(String::new(), |source| format!(": {source}"));
    Failure::new(Exit::Failed, "corrupt-capture", format!("the capture cannot be read: {error}{cause}"))
}

fn step(mbox: &mut Mbox<File>, index: usize) -> Result<Step, Failure> {
    let entry = mbox.entries[index].entry.clone();
    let diff = mbox.diff(index).map_err(|error| damaged(&error))?;
    let changes = patch::changes(BufReader::new(diff)).collect::<Result<_, _>>();
    Ok(Step { entry, changes: changes.map_err(|error| damaged(&error))? })
}

impl Step {
    /// The first line of the message; for what was not committed, what it is.
    pub(super) fn subject(&self) -> BString {
        let first = self.entry.message.lines().next().unwrap_or_default().as_bstr().to_owned();
        match self.entry.kind {
            Kind::Commit => first,
            Kind::Index => "staged changes".into(),
            Kind::Worktree => "uncommitted changes".into(),
        }
    }

    /// The heading and the diffstat.
    pub(super) fn show(&self, ui: &mut Ui) -> Result<(), Failure> {
        if let (Kind::Commit, Some(commit)) = (self.entry.kind, &self.entry.commit) {
            ui.styled(Style::Warn, &commit[..commit.len().min(12)])?;
            ui.raw(" ")?;
        }
        ui.styled(Style::Bold, on_one_line(&self.subject()))?;
        if self.entry.kind == Kind::Commit {
            let author = &self.entry.author;
            let author = [author.name().as_bytes(), b" <", author.email(), b">"].concat();
            ui.raw(" (")?;
            ui.raw(on_one_line(&author))?;
            ui.raw(")")?;
        }
        ui.line("")?;
        ui.raw(diffstat::render(&self.changes, diffstat::WIDTH))
    }

    /// The same for programs. Paths are C-quoted where they are not plain text.
    pub(super) fn to_json(&self) -> Value {
        let author = &self.entry.author;
        let commit = self.entry.kind == Kind::Commit;
        json!({
            "kind": match self.entry.kind {
                Kind::Commit => "commit",
                Kind::Index => "index",
                Kind::Worktree => "worktree",
            },
            "commit": self.entry.commit.as_ref().map(|id| id.to_str_lossy()),
            "tree": self.entry.tree.as_ref().map(|id| id.to_str_lossy()),
            "subject": self.subject().to_str_lossy(),
            "author": commit.then(|| json!({
                "name": author.name().to_str_lossy(),
                "email": author.email().to_str_lossy(),
                "seconds": author.seconds(),
                "offset": author.offset().to_str_lossy(),
            })),
            "files": self.changes.iter().map(change).collect::<Vec<_>>(),
        })
    }
}

fn change(change: &FileChange) -> Value {
    let path = |path: &Option<BString>| path.as_ref().map(|path| quote(path.as_bstr()).to_string());
    json!({
        "status": match change.kind {
            ChangeKind::Added => "added",
            ChangeKind::Deleted => "deleted",
            ChangeKind::Modified => "modified",
            ChangeKind::Renamed { .. } => "renamed",
            ChangeKind::Copied { .. } => "copied",
            ChangeKind::ModeChanged => "mode-changed",
        },
        "old_path": path(&change.old_path),
        "new_path": path(&change.new_path),
        "binary": change.binary,
        "added": change.added,
        "removed": change.removed,
    })
}

fn on_one_line(text: &[u8]) -> Vec<u8> {
    text.replace(b"\n", b" ").replace(b"\r", b" ")
}
