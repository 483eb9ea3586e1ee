//! How an apply went, for programs.

use bstr::{BString, ByteSlice};
use serde_json::{Value, json};

use crate::apply::{Proof, Report};
use crate::cli::{Failure, Ui};

/// Tells how it went as one object, if that was asked for.
pub(super) fn report_json(ui: &mut Ui, outcome: &str, report: Option<&Report>) -> Result<(), Failure> {
    if !ui.json {
        return Ok(());
    }
    let Some(report) = report else { return ui.object(json!({ "outcome": outcome })) };
    let text = |paths: &[BString]| paths.iter().map(quoted).collect::<Vec<_>>();
    let commits: Vec<Value> = report
        .commits
        .iter()
        .map(|commit| {
            json!({
                "id": commit.id,
                "sandbox_id": commit.sandbox_id,
                "subject": commit.subject.to_str_lossy(),
                "author": commit.author.to_str_lossy(),
                "merged": commit.merged,
            })
        })
        .collect();
    let conflict = report.stop.as_ref().map(|stop| {
        json!({
            "entry": stop.entry + 1,
            "subject": stop.subject.to_str_lossy(),
            "paths": text(&stop.paths),
        })
    });
    ui.object(json!({
        "outcome": outcome,
        "session_id": report.id,
        "branch": report.branch,
        "branch_is_new": report.branch_is_new,
        "base": report.base,
        "tip": report.tip,
        "work_tree": report.work_tree.as_ref().map(|path| path.display().to_string()),
        "commits": commits,
        "exact": report.exact,
        "newer": report.newer,
        "already": report.already.iter().map(|subject| subject.to_str_lossy()).collect::<Vec<_>>(),
        "staged": text(&report.uncommitted.staged),
        "unstaged": text(&report.uncommitted.unstaged),
        "untracked": text(&report.uncommitted.untracked),
        "files": report.files,
        "proof": proof_json(&report.proof),
        "conflict": conflict,
        "rejects": text(&report.rejects),
        "runs_here": reasons(report.runs_here.iter().map(|finding| (&finding.path, finding.reason.clone()))),
        "path_warnings": reasons(report.path_warnings.iter().map(|(path, problem)| (path, problem.to_string()))),
        "secrets": report
            .secrets
            .iter()
            .map(|secret| json!({ "path": quoted(&secret.path), "line": secret.line, "rule": secret.rule }))
            .collect::<Vec<_>>(),
        "spoofed": report.spoofed,
    }))
}

/// Paths, and what is to be said of each.
fn reasons<'a>(told: impl Iterator<Item = (&'a BString, String)>) -> Vec<Value> {
    told.map(|(path, reason)| json!({ "path": quoted(path), "reason": reason })).collect()
}

/// A path as JSON can hold it: C-quoted as git quotes it, where it has to be.
fn quoted(path: &BString) -> String {
    crate::patch::quote(path.as_bstr()).to_string()
}

fn proof_json(proof: &Proof) -> Value {
    match proof {
        Proof::Matches { trees } => json!({ "verdict": "matches", "trees": trees }),
        Proof::BaseDiffers { first, bootstrap } => {
            json!({ "verdict": "base-differs", "first": first, "bootstrap": bootstrap })
        }
        Proof::Merged { first } => json!({ "verdict": "merged", "first": first }),
        Proof::Unfinished => json!({ "verdict": "unfinished" }),
        Proof::Unproved => json!({ "verdict": "unproved" }),
    }
}
