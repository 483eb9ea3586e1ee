//! All diffs of a series from one `git diff-tree`, entry by entry, never more than a piece of one in memory.

use std::io::{self, BufRead, BufReader, Read, Write};

use bstr::ByteSlice;

use super::Workspace;
use crate::git::{Error, Running, TreeChange, TreeItem, raw_sides};

/// The patches of pairs of trees, in their order.
pub(super) struct Diffs {
    source: BufReader<Running>,
    headers: std::vec::IntoIter<Vec<u8>>,
}

/// How much of a long line is held at once, in bytes.
const PIECE: u64 = 1 << 16;

impl Diffs {
    /// Starts the git that compares `pairs`, with an empty folder for the work tree, so that no attributes count.
    pub(super) fn of(workspace: &Workspace, pairs: &[(String, String)]) -> Result<Diffs, Error> {
        let options = ["--stdin", "-r", "-p", "--binary", "-M", "-C", "--full-index"];
        let empty = workspace.desk.path()?.join("home");
        let command = workspace.desk.git_on("diff-tree", &empty).args(options);
        let source = BufReader::with_capacity(1 << 16, command.input(input(pairs)).spawn()?);
        let mut headers = pairs.iter().map(header).collect::<Vec<_>>().into_iter();
        let mut diffs = Diffs { source, headers: Vec::new().into_iter() };
        if let Some(first) = headers.next() {
            let mut line = Vec::new();
            diffs.source.by_ref().take(first.len() as u64).read_to_end(&mut line).map_err(Error::NotStarted)?;
            if line != first {
                return Err(diffs.failure(&line));
            }
        }
        diffs.headers = headers;
        Ok(diffs)
    }

    /// Writes the next pair's patch to `out`, up to `most` bytes. Whether that was all of it.
    pub(super) fn next_into(&mut self, out: &mut impl Write, most: u64) -> io::Result<bool> {
        let next = self.headers.next();
        let mut written = 0;
        let mut piece = Vec::new();
        let mut at_line_start = true;
        loop {
            piece.clear();
            self.source.by_ref().take(PIECE).read_until(b'\n', &mut piece)?;
            if piece.is_empty() {
                // The end, which only the last one may come to.
                return match next {
                    None => Ok(true),
                    Some(_) => Err(io::Error::other("git diff-tree ended early")),
                };
            }
            if at_line_start && next.as_ref().is_some_and(|next| *next == piece) {
                return Ok(true);
            }
            at_line_start = piece.ends_with(b"\n");
            written += piece.len() as u64;
            if written > most {
                return Ok(false);
            }
            out.write_all(&piece)?;
        }
    }

    /// Waits for git's end; an error if it did not succeed.
    pub(super) fn done(self) -> Result<(), Error> {
        self.source.into_inner().done()
    }

    fn failure(self, line: &[u8]) -> Error {
        let answer = line.to_str_lossy().into_owned();
        self.done().err().unwrap_or(Error::Nonsense { command: "diff-tree --stdin".into(), answer })
    }
}

/// The paths that differ in each pair of trees, handed over one by one with the pair's number.
pub(super) fn raw(
    workspace: &Workspace,
    pairs: &[(String, String)],
    mut each: impl FnMut(usize, TreeChange),
) -> Result<(), Error> {
    if pairs.is_empty() {
        return Ok(());
    }
    let nonsense = |field: &[u8]| Error::Nonsense {
        command: "diff-tree --stdin --raw".into(),
        answer: field.to_str_lossy().into(),
    };
    let options = ["--stdin", "-r", "--raw", "-z", "--no-renames", "--full-index"];
    let mut source = BufReader::new(workspace.desk.git("diff-tree").args(options).input(input(pairs)).spawn()?);
    let (mut number, mut field) = (None, Vec::new());
    loop {
        field.clear();
        let first = source.fill_buf().map_err(Error::NotStarted)?.first().copied();
        let end = if first == Some(b':') { 0 } else { b'\n' };
        if source.read_until(end, &mut field).map_err(Error::NotStarted)? == 0 {
            break;
        }
        field.pop();
        if end != 0 {
            number = Some(number.map_or(0, |number| number + 1));
            continue;
        }
        let (old, new): (Option<TreeItem>, Option<TreeItem>) = raw_sides(&field).ok_or_else(|| nonsense(&field))?;
        let mut path = Vec::new();
        source.read_until(0, &mut path).map_err(Error::NotStarted)?;
        path.pop();
        each(number.ok_or_else(|| nonsense(&field))?, TreeChange { path: path.into(), old, new });
    }
    source.into_inner().done()
}

fn input(pairs: &[(String, String)]) -> Vec<u8> {
    pairs.iter().flat_map(header).collect()
}

/// What git prints before each pair's diff: the pair, as it was fed. No line of a patch can look like it, since those
/// start with a sign, or with a word that no hex digits make, or hold no blank.
fn header((from, to): &(String, String)) -> Vec<u8> {
    format!("{from} {to}\n").into_bytes()
}
