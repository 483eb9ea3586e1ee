//! What `git glue-capture` says of its outcomes.

use std::io::{IsTerminal, Read};

use bstr::ByteSlice;
use serde_json::{Value, json};

use super::prove::prove;
use crate::apply::Verdict;
use crate::audit::{Layout, escape};
use crate::capture::{
    Begun, Cause, Destination, IGNORED, Large, Options, Outcome, Overflow, Reason, Report, Unavailable,
};
use crate::cli::apply::verify::verdict_json;
use crate::cli::{Exit, Failure, Ui};
use crate::session::{Warning, counted, size_text};

/// Tells of outcomes, one after the other.
pub(super) struct Teller {
    /// What it warned of the last time, which need not be said again.
    told: Vec<String>,
    /// Whether each capture is to be proved.
    verify: bool,
}

impl Teller {
    /// One that has told nothing yet.
    pub(super) fn new(verify: bool) -> Teller {
        Teller { told: Vec::new(), verify }
    }

    /// Tells of an outcome; the exit status it means.
    pub(super) fn tell(&mut self, ui: &mut Ui, options: &Options, outcome: Outcome) -> Result<Exit, Failure> {
        match outcome {
            Outcome::Begun(begun) => tell_begun(ui, &begun),
            Outcome::Unavailable(unavailable) => self.tell_unavailable(ui, &unavailable),
            Outcome::Unchanged => Ok(Exit::Done),
            Outcome::Empty(report) => {
                if let Some(path) = &report.path {
                    ui.say(format!("{} holds a capture of nothing: nothing has changed", path.display()));
                }
                self.warn(ui, &report);
                json_report(ui, "empty", &report, None)?;
                stream(ui, report)?;
                Ok(Exit::Done)
            }
            Outcome::Captured(report) => self.tell_captured(ui, options, report),
            Outcome::Truncated(report, overflow) => {
                self.warn(ui, &report);
                stream(ui, report)?;
                Err(over_cap(&overflow))
            }
        }
    }

    /// What cannot be proved is handed on all the same: it may be all that there will be.
    fn tell_captured(&mut self, ui: &mut Ui, options: &Options, mut report: Report) -> Result<Exit, Failure> {
        let verdict = self.verify.then(|| prove(options, &mut report)).transpose();
        summary(ui, &report);
        if let Ok(Some(verdict)) = &verdict {
            ui.say(format!("Proof     trees match the sandbox ({} of {})", verdict.trees, verdict.trees));
            if let (Some(reason), Some(_)) = (&verdict.inexact, &report.sidecar.bundle) {
                ui.warn(format!("the bundle is not good for the ids of the commits: {reason}"));
            }
        }
        self.warn(ui, &report);
        match verdict {
            Ok(verdict) => {
                next_step(ui, options, &report);
                json_report(ui, "captured", &report, verdict.as_ref())?;
                stream(ui, report)?;
                Ok(Exit::Done)
            }
            Err(failure) => stream(ui, report).and(Err(failure)),
        }
    }

    fn warn(&mut self, ui: &mut Ui, report: &Report) {
        let messages: Vec<String> = report.sidecar.warnings.iter().map(|warning| warning.message.clone()).collect();
        for warning in report.sidecar.warnings.iter().filter(|warning| !self.told.contains(&warning.message)) {
            ui.warn(&warning.message);
            // Of use here, while the sandbox is there; the warning itself is said again at home.
            if warning.kind == IGNORED && !ui.quiet {
                ui.hint("--include-ignored=<pathspec> takes ignored files along");
            }
        }
        self.told = messages;
    }

    /// The warning is the session format's own, word for word.
    pub(super) fn tell_unavailable(&mut self, ui: &mut Ui, unavailable: &Unavailable) -> Result<Exit, Failure> {
        let advice = "commit changes inside the sandbox before exiting to preserve them";
        let reason = unavailable.reason.name();
        let detail = unavailable.detail.trim();
        let mut message = format!("Runtime workspace diff unavailable ({reason}): {detail}");
        if unavailable.reason == Reason::NoBootstrapSha {
            message += &format!("; {advice}");
        }
        if self.told == [message.as_str()] {
            return Ok(Exit::Unavailable);
        }
        let hint = match unavailable.reason {
            Reason::NoBootstrapSha | Reason::NotSupported => {
                "git glue-capture --begin when the agent starts, or now: git glue-capture --base=<the commit it started from>"
            }
            Reason::RuntimeNotGit => "go to the work tree, or name it with -C <dir>",
            Reason::GitFailed(Cause::Bootstrap) => {
                "git log shows the commits that are here; --base=<rev> names another, git fetch may bring one"
            }
            Reason::GitFailed(Cause::Pathspec) => {
                "--exclude and --include-ignored take pathspecs from the top of the work tree: git help glossary"
            }
            Reason::GitFailed(Cause::Other) => "git status says more",
        };
        if ui.json {
            ui.object(json!({
                "outcome": "unavailable",
                "reason": reason,
                "message": message,
                "hint": hint,
                "session_id": unavailable.session_id,
                "older_capture": unavailable.older,
            }))?;
            return Ok(Exit::Unavailable);
        }
        // Where the agent works on the person's own files, by their own word, nothing is lost; only somebody who typed this
        // wants to know.
        if unavailable.reason != Reason::NotSupported {
            ui.warn(&message);
        }
        if unavailable.reason != Reason::NotSupported || std::io::stderr().is_terminal() {
            ui.hint(hint);
        }
        if let (Some(id), true) = (&unavailable.session_id, unavailable.older) {
            ui.warn(format!("the older capture of session {id} stays, and is marked as older"));
        }
        self.told = vec![message];
        Ok(Exit::Unavailable)
    }
}

