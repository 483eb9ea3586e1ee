//! How an apply went, for people: what landed, the proof, what to look at, how to go on and how to go back.

use bstr::BString;

use super::report_json;
use crate::apply::{MOST_SECRETS, Proof, Report, Stop};
use crate::cli::{Exit, Failure, Style, Ui};
use crate::mbox::Kind;
use crate::session::counted;

/// Tells how it went, and what comes next; the exit status that it means.
pub(super) fn told(ui: &mut Ui, outcome: &str, report: &Report, name: &str, exit: Exit) -> Result<Exit, Failure> {
    if ui.json {
        report_json(ui, outcome, Some(report))?;
        return Ok(exit);
    }
    if !ui.quiet {
        headline(ui, outcome, report)?;
        commits(ui, report)?;
        ids(ui, report)?;
        uncommitted(ui, report)?;
        proof(ui, &report.proof)?;
    }
    ui.flush()?;
    audit(ui, report);
    if let Some(stop) = &report.stop {
        conflict(ui, stop, if outcome == "planned" { "would not fit" } else { "did not fit" });
        if outcome != "planned" {
            way_on(ui, report, name, stop);
        }
    }
    if !report.rejects.is_empty() {
        ui.warn(format!("left out, written to .rej files:\n{}", listed(&report.rejects)));
    }
    if report.undoable && report.stop.is_none() && !ui.quiet {
        ui.hint(format!("to take it back: git glue-apply --undo {}", report.id));
    }
    Ok(exit)
}

fn headline(ui: &mut Ui, outcome: &str, report: &Report) -> Result<(), Failure> {
    let branch = report.branch.as_deref().unwrap_or("HEAD (detached)");
    let place = report.work_tree.as_ref().map_or(String::new(), |path| format!(", in {}", path.display()));
    let onto = &report.base[..report.base.len().min(12)];
    let (verb, style) = match outcome {
        "planned" => ("Would apply", Style::Bold),
        "conflict" => ("Stopped applying", Style::Warn),
        _ => ("Applied", Style::Good),
    };
    ui.styled(style, format!("{verb} {}", report.id))?;
    ui.line(format!(" on {branch}, from {onto}{place}"))
}

fn commits(ui: &mut Ui, report: &Report) -> Result<(), Failure> {
    const SHOWN: usize = 20;
    for commit in report.commits.iter().take(SHOWN) {
        ui.raw("  ")?;
        ui.styled(Style::Warn, &commit.id[..commit.id.len().min(12)])?;
        ui.raw(format!(" {} ", commit.subject))?;
        ui.styled(Style::Dim, format!("({})", commit.author))?;
        ui.line(match (commit.merged, commit.was_merge) {
            (true, _) => " merged",
            (false, true) => " was a merge",
            (false, false) => "",
        })?;
    }
    if report.commits.len() > SHOWN {
        ui.line(format!("  and {} more", report.commits.len() - SHOWN))?;
    }
    for subject in &report.left_out {
        ui.line(format!("  (left out) {subject}"))?;
    }
    for subject in &report.already {
        ui.line(format!("  (here already) {subject}"))?;
    }
    Ok(())
}

/// Says which ids are the sandbox's, where that was asked for.
fn ids(ui: &mut Ui, report: &Report) -> Result<(), Failure> {
    if !report.exact {
        return Ok(());
    }
    let kept = report.commits.iter().filter(|commit| commit.sandbox_id.as_ref() == Some(&commit.id)).count();
    ui.line(match report.commits.len() - kept {
        0 => format!("Commit ids: those of the sandbox ({kept} of {kept})"),
        _ => {
            format!("Commit ids: those of the sandbox ({kept}), but for the last one, which holds the uncommitted work")
        }
    })?;
    match report.newer {
        0 => Ok(()),
        newer => ui.line(format!(
            "The branch begins where the sandbox did: {} of yours {} not on it",
            counted(newer, "newer commit", "newer commits"),
            if newer == 1 { "is" } else { "are" }
        )),
    }
}

fn uncommitted(ui: &mut Ui, report: &Report) -> Result<(), Failure> {
    let groups = [
        ("staged", &report.uncommitted.staged),
        ("not staged", &report.uncommitted.unstaged),
        ("untracked", &report.uncommitted.untracked),
    ];
    for (name, paths) in groups.iter().filter(|(_, paths)| !paths.is_empty()) {
        ui.line(format!("  {} {name}:", counted(paths.len(), "file", "files")))?;
        ui.line(listed(paths))?;
    }
    Ok(())
}

