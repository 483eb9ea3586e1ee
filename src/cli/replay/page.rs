//! The replay as one page, written whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::Replay;
use crate::audit::Redactor;
use crate::cli::{Exit, Failure, Ui};
use crate::git;
use crate::replay::page::Page;
use crate::session::{atomic, counted, size_text};

/// Browsers get slow with pages that are larger, in bytes.
const LARGE: u64 = 50 << 20;

impl Replay {
    /// Writes the page to `to`, or to standard output for `-`.
    pub(super) fn page(&self, ui: &mut Ui, to: &Path, start: usize, is_redacted: bool) -> Result<(), Failure> {
        self.has_step(start)?;
        let mut redactor = is_redacted.then(|| self.redactor());
        let first = start.saturating_sub(1).min(self.end);
        let page = Page {
            conversation: &self.conversation,
            meta: &self.meta,
            timeline: &self.timeline,
            beside: &self.beside,
            steps: first..self.end,
        };
        let bytes = if to.as_os_str() == "-" {
            page.write(redactor.as_mut(), ui.bytes()).map_err(Failure::output)?
        } else {
            write(to, |out| page.write(redactor.as_mut(), out))?
        };
        if bytes > LARGE {
            ui.warn(format!("the page has {}, which browsers are slow with", size_text(bytes)));
            ui.hint("--start and --end make a page of some of the steps");
        }
        let found: Vec<_> = redactor.iter().flat_map(Redactor::found).collect();
        if !found.is_empty() {
            let count: usize = found.iter().map(|(_, count)| count).sum();
            let rules: Vec<_> = found.iter().map(|(rule, _)| *rule).collect();
            let secrets = counted(count, "secret is", "secrets are");
            ui.say(format!("{secrets} redacted ({}); --no-redact keeps them", rules.join(", ")));
        }
        Ok(())
    }

    fn redactor(&self) -> Redactor {
        Redactor::new(&std::env::var("HOME").unwrap_or_default(), &self.meta.cwd)
    }
}

/// Replaces a file by what `content` writes; what is there otherwise, such as a pipe, gets it as it comes.
fn write(to: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<u64>) -> Result<u64, Failure> {
    let failure = |error: io::Error| match git::signal() {
        Some(_) => Failure::from(git::Error::Interrupted),
        None => Failure::new(Exit::Failed, "output", format!("cannot write {}: {error}", to.display())),
    };
    let there = fs::metadata(to);
    if there.as_ref().is_ok_and(fs::Metadata::is_dir) {
        let failure = Failure::new(Exit::Usage, "usage", format!("{} is a directory", to.display()));
        return Err(failure.hint("name the file that the page goes to"));
    }
    if there.as_ref().is_ok_and(|there| !there.is_file()) {
        let mut out = BufWriter::new(fs::OpenOptions::new().write(true).open(to).map_err(failure)?);
        let written = content(&mut out).and_then(|written| out.flush().map(|()| written));
        return written.map_err(failure);
    }
    // Of a link, what it leads to is replaced.
    let to = if there.is_ok() { fs::canonicalize(to).map_err(failure)? } else { PathBuf::from(to) };
    let dir = to.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".glue-").suffix(".tmp");
    // As any file that a program makes: a page is made to be handed on.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    git::catch_signals();
    // It says in the system's words what is wrong with the directory.
    fs::metadata(dir).map_err(failure)?;
    // The error would name the temporary file, which nobody asked for.
    let temporary = builder.tempfile_in(dir).map_err(|error| failure(error.kind().into()))?;
    let mut out = BufWriter::new(Interruptible(temporary));
    let written = content(&mut out).map_err(failure)?;
    let Interruptible(temporary) = out.into_inner().map_err(|error| failure(error.into_error()))?;
    atomic::replace_with(temporary, &to).map_err(failure)?;
    Ok(written)
}

/// A file that is written until a signal asks us to end. Then it is dropped, and that takes it away.
struct Interruptible<W>(W);

impl<W: Write> Write for Interruptible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not by the kind for it, with which a write is tried again.
        if git::signal().is_some() { Err(io::Error::other("interrupted")) } else { self.0.write(bytes) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
