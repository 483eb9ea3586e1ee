//! A diff that is held in memory, with the contents of each change borrowed from it.
//!
//! What is a header, a hunk, a binary patch is the scanner's to say, so that a stream and a diff in memory are never
//! judged differently. Placing is left to `place`.

use std::iter;

use bstr::ByteSlice;

use super::binary::Binary;
use super::lines::Lines;
use super::scan::{Found, FoundHunk, Item, Scanner};
use super::{Error, FileChange};

/// One file's change with its contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePatch<'a> {
    /// What the header says.
    pub change: FileChange,
    /// How the contents change.
    pub contents: Contents<'a>,
}

/// How the contents of a file change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Contents<'a> {
    /// They do not: a mode, a name, an empty file. (git refuses a change that is neither; it has no effect.)
    None,
    /// By hunks of lines, in the diff's order.
    Hunks(Vec<Hunk<'a>>),
    /// By a binary patch.
    Binary {
        /// What makes the postimage.
        forward: Binary<'a>,
        /// What would make the preimage again, where the diff has it.
        reverse: Option<Binary<'a>>,
    },
    /// They do, but the diff does not hold them (`Binary files differ`).
    Missing,
}

/// One hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hunk<'a> {
    /// The lines of the preimage that it is about, as its `@@` line says.
    pub old: LineRange,
    /// The lines of the postimage that it is about, as its `@@` line says.
    pub new: LineRange,
    /// Its text, from its `@@` line to its last line.
    pub text: &'a [u8],
    /// Where in `text` the first line after the `@@` line starts.
    pub(super) body: usize,
    /// Whether context follows the last changed line.
    pub(super) trailing: bool,
}

/// Lines by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineRange {
    /// The first, counted from 1; where there are none, the one before, which may be 0.
    pub start: u64,
    /// How many.
    pub lines: u64,
}

/// One line of a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HunkLine<'a> {
    /// Which sides have it.
    pub kind: LineKind,
    /// The line with its newline, if it has one.
    pub content: &'a [u8],
}

/// Which sides have a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Both.
    Context,
    /// The preimage.
    Removed,
    /// The postimage.
    Added,
}

impl<'a> Hunk<'a> {
    /// Its lines. One that `\ No newline at end of file` follows is without newline.
    pub fn lines(&self) -> impl Iterator<Item = HunkLine<'a>> + use<'a> {
        let mut rest = self.text.get(self.body..).unwrap_or_default();
        iter::from_fn(move || {
            let mut line = next_line(&mut rest)?;
            while line.starts_with(b"\\") {
                line = next_line(&mut rest)?;
            }
            let unterminated = rest.starts_with(b"\\");
            let (kind, content) = match line.first()? {
                b'-' => (LineKind::Removed, &line[1..]),
                b'+' => (LineKind::Added, &line[1..]),
                b' ' => (LineKind::Context, &line[1..]),
                // An empty line of context whose blank was lost.
                _ => (LineKind::Context, line),
            };
            let content = if unterminated { content.strip_suffix(b"\n").unwrap_or(content) } else { content };
            Some(HunkLine { kind, content })
        })
    }
}

/// Cuts the first line off `rest`, with its newline.
fn next_line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.find_byte(b'\n').map_or(rest.len(), |newline| newline + 1);
    let (line, after) = rest.split_at(end);
    *rest = after;
    (!line.is_empty()).then_some(line)
}

/// Every file's change of a diff, in its order, with the contents borrowed from `diff`.
///
/// # Errors
/// Those of [`super::changes`] on the same bytes.
pub fn read(diff: &[u8]) -> Result<Vec<FilePatch<'_>>, Error> {
    let mut scanner = Scanner::new(Lines::new(diff)).locating();
    let mut files = Vec::new();
    while let Some(item) = scanner.step()? {
        if let Item::Change(change) = item {
            let contents = contents(diff, scanner.found(), &change);
            files.push(FilePatch { change, contents });
        }
    }
    Ok(files)
}

fn contents<'a>(diff: &'a [u8], found: Found, change: &FileChange) -> Contents<'a> {
    let mut blocks = found.blocks.iter().map(|block| Binary {
        is_delta: block.is_delta,
        size: block.size,
        lines: part(diff, block.start, block.end),
    });
    match blocks.next() {
        Some(forward) => Contents::Binary { forward, reverse: blocks.next() },
        None if !change.applicable => Contents::Missing,
        None if found.hunks.is_empty() => Contents::None,
        None => Contents::Hunks(found.hunks.iter().map(|found| hunk(diff, found)).collect()),
    }
}

fn hunk<'a>(diff: &'a [u8], found: &FoundHunk) -> Hunk<'a> {
    let body = part(diff, found.start, found.body).len();
    let text = part(diff, found.start, found.end);
    Hunk { old: found.old, new: found.new, text, body, trailing: found.trailing }
}

/// The bytes between two places that the scanner has seen in `diff`.
fn part(diff: &[u8], start: u64, end: u64) -> &[u8] {
    let place = |offset: u64| usize::try_from(offset).ok();
    place(start).zip(place(end)).and_then(|(start, end)| diff.get(start..end)).unwrap_or_default()
}

/// The text of the `.rej` file for those hunks of `file`, by their numbers from 0, as `git apply --reject` writes it.
///
/// git ends a hunk at its first NUL byte; here nothing of it is lost.
pub fn rejected(file: &FilePatch, hunks: &[usize]) -> Vec<u8> {
    let path = file.change.new_path.as_ref().or(file.change.old_path.as_ref()).cloned().unwrap_or_default();
    let mut text = [b"diff a/", path.as_slice(), b" b/", &path, b"\t(rejected hunks)\n"].concat();
    let Contents::Hunks(all) = &file.contents else { return text };
    for hunk in hunks.iter().filter_map(|&number| all.get(number)) {
        text.extend_from_slice(hunk.text);
        if !hunk.text.ends_with(b"\n") {
            text.push(b'\n');
        }
    }
    text
}