fn proof(ui: &mut Ui, proof: &Proof) -> Result<(), Failure> {
    let (style, text) = match proof {
        Proof::Matches { trees } => (Style::Good, format!("trees match the sandbox ({trees} of {trees})")),
        Proof::BaseDiffers { bootstrap: Some(id), .. } => {
            let text = format!(
                "trees cannot match the sandbox: it began with {}, this began elsewhere",
                &id[..id.len().min(12)]
            );
            (Style::Warn, text)
        }
        Proof::BaseDiffers { bootstrap: None, .. } => {
            (Style::Warn, "trees differ from the sandbox's: the base is another".to_owned())
        }
        Proof::Merged { first } => (
            Style::Warn,
            format!("trees differ from the sandbox's from entry {first} on, which was merged with your changes"),
        ),
        Proof::Unfinished => return Ok(()),
        Proof::Unproved => (Style::Dim, "not proved: the capture does not name every tree".to_owned()),
    };
    ui.raw("Proof: ")?;
    ui.styled(style, text)?;
    ui.line("")
}

/// What lands beside the code: programs that will run, secrets, names that mislead.
fn audit(ui: &mut Ui, report: &Report) {
    if !report.runs_here.is_empty() {
        let lines = report.runs_here.iter().map(|finding| format!("{}: {}", finding.path, finding.reason));
        ui.warn(format!("look at these before you build, commit or open an editor here:\n{}", shortened(lines)));
    }
    if !report.path_warnings.is_empty() {
        let lines = report.path_warnings.iter().map(|(path, problem)| format!("{path}: {problem}"));
        ui.warn(format!("these names make trouble on other systems:\n{}", shortened(lines)));
    }
    if !report.secrets.is_empty() {
        let lines = report
            .secrets
            .iter()
            .map(|secret| format!("{}:{} {} ({}...)", secret.path, secret.line, secret.rule, secret.start));
        let more = if report.secrets.len() < MOST_SECRETS { "" } else { " (there may be more than these)" };
        ui.warn(format!("these look like secrets{more}:\n{}", shortened(lines)));
    }
    if !report.spoofed.is_empty() {
        ui.warn(format!("not what it looks like:\n{}", shortened(report.spoofed.iter().cloned())));
    }
}

fn conflict(ui: &mut Ui, stop: &Stop, verb: &str) {
    let what = match stop.kind {
        Kind::Commit => "the commit",
        Kind::Index => "the staged changes",
        Kind::Worktree => "the uncommitted changes",
    };
    let name = match stop.kind {
        Kind::Commit => format!(" '{}'", stop.subject),
        Kind::Index | Kind::Worktree => String::new(),
    };
    ui.warn(format!("{what}{name} (entry {}) {verb}:\n{}", stop.entry + 1, listed(&stop.paths)));
    let rejected: Vec<BString> = stop.rejects.iter().map(|reject| reject.path.clone()).collect();
    if !rejected.is_empty() {
        ui.warn(format!("hunks without anything to merge them with are in .rej files:\n{}", listed(&rejected)));
    }
}

/// How to go on from a conflict, and how to go back.
fn way_on(ui: &mut Ui, report: &Report, name: &str, stop: &Stop) {
    let place = report.work_tree.as_ref().map_or(String::new(), |path| format!("cd {} && ", path.display()));
    match stop.kind {
        Kind::Commit => {
            ui.hint(format!("resolve and git add the files, then: {place}git glue-apply --continue {name}"));
            ui.hint(format!("to leave the commit out: {place}git am --skip && git glue-apply --continue {name}"));
            ui.hint(format!("to go back: {place}git glue-apply --undo {}", report.id));
        }
        Kind::Index | Kind::Worktree => {
            if report.left_over {
                ui.hint(format!("resolve and git add the files, then: {place}git glue-apply --continue {name}"));
            } else {
                ui.hint(format!(
                    "resolve the files; all the rest is here{}",
                    if place.is_empty() { "" } else { ", in that work tree" }
                ));
            }
            ui.hint(format!("to go back: {place}git glue-apply --undo {}", report.id));
        }
    }
}

/// Paths, one a line, at most twenty.
fn listed(paths: &[BString]) -> String {
    shortened(paths.iter().map(BString::to_string))
}

/// Lines set in, at most twenty.
fn shortened(lines: impl ExactSizeIterator<Item = String>) -> String {
    const SHOWN: usize = 20;
    let count = lines.len();
    let mut lines: Vec<String> = lines.take(SHOWN).map(|line| format!("    {line}")).collect();
    if count > SHOWN {
        lines.push(format!("    and {} more", count - SHOWN));
    }
    lines.join("\n")
}
