//! `git glue-export`: a copy of a session's capture and its sidecar.

use std::ffi::OsString;
use std::io::Read;
use std::path::PathBuf;

use serde_json::json;

use super::{Common, Exit, Failure, Program, Ui};
use crate::session::{Capture, Latest, Older, Store};

/// Copy a session's capture and its sidecar to a path
///
/// Writes the mbox to <path> and what is known of it to <path>.meta.json, with length and hash, so that whoever gets both
/// files can check them, and its bundle, if it has one, to <path>.bundle: to send to a teammate, or to attach to a pull request. `git glue-import` takes them into another
/// store, `git glue-apply <path>` applies them as they are.
///
/// When <path> is a directory, the file is named after the session: <id>.mbox, or <id>.mbox.truncated when the capture went
/// over its size cap and so cannot be applied. Files that exist are not overwritten without `--force`.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-export", bin_name = "git glue-export", version)]
pub struct Args {
    /// Session id, a unique prefix of one, `latest`, a path to a session or an mbox file, or `-` for standard input
    #[arg(value_name = "id")]
    id: OsString,

    /// Where to write the mbox: a file, a directory, or `-` for standard output
    #[arg(long, value_name = "path", value_hint = clap::ValueHint::AnyPath)]
    to: PathBuf,

    /// Overwrite files that exist
    #[arg(long, short)]
    force: bool,

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
        if self.to.as_os_str() == "-" {
            if self.common.json {
                return Err(Failure::new(Exit::Usage, "usage", "--json and --to - both want standard output"));
            }
            if capture.sidecar.as_ref().is_some_and(|sidecar| sidecar.bundle.is_some()) {
                ui.warn("the bundle of the capture stays behind; --to <path> takes it along");
            }
            copy(ui, &mut capture)?;
            return Ok(Exit::Done);
        }
        if let Err(error) = capture.bundle() {
            ui.warn(error.to_string());
        }
        let exported = capture.export(&self.to, self.force)?;
        if ui.json {
            ui.object(json!({
                "id": capture.id,
                "path": exported.path.to_string_lossy(),
                "sidecar": exported.sidecar.to_string_lossy(),
                "bundle": exported.bundle.as_ref().map(|path| path.to_string_lossy()),
                "size_bytes": capture.size,
                "truncated": capture.truncated,
                "older": capture.sidecar.as_ref().and_then(|sidecar| sidecar.older.as_ref()).map(Older::to_map),
            }))?;
        } else {
            ui.line(exported.path.as_os_str().as_encoded_bytes())?;
            ui.line(exported.sidecar.as_os_str().as_encoded_bytes())?;
            exported.bundle.map_or(Ok(()), |path| ui.line(path.as_os_str().as_encoded_bytes()))?;
        }
        Ok(Exit::Done)
    }
}

fn copy(ui: &mut Ui, capture: &mut Capture) -> Result<(), Failure> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match capture.file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => ui.raw(&buffer[..n])?,
            Err(error) => return Err(Failure::new(Exit::Failed, "io", format!("cannot read the capture: {error}"))),
        }
    }
}
