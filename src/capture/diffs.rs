//! The diffs of a series, entry by entry: from the cache, made here where that is easy, the rest from one `git diff-tree`.
//! What is not small is never in memory as a whole.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};

use bstr::ByteSlice;
use tempfile::SpooledTempFile;

use super::kept::{Change, Kept};
use super::lines::{self, Texts};
use super::series::Step;
use super::{Survey, Workspace};
use crate::git::{Error, Running};
use crate::mbox::{Surveyed, survey};

/// The diffs of steps, in their order.
pub(super) struct Source<'a> {
    workspace: &'a Workspace,
    kept: &'a mut Kept,
    made: Option<Diffs>,
    /// Where the diff of each step that is left comes from.
    from: std::vec::IntoIter<From>,
}

/// Where a diff comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Cache,
    Lines,
    Git,
}

/// A diff, and what the writer of mails wants to know of it.
type Surveyable = (Surveyed, Box<dyn Read>);

/// A diff up to this many bytes stays in memory.
const IN_MEMORY: usize = 1 << 20;

impl<'a> Source<'a> {
    /// Has git make the diffs that are not in the cache and not easy.
    pub(super) fn of(
        workspace: &'a Workspace,
        steps: &[Step],
        survey: &Survey,
        kept: &'a mut Kept,
    ) -> Result<Source<'a>, Error> {
        let (mut texts, mut from) = (Texts::default(), Vec::with_capacity(steps.len()));
        for (step, changes) in steps.iter().zip(&survey.changes) {
            from.push(match kept.has_diff(&step.from, &step.to) {
                true => From::Cache,
                false if texts.are(workspace, changes)? => From::Lines,
                false => From::Git,
            });
        }
        let pairs = steps.iter().zip(&from).filter(|(_, from)| **from == From::Git).map(|(step, _)| pair(step));
        let pairs: Vec<_> = pairs.collect();
        let made = if pairs.is_empty() { None } else { Some(Diffs::of(workspace, &pairs)?) };
        Ok(Source { workspace, kept, made, from: from.into_iter() })
    }

    /// The diff of the next step, which is `step` and changes these paths, if it has no more than `most` bytes.
    pub(super) fn next(&mut self, step: &Step, changes: &[Change], most: u64) -> io::Result<Option<Surveyable>> {
        let from = self.from.next().unwrap_or(From::Git);
        if from == From::Cache
            && let Some((surveyed, diff)) = self.kept.diff(&step.from, &step.to)
        {
            let fits = diff.len() as u64 <= most;
            return Ok(fits.then(|| (surveyed, Box::new(Cursor::new(diff)) as Box<dyn Read>)));
        }
        if from == From::Lines
            && let Some(diff) = lines::diff(self.workspace, changes).map_err(io::Error::other)?
        {
            return if diff.len() as u64 <= most { self.keep(step, diff).map(Some) } else { Ok(None) };
        }
        let mut spool = SpooledTempFile::new(IN_MEMORY);
        let is_whole = match &mut self.made {
            Some(made) if from == From::Git => made.next_into(&mut spool, most)?,
            // The record was damaged, or what was text is none any more.
            _ => {
                let mut alone = Diffs::of(self.workspace, &[pair(step)]).map_err(io::Error::other)?;
                alone.next_into(&mut spool, most)?
            }
        };
        if !is_whole {
            return Ok(None);
        }
        spool.rewind()?;
        if spool.is_rolled() {
            let surveyed = survey(&mut spool)?;
            spool.rewind()?;
            return Ok(Some((surveyed, Box::new(spool))));
        }
        let mut diff = Vec::new();
        spool.read_to_end(&mut diff)?;
        self.keep(step, diff).map(Some)
    }

    fn keep(&mut self, step: &Step, diff: Vec<u8>) -> io::Result<Surveyable> {
        let surveyed = survey(diff.as_slice())?;
        self.kept.put_diff(&step.from, &step.to, &surveyed, &diff);
        Ok((surveyed, Box::new(Cursor::new(diff))))
    }

    /// Waits for git's end; an error if it did not succeed.
    pub(super) fn done(self) -> Result<(), Error> {
        self.made.map_or(Ok(()), Diffs::done)
    }
}

fn pair(step: &Step) -> (String, String) {
    (step.from.clone(), step.to.clone())
}

/// The patches of pairs of trees, in their order.
struct Diffs {
    source: BufReader<Running>,
    headers: std::vec::IntoIter<Vec<u8>>,
}

/// How much of a long line is held at once, in bytes.
const PIECE: u64 = 1 << 16;

impl Diffs {
    /// Starts the git that compares `pairs`, with an empty folder for the work tree, so that no attributes count.
    fn of(workspace: &Workspace, pairs: &[(String, String)]) -> Result<Diffs, Error> {
        let options = ["--stdin", "-r", "-p", "--binary", "-M", "-C", "--full-index"];
        let command = workspace.desk.git_without_files("diff-tree").args(options);
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
    fn next_into(&mut self, out: &mut impl Write, most: u64) -> io::Result<bool> {
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

    fn done(self) -> Result<(), Error> {
        self.source.into_inner().done()
    }

    fn failure(self, line: &[u8]) -> Error {
        let answer = line.to_str_lossy().into_owned();
        self.done().err().unwrap_or(Error::Nonsense { command: "diff-tree --stdin".into(), answer })
    }
}

fn input(pairs: &[(String, String)]) -> Vec<u8> {
    pairs.iter().flat_map(header).collect()
}

/// What git prints before each pair's diff: the pair, as it was fed. No line of a patch can look like it, since those
/// start with a sign, or with a word that no hex digits make, or hold no blank.
fn header((from, to): &(String, String)) -> Vec<u8> {
    format!("{from} {to}\n").into_bytes()
}
