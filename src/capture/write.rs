//! The series as an mbox file, never longer than the cap.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use sha2::{Digest, Sha256};

use super::diffs::Source;
use super::kept::Kept;
use super::{Error, Series, Survey, Workspace};
use crate::mbox::{Preamble, Writer};

/// The file that was written.
pub(super) struct Written {
    /// SHA-256 of it, lower-case hex.
    pub(super) sha256: String,
    /// Bytes.
    pub(super) size: u64,
    /// It did not fit.
    pub(super) truncated: bool,
}

/// Writes the series to `out`. One that does not fit is cut at the cap, and a last line says so.
pub(super) fn mbox(
    workspace: &Workspace,
    series: &Series,
    survey: &Survey,
    preamble: &Preamble,
    kept: &mut Kept,
    cap: u64,
    out: &File,
) -> Result<Written, Error> {
    let mut capped = Capped::new(out, cap);
    entries(workspace, series, survey, preamble, kept, &mut capped)?;
    let truncated = capped.is_over || survey.is_over;
    if truncated {
        let total: u64 = survey.contents.iter().map(|content| content.size).sum();
        let line = format!("\n<<< truncated: original was over {} bytes, cap is {cap} >>>\n", total.max(cap));
        capped.append(line.as_bytes()).map_err(|source| Error::Write { entry: series.steps.len(), source })?;
    }
    capped.finish(truncated).map_err(|source| Error::Write { entry: series.steps.len(), source })
}

fn entries(
    workspace: &Workspace,
    series: &Series,
    survey: &Survey,
    preamble: &Preamble,
    kept: &mut Kept,
    out: &mut Capped<'_>,
) -> Result<(), Error> {
    // What comes after a step that cannot be written could not be applied either.
    let end = survey.stop_before.unwrap_or(series.steps.len());
    let mut source = Source::of(workspace, &series.steps[..end], survey, kept)?;
    let mut writer = Writer::new(&mut *out, series.steps.len() as u64, preamble);
    for (number, step) in series.steps.iter().enumerate().take(end) {
        let failed = |source| Error::Write { entry: number + 1, source };
        let Some((surveyed, diff)) = source.next(writer.out().left()).map_err(failed)? else {
            // What the writer still holds goes out first.
            drop(writer);
            out.is_over = true;
            return Ok(());
        };
        if let Err(source) = writer.surveyed(&step.entry, &surveyed, diff) {
            return if writer.out().is_over { Ok(()) } else { Err(failed(source)) };
        }
    }
    source.done()?;
    if end < series.steps.len() {
        return Ok(());
    }
    let finished = writer.finish().map(drop);
    match finished {
        Ok(()) => Ok(()),
        Err(_) if out.is_over => Ok(()),
        Err(source) => Err(Error::Write { entry: end, source }),
    }
}

/// A file that takes no more than its cap, and hashes what it takes.
struct Capped<'a> {
    out: BufWriter<&'a File>,
    hasher: Sha256,
    size: u64,
    cap: u64,
    is_over: bool,
}

impl<'a> Capped<'a> {
    fn new(out: &'a File, cap: u64) -> Capped<'a> {
        Capped { out: BufWriter::new(out), hasher: Sha256::new(), size: 0, cap, is_over: false }
    }

    fn left(&self) -> u64 {
        self.cap - self.size
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(())
    }

    fn finish(mut self, truncated: bool) -> io::Result<Written> {
        self.out.flush()?;
        let sha256 = self.hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Written { sha256, size: self.size, truncated })
    }
}

impl Write for Capped<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_over {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let fits = usize::try_from(self.left()).unwrap_or(usize::MAX).min(bytes.len());
        self.append(&bytes[..fits])?;
        if fits < bytes.len() {
            self.is_over = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(fits)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