fn tell_begun(ui: &mut Ui, begun: &Begun) -> Result<Exit, Failure> {
    for warning in &begun.warnings {
        ui.warn(&warning.message);
    }
    if ui.json {
        ui.object(json!({
            "outcome": "begun",
            "session_id": begun.session_id,
            "bootstrap_sha": begun.bootstrap,
            "dirty": begun.dirty,
            "replaces": begun.replaces,
            "warnings": warnings(&begun.warnings),
        }))?;
        return Ok(Exit::Done);
    }
    ui.line(&begun.session_id)?;
    let short = &begun.bootstrap[..begun.bootstrap.len().min(12)];
    ui.say(match (begun.unborn, begun.dirty) {
        (true, _) => format!("Session begins here, before the first commit (recorded as {short})"),
        (false, 0) => format!("Session begins at {short}"),
        (false, dirty) => {
            let files = counted(dirty, "changed file", "changed files");
            format!("Session begins at {short}, with {files} that will not be taken for the agent's work")
        }
    });
    match begun.replaces.first() {
        _ if begun.replaces.contains(&begun.session_id) => ui.say("The session began here before; it begins anew"),
        Some(last) => ui.say(format!("From now on, captures here are for this session and no longer for {last}")),
        None => {}
    }
    if !ui.quiet {
        ui.hint("when the agent is done: git glue-capture");
    }
    Ok(Exit::Done)
}

fn summary(ui: &mut Ui, report: &Report) {
    let counts = &report.counts;
    let mut parts = Vec::new();
    for (count, one, many) in [
        (counts.commits, "commit", "commits"),
        (counts.staged, "file staged", "files staged"),
        (counts.unstaged, "file not staged", "files not staged"),
        (counts.untracked, "file untracked", "files untracked"),
    ] {
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    ui.say(format!("Captured  {}", report.session_id));
    if let Some(title) = &report.sidecar.title {
        ui.say(format!("Title     {}", escape(title.as_bytes(), Layout::Line)));
    }
    ui.say(format!("Changes   {}", parts.join(", ")));
    let place = report.path.as_ref().map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
    ui.say(format!("Written   {place} ({})", size_text(report.sidecar.size_bytes)));
    if let Some(bundle) = &report.sidecar.bundle {
        ui.say(format!("Bundle    beside it ({})", size_text(bundle.size_bytes)));
    }
}

fn next_step(ui: &mut Ui, options: &Options, report: &Report) {
    if ui.quiet {
        return;
    }
    match &options.destination {
        Destination::Store => ui.hint(format!("at home, with this store: git glue-apply {}", report.session_id)),
        Destination::File(path) => ui.hint(format!("at home: git glue-apply {}", quoted(&path.to_string_lossy()))),
        Destination::Stream => {}
    }
}

/// The mbox, when it goes to standard output.
fn stream(ui: &mut Ui, report: Report) -> Result<(), Failure> {
    let Some(mut file) = report.stream else { return Ok(()) };
    let mut piece = vec![0; 1 << 16];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(count) => ui.raw(&piece[..count])?,
            Err(error) => return Err(Failure::output(error)),
        }
    }
}

fn over_cap(overflow: &Overflow) -> Failure {
    let mut message = format!(
        "the capture is over the cap of {}, so it is not whole and cannot be applied; the largest files are",
        size_text(overflow.cap)
    );
    for Large { path, size } in &overflow.largest {
        message += &format!("\n{:>9}  {}", size_text(*size), crate::patch::quote(path.as_bstr()).to_str_lossy());
    }
    let arguments: Vec<String> =
        overflow.arguments.iter().map(|argument| quoted(&argument.to_string_lossy())).collect();
    Failure::new(Exit::OverCap, "over-cap", message)
        .hint(format!("before the sandbox goes away: git glue-capture {}", arguments.join(" ")))
}

fn json_report(ui: &mut Ui, outcome: &str, report: &Report, verdict: Option<&Verdict>) -> Result<(), Failure> {
    if !ui.json {
        return Ok(());
    }
    ui.object(json!({
        "outcome": outcome,
        "session_id": report.session_id,
        "path": report.path.as_ref().map(|path| path.display().to_string()),
        "commits": report.counts.commits,
        "staged": report.counts.staged,
        "unstaged": report.counts.unstaged,
        "untracked": report.counts.untracked,
        "set_aside": report.set_aside,
        "capture": report.sidecar.to_map(),
        "verified": verdict.map(verdict_json),
        "warnings": warnings(&report.sidecar.warnings),
    }))
}

fn warnings(warnings: &[Warning]) -> Vec<Value> {
    warnings.iter().map(|warning| Value::Object(warning.to_map())).collect()
}

/// An argument as a POSIX shell reads it back.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./,:@%+".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn arguments_survive_a_shell() {
        assert_eq!(quoted("--exclude=a/b.c"), "--exclude=a/b.c");
        assert_eq!(quoted("--exclude=it's"), r"'--exclude=it'\''s'");
    }
}
