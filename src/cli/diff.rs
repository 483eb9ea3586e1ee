//! `git glue-diff`: a session's whole patch.

use std::ffi::OsString;

use bstr::{BString, ByteSlice};
use serde_json::json;

use super::{Common, Exit, Failure, Program, Ui, pager, painted, series};
use crate::patch::quote;
use crate::session::{Capture, Latest, Older, Store};

/// Print a session's whole patch
///
/// In a pipe or a file, the mbox as it was captured, to the byte: `git am --3way` takes it. On a terminal, the same through
/// git's pager (GIT_PAGER, `core.pager`, PAGER), in the colours of a diff, with everything escaped that could move the
/// cursor or reorder what you read, and with the long headers that only programs read cut short.
///
/// A truncated capture is printed too, with a warning: it cannot be applied.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-diff", bin_name = "git glue-diff", version)]
pub struct Args {
    /// Session id, a unique prefix of one, `latest`, a path to a session or an mbox file, or `-` for standard input
    #[arg(value_name = "id", default_value = "latest")]
    id: OsString,

    /// Show a diffstat of each entry instead of the patch
    #[arg(long, conflicts_with = "name_only")]
    stat: bool,

    /// Show only the paths that change, each once
    #[arg(long)]
    name_only: bool,

    /// With --name-only: end paths with NUL and do not quote them
    #[arg(short = 'z', requires = "name_only", conflicts_with = "stat")]
    nul: bool,

    #[command(flatten)]
    common: Common,
}

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        let source = Store::from_env().resolve(&self.id, Latest::WithCapture)?;
        let mut capture = Capture::open(source)?;
        capture.problems.iter().for_each(|problem| ui.warn(problem.to_string()));
        if capture.truncated {
            ui.warn("the capture is truncated: it can be looked at, but not applied");
        }
        if let Some(older) = capture.sidecar.as_ref().and_then(|sidecar| sidecar.older.as_ref()) {
            ui.warn(format!("the capture is older than the session's end ({})", older.reason));
        }
        if !(ui.json || self.stat || self.name_only) {
            pager::start(ui)?;
            painted::print(ui, &mut capture.file)?;
            return Ok(Exit::Done);
        }
        let steps = series::steps(&capture)?;
        if ui.json {
            let entries: Vec<_> = steps.iter().map(series::Step::to_json).collect();
            ui.object(json!({
                "id": capture.id,
                "size_bytes": capture.size,
                "truncated": capture.truncated,
                "older": capture.sidecar.as_ref().and_then(|sidecar| sidecar.older.as_ref()).map(Older::to_map),
                "entries": entries,
            }))?;
        } else if self.stat {
            for (number, step) in steps.iter().enumerate() {
                ui.raw(if number == 0 { "" } else { "\n" })?;
                step.show(ui)?;
            }
        } else {
            self.names(ui, &steps)?;
        }
        Ok(Exit::Done)
    }
}

impl Args {
    /// As `git diff --name-only` has it: sorted by bytes, a rename under its new name.
    fn names(&self, ui: &mut Ui, steps: &[series::Step]) -> Result<(), Failure> {
        let changes = steps.iter().flat_map(|step| &step.changes);
        let mut paths: Vec<&BString> =
            changes.filter_map(|change| change.new_path.as_ref().or(change.old_path.as_ref())).collect();
        paths.sort();
        paths.dedup();
        for path in paths {
            if self.nul {
                ui.raw([path.as_bytes(), b"\0"].concat())?;
            } else {
                ui.line(quote(path.as_bstr()).as_bytes())?;
            }
        }
        Ok(())
    }
}
