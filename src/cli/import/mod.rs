//! `git glue-import`: a capture, or what another agent recorded, from a file or a pipe into the store. The latter is in
//! `transcript`.

mod transcript;

use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use bstr::ByteSlice;
use serde_json::json;

use transcript::From;

use super::series::damaged;
use super::{Common, Exit, Failure, Program, Ui};
use crate::mbox::Mbox;
use crate::session::{Arrival, Capture, Session, Source, Store};

/// Take a capture, or another agent's transcript, from a file or a pipe into the session store
///
/// Reads an mbox, with the sidecar <path>.meta.json and the bundle <path>.bundle if they are beside it, and makes a
/// session of it, for `git glue-show`, `git glue-apply` and the others. Any mbox that `git am` takes will do. The
/// session keeps the id it was captured under.
///
/// A later capture of a session that is in the store replaces the one before, which is kept as `runtime.mbox.previous`
/// in the session's directory. The same capture again, or one that found nothing else, changes nothing; an earlier one
/// is refused, unless `--force` is given. A capture that names the id of a session here but comes from elsewhere
/// (another sandbox or directory, another starting commit) becomes a session of its own, with a new id.
///
/// The capture is read through and checked against its sidecar first; if anything is wrong with it, nothing is written.
/// The new session's id is printed on standard output.
///
/// With `--from`, it is the transcript of a session of that agent, which becomes a session with a conversation: to be
/// listed, looked at, resumed. The transcript is only read. Its session always gets the same id, so that it can be
/// taken in again when it has grown; when it has become another, or the session was changed here, it is refused unless
/// `--force` is given.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-import", bin_name = "git glue-import", version)]
pub struct Args {
    /// An mbox file, a session's directory, or `-` for standard input; with `--from`, a transcript, `-`, or `newest`
    #[arg(value_name = "path", value_hint = clap::ValueHint::AnyPath, required_unless_present = "from")]
    path: Option<OsString>,

    /// Take in a transcript of that agent
    ///
    /// `newest`, or no path, is the one that was written last for this directory, where the agent keeps them.
    #[arg(long, value_name = "agent")]
    from: Option<From>,

    /// Take in a capture that is older than the one of that session in the store, or a transcript that has become
    /// another, in its place
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
        if let Some(from) = self.from {
            return transcript::run(ui, from, self.path.as_deref(), self.force);
        }
        let source = self.source();
        if source == Source::Stdin && std::io::stdin().is_terminal() {
            ui.say("waiting for a capture on standard input");
        }
        let mut capture = Capture::open(source)?;
        capture.problems.iter().for_each(|problem| ui.warn(problem.to_string()));
        if capture.truncated {
            ui.warn("the capture is truncated: it can be looked at, but not applied");
        } else {
            check(&mut capture)?;
        }
        if let Err(error) = capture.bundle() {
            ui.warn(error.to_string());
        }
        let imported = Store::from_env().import(&mut capture, self.force)?;
        let id = imported.session.id();
        if let Some(taken) = &imported.taken {
            ui.warn(format!("another session is called {taken} here; this one is now {id}"));
        }
        match imported.arrival {
            Arrival::New => {}
            Arrival::Replaced { older: false } => ui.say(format!("a later capture of {id}")),
            Arrival::Replaced { older: true } => ui.say(format!("an older capture of {id}")),
            Arrival::AlreadyThere => ui.say("in the store already"),
        }
        if ui.json {
            ui.object(json!({
                "id": id,
                "directory": imported.session.dir().to_string_lossy(),
                "already_there": imported.arrival == Arrival::AlreadyThere,
                "replaced": matches!(imported.arrival, Arrival::Replaced { .. }),
                "taken": imported.taken,
            }))?;
        } else {
            ui.line(id)?;
            ui.hint(format!("git glue-apply {id}"));
        }
        Ok(Exit::Done)
    }
}

impl Args {
    fn source(&self) -> Source {
        let path = self.path.as_deref().unwrap_or_default();
        let (text, path) = (path.to_str(), PathBuf::from(path));
        match text {
            Some("-") => Source::Stdin,
            _ if path.is_dir() => Source::Session(Session::at(path)),
            _ => Source::Path(path),
        }
    }
}

/// Every mail must be whole, and every announced one must be there. Without a title, the first subject becomes it.
fn check(capture: &mut Capture) -> Result<(), Failure> {
    let file = capture.file.try_clone().map_err(|e| Failure::new(Exit::Failed, "io", e.to_string()))?;
    let mbox = Mbox::open(file).map_err(|error| damaged(&error))?;
    match mbox.missing() {
        0 => {
            let first = mbox.entries.first().and_then(|located| located.entry.message.lines().next());
            let subject = first.map(|line| line.to_str_lossy().into_owned()).filter(|line| !line.is_empty());
            let sidecar = capture.sidecar.get_or_insert_default();
            sidecar.title = sidecar.title.take().or(subject);
            Ok(())
        }
        missing => {
            let message = format!("the capture is not complete: {missing} of its mails are missing");
            Err(Failure::new(Exit::Failed, "corrupt-capture", message).hint("copy it again from where it was captured"))
        }
    }
}
