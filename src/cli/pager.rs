//! Long results through git's pager, by git's rules: only on a terminal, GIT_PAGER before `core.pager` before PAGER, and
//! none inside another.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};

use super::{Exit, Failure, Ui};
use crate::audit::{Layout, escape};

/// Where a long result goes.
pub(super) enum Pager {
    /// Into a pipe or a file, as it is.
    Raw,
    /// To people's eyes, through no pager of ours.
    Escaped,
    /// Through a pager.
    Running(Child),
}

impl Pager {
    /// Starts the user's pager, if one is wanted.
    pub(super) fn start(ui: &Ui) -> Result<Pager, Failure> {
        // git has started one already and goes on to a terminal.
        if std::env::var_os("GIT_PAGER_IN_USE").is_some_and(|value| value != "0" && value != "false") {
            return Ok(Pager::Escaped);
        }
        if !ui.out_is_terminal() {
            return Ok(Pager::Raw);
        }
        let Some(command) = command() else { return Ok(Pager::Escaped) };
        let mut shell = Command::new("sh");
        shell.arg("-c").arg(&command).stdin(Stdio::piped()).env("GIT_PAGER_IN_USE", "true");
        for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
            if std::env::var_os(name).is_none() {
                shell.env(name, value);
            }
        }
        let failed = |e| Failure::new(Exit::Failed, "pager", format!("cannot run the pager `{command}`: {e}"));
        shell.spawn().map(Pager::Running).map_err(failed)
    }

    /// Everything that `from` holds, as a stream. A pager that is quit early is no failure.
    pub(super) fn print(self, ui: &mut Ui, from: &mut impl Read) -> Result<(), Failure> {
        match self {
            Pager::Raw => chunks(from, |chunk| ui.raw(chunk)),
            Pager::Escaped => chunks(from, |chunk| ui.raw(escape(chunk, Layout::Text).as_bytes())),
            Pager::Running(mut child) => {
                let mut pipe = child.stdin.take();
                let result = chunks(from, |chunk| {
                    let text = escape(chunk, Layout::Text);
                    pipe.as_mut().map_or(Ok(()), |pipe| pipe.write_all(text.as_bytes())).map_err(Failure::output)
                });
                drop(pipe);
                let _ = child.wait();
                result.or_else(|failure| if failure.is_quiet() { Ok(()) } else { Err(failure) })
            }
        }
    }
}

/// What git would run; `None` for no pager, which users spell as `cat` or as nothing.
fn command() -> Option<String> {
    let chosen = std::env::var("GIT_PAGER").ok().unwrap_or_else(|| {
        let here = std::path::Path::new(".");
        let asked = crate::git::Command::new("var", here).env_remove("GIT_PAGER").arg("GIT_PAGER").line();
        asked.map_or_else(|_| "less".into(), |pager| pager.to_string())
    });
    Some(chosen).filter(|pager| !matches!(pager.trim(), "" | "cat"))
}

/// Hands on pieces that do not end inside a character: they end after an ASCII byte as long as there are any.
fn chunks(from: &mut impl Read, mut take: impl FnMut(&[u8]) -> Result<(), Failure>) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::new(Exit::Failed, "io", format!("cannot read the capture: {error}"));
    let mut buffer = vec![0; 1 << 16];
    let mut held = 0;
    loop {
        let read = from.read(&mut buffer[held..]).map_err(failed)?;
        let filled = held + read;
        if read == 0 {
            return take(&buffer[..filled]);
        }
        let whole = buffer[..filled].iter().rposition(u8::is_ascii).map_or(0, |last| last + 1);
        let end = if filled - whole < 8 { whole } else { filled };
        take(&buffer[..end])?;
        buffer.copy_within(end..filled, 0);
        held = filled - end;
    }
}
