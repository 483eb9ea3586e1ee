//! `--verify`: the capture that was just written is read back and proved, as it would be at home, in the sandbox's own
//! repository. Here the two pipelines meet: what capture wrote, apply reads.

use std::io::Seek;

use crate::apply::{self, Series, Verdict};
use crate::capture::{Destination, Options, Report};
use crate::cli::apply::{refusal, verify};
use crate::cli::{Exit, Failure};
use crate::git::Repo;
use crate::session::{Capture, Source, mark_verified};

const KEEP: &str = "keep this sandbox, and capture again; if that does not help, save the work in another way: a copy of the directory, a git bundle";

/// Proves the capture and notes the verdict in its sidecar.
///
/// # Errors
/// When it cannot be read back, or leads elsewhere than to what is here: then the sandbox must stay.
pub(super) fn prove(options: &Options, report: &mut Report) -> Result<Verdict, Failure> {
    let verdict = verdict(options, report).map_err(|failure| {
        let message = format!("the capture was written, but cannot be proved: {}", failure.message);
        Failure::new(Exit::Failed, failure.kind, message).hint(KEEP)
    });
    let proved = verdict.as_ref().is_ok_and(|verdict| verdict.parting.is_none());
    report.sidecar.verified = Some(proved);
    if let Some(path) = &report.path {
        mark_verified(path, proved)?;
    }
    match verdict? {
        Verdict { parting: Some(parting), .. } => {
            let message =
                format!("the capture was written, but does not lead to what is here: {}", verify::why(&parting));
            Err(Failure::new(Exit::Failed, "not-proved", message).hint(KEEP))
        }
        verdict => Ok(verdict),
    }
}

fn verdict(options: &Options, report: &mut Report) -> Result<Verdict, Failure> {
    let repo = Repo::discover_foreign(&options.directory)?;
    let gone = || Failure::new(Exit::Failed, "not-a-repository", "the repository is gone");
    let repo = repo.ok_or_else(gone)?;
    let capture = match (&options.destination, &report.path, &mut report.stream) {
        (Destination::Stream, _, Some(file)) => {
            let io = |error: std::io::Error| Failure::new(Exit::Failed, "io", format!("cannot read it back: {error}"));
            let capture = Capture::spool(&*file, "the capture");
            // It is still to be handed on.
            file.rewind().map_err(io)?;
            capture?
        }
        (_, Some(path), _) => Capture::open(Source::Path(path.clone()))?,
        _ => return Err(Failure::new(Exit::Failed, "no-capture", "it is nowhere")),
    };
    let id = report.session_id.as_str();
    let mut series = Series::read(capture.whole()?, repo.format).map_err(|error| refusal::failure(error, id))?;
    apply::verify(&repo, &mut series).map_err(|error| refusal::failure(error, id))
}
