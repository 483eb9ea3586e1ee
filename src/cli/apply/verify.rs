//! What a capture proves by itself, told to people and to programs. Capture tells the same of its own.

use serde_json::{Value, json};

use crate::apply::{Parting, Verdict};
use crate::cli::{Exit, Failure, Style, Ui};

/// Tells the verdict; the exit status that it means.
pub(super) fn told(ui: &mut Ui, verdict: &Verdict) -> Result<Exit, Failure> {
    let exit = if verdict.parting.is_some() { Exit::Failed } else { Exit::Done };
    if ui.json {
        let outcome = if verdict.parting.is_some() { "not-verified" } else { "verified" };
        let mut object = json!({ "outcome": outcome, "session_id": verdict.id });
        if let (Value::Object(all), Value::Object(more)) = (&mut object, verdict_json(verdict)) {
            all.extend(more);
        }
        ui.object(object)?;
        return Ok(exit);
    }
    if let Some(parting) = &verdict.parting {
        return Err(Failure::new(exit, "not-proved", format!("{} is not proved: {}", verdict.id, why(parting)))
            .hint("do not trust it; capture again while the sandbox is there, with --verify"));
    }
    if !ui.quiet {
        ui.styled(Style::Good, format!("Verified {}", verdict.id))?;
        ui.line(verdict.bootstrap.as_deref().map_or(String::new(), |id| format!(", from {}", short(id))))?;
        ui.raw("Proof: ")?;
        ui.styled(Style::Good, format!("trees match the sandbox ({} of {})", verdict.trees, verdict.trees))?;
        ui.line("")?;
        ids(ui, verdict)?;
    }
    Ok(exit)
}

/// Whether `--exact` would do.
fn ids(ui: &mut Ui, verdict: &Verdict) -> Result<(), Failure> {
    match (verdict.commits, &verdict.inexact) {
        (0, _) => Ok(()),
        (all, None) => ui.line(format!("Commit ids: {all} of {all} can be kept, with --exact")),
        (all, Some(reason)) => ui.line(format!("Commit ids: {} of {all} can be kept; {reason}", verdict.exact)),
    }
}

/// Where it parts from the sandbox, in one clause.
pub(in crate::cli) fn why(parting: &Parting) -> String {
    match parting.entry {
        Some(entry) => format!("entry {entry} ({}) {}", parting.subject, parting.reason),
        None => format!("it {}", parting.reason),
    }
}

/// The verdict as programs get it, here and from capture.
pub(in crate::cli) fn verdict_json(verdict: &Verdict) -> Value {
    let proof = match &verdict.parting {
        None => json!({ "verdict": "matches", "trees": verdict.trees }),
        Some(parting) => json!({
            "verdict": "differs",
            "first": parting.entry,
            "subject": parting.entry.map(|_| parting.subject.to_string()),
            "reason": parting.reason,
        }),
    };
    json!({
        "bootstrap": verdict.bootstrap,
        "proof": proof,
        "commits": verdict.commits,
        "exact": verdict.exact,
        "inexact": verdict.inexact,
    })
}

fn short(id: &str) -> &str {
    id.get(..12).unwrap_or(id)
}
