//! The diffs of a series, entry by entry: from the cache, made here where that is easy, the rest from one `git diff-tree`.
//! What is not small is never in memory as a whole.

use std::io::{self, BufRead, BufReader, Cursor, Read, Seek, Write};

use bstr::ByteSlice;
use tempfile::SpooledTempFile;

use super::kept::Kept;
use super::lines::{self, Texts};
use super::series::Step;
use super::{Survey, Workspace};
use crate::git::{Error, Running};
use crate::mbox::{Surveyed, survey};

/// The diffs of steps, in their order.
pub(super) struct Source<'a> {
    workspace: &'a Workspace,
    kept: &'a mut Kept,
    steps: &'a [Step],
    survey: &'a Survey,
    /// Where the diff of each step comes from.
    from: Vec<From>,
    /// How many steps have been asked for.
    asked: usize,
    git: Option<Diffs>,
    /// A second git, for those that looked easy and are not.
    late: Option<Diffs>,
}

/// Where a diff comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum From {
    Cache,
    Lines,
    Git,
    Late,
}

/// A diff, and what the writer of mails wants to know of it.
type Surveyable = (Surveyed, Box<dyn Read>);

/// A diff up to this many bytes stays in memory.
const IN_MEMORY: usize = 1 << 20;

impl<'a> Source<'a> {
    /// Has git make the diffs that are not in the cache and not easy.
    pub(super) fn of(
        workspace: &'a Workspace,
        steps: &'a [Step],
        survey: &'a Survey,
        kept: &'a mut Kept,
    ) -> Result<Source<'a>, Error> {
        let from = steps.iter().zip(&survey.changes).map(|(step, changes)| match kept.has_diff(&step.from, &step.to) {
            true => From::Cache,
            false if lines::may_do(changes) => From::Lines,
            false => From::Git,
        });
        let from = from.collect();
        let mut source = Source { workspace, kept, steps, survey, from, asked: 0, git: None, late: None };
        source.git = source.made(From::Git)?;
        Ok(source)
    }

    /// The diff of the next step, if it has no more than `most` bytes.
    pub(super) fn next(&mut self, most: u64) -> io::Result<Option<Surveyable>> {
        let number = self.asked;
        self.asked += 1;
        let (step, changes) = (&self.steps[number], &self.survey.changes[number]);
        if self.from[number] == From::Cache
            && let Some((surveyed, diff)) = self.kept.diff(&step.from, &step.to)
        {
            let fits = diff.len() as u64 <= most;
            return Ok(fits.then(|| (surveyed, Box::new(Cursor::new(diff)) as Box<dyn Read>)));
        }
        if self.from[number] == From::Lines {
            if let Some(diff) = lines::diff(self.workspace, changes).map_err(io::Error::other)? {
                return if diff.len() as u64 <= most { self.keep(step, diff).map(Some) } else { Ok(None) };
            }
            self.leave_to_git(number).map_err(io::Error::other)?;
        }
        let mut spool = SpooledTempFile::new(IN_MEMORY);
        let is_whole = match (self.from[number], &mut self.git, &mut self.late) {
            (From::Git, Some(made), _) | (From::Late, _, Some(made)) => made.next_into(&mut spool, most)?,
            // The record was damaged, or one more was not easy.
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

    /// One looked easy and is not: has one git make this diff and those of the steps to come that will not be either.
    fn leave_to_git(&mut self, number: usize) -> Result<(), Error> {
        if self.late.is_some() {
            return Ok(());
        }
        let mut texts = Texts::default();
        self.from[number] = From::Late;
        for (from, changes) in self.from.iter_mut().zip(&self.survey.changes).skip(number + 1) {
            if *from == From::Lines && !texts.do_for(self.workspace, changes)? {
                *from = From::Late;
            }
        }
        self.late = self.made(From::Late)?;
        Ok(())
    }

    fn made(&self, wanted: From) -> Result<Option<Diffs>, Error> {
        let pairs = self.steps.iter().zip(&self.from).filter(|(_, from)| **from == wanted).map(|(step, _)| pair(step));
        let pairs: Vec<_> = pairs.collect();
        if pairs.is_empty() { Ok(None) } else { Diffs::of(self.workspace, &pairs).map(Some) }
    }

    /// Waits for git's end; an error if it did not succeed.
    pub(super) fn done(self) -> Result<(), Error> {
        [self.git, self.late].into_iter().flatten().try_for_each(Diffs::done)
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
