//! One entry's diff as data: which files it changes, and how; and what a file becomes by it. No repository in sight.
//!
//! git's diff format (git-diff(1), "Generating patch text with -p") is read in two ways that agree: as a stream of
//! headers, of which hunks and binary patches are counted and passed over ([`changes`]), and with its contents
//! borrowed from a diff in memory ([`read`]). Hunks go where `git apply` puts them ([`place`]), and come from two texts
//! ([`Hunks`]). Which file a change is about, whether it may be touched, and what its ids are, is left to `apply`.

mod binary;
mod contents;
mod header;
mod image;
mod lines;
mod old_side;
mod place;
mod quote;
mod scan;
mod unified;

use std::io::{self, BufRead};

use bstr::BString;

pub use binary::{Binary, BinaryError, apply_delta};
pub use contents::{Contents, FilePatch, Hunk, HunkLine, LineKind, LineRange, read, rejected};
pub(crate) use lines::Lines;
pub use place::{Misfit, Placement, place, place_what_fits};
pub(crate) use quote::quote_always;
pub use quote::{quote, unquote};
pub(crate) use scan::{Item, Scanner};
pub use unified::Hunks;

/// What a diff does to one file, as its header and the counts of its hunks say.
///
/// Everything here is the diff's own claim, and as trustworthy as its sender: paths may lead anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// What happens to the file.
    pub kind: ChangeKind,
    /// The path before, without the `a/` prefix; none for an added file.
    pub old_path: Option<BString>,
    /// The path after, without the `b/` prefix; none for a deleted file.
    pub new_path: Option<BString>,
    /// The mode before (0o100644, 0o100755, 0o120000, 0o160000), where the header gives it.
    pub old_mode: Option<u32>,
    /// The mode after, where the header gives it.
    pub new_mode: Option<u32>,
    /// The id of the preimage, in hex, full or abbreviated as it stands on the `index` line.
    pub old_id: Option<BString>,
    /// The id of the postimage, in hex, full or abbreviated as it stands on the `index` line.
    pub new_id: Option<BString>,
    /// Whether the contents are given as a binary patch, or left out as binary.
    pub binary: bool,
    /// False for `Binary files differ`: the contents are not in the diff.
    pub applicable: bool,
    /// Lines that the hunks add.
    pub added: u64,
    /// Lines that the hunks remove.
    pub removed: u64,
    /// How large the result of a binary patch gets by its own words, in bytes, and no less than what has to be inflated to
    /// make it; 0 for other changes. git refuses a patch whose words are not true.
    pub inflated: u64,
    /// Where the change starts, in bytes from the start of the diff.
    pub offset: u64,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The file is new.
    Added,
    /// The file goes away.
    Deleted,
    /// Its contents change, maybe its mode too.
    Modified,
    /// It moves, maybe with changes.
    Renamed {
        /// How alike both sides are, in percent, where the header says so.
        similarity: Option<u8>,
    },
    /// It is a copy of another, maybe with changes.
    Copied {
        /// How alike both sides are, in percent, where the header says so.
        similarity: Option<u8>,
    },
    /// Only its mode changes.
    ModeChanged,
}

/// Why a diff cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The source failed.
    #[error("cannot read the diff")]
    Read(#[from] io::Error),
    /// The diff is not in git's format.
    #[error("the diff is damaged at line {line}, byte {offset}: {reason}")]
    Malformed {
        /// The line, counted from 1.
        line: u64,
        /// Where that line starts, in bytes from the start of the diff.
        offset: u64,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The diff ends too early.
    #[error("the diff is cut off inside a {inside} after line {line}, byte {offset}")]
    Truncated {
        /// The last line there is, counted from 1.
        line: u64,
        /// Where the diff ends, in bytes from its start.
        offset: u64,
        /// What is not complete.
        inside: Inside,
    },
}

/// The part of a diff or a mail at which it was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// A mail's header.
    Header,
    /// A mail's text, before the diff or after it.
    Body,
    /// A hunk that has fewer lines than it says.
    Hunk,
    /// A binary patch without its closing empty line.
    BinaryPatch,
}

impl std::fmt::Display for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Inside::Header => "mail header",
            Inside::Body => "mail body",
            Inside::Hunk => "hunk",
            Inside::BinaryPatch => "binary patch",
        })
    }
}

/// The changes of a diff, in its order, read as a stream: memory does not grow with the diff, nor with a line's length.
///
/// Reads git's format and plain unified diffs (`--- a/x`, `+++ b/x`). Text between the changes is passed over, as
/// `git apply` does. Ends after the first error.
pub fn changes(diff: impl BufRead) -> impl Iterator<Item = Result<FileChange, Error>> {
    let mut scanner = Some(Scanner::new(Lines::new(diff)));
    std::iter::from_fn(move || {
        loop {
            match scanner.as_mut()?.step() {
                Ok(Some(Item::Change(change))) => return Some(Ok(change)),
                Ok(Some(Item::Other)) => {}
                Ok(None) => return None,
                Err(error) => {
                    scanner = None;
                    return Some(Err(error));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests;
