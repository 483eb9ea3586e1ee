//! `glue-handoff validate`.

use serde_json::json;

use super::{Git, Root};
use crate::cli::{Exit, Failure, Ui};
use crate::handoff::frontmatter::{self, Reading};
use crate::handoff::{Extent, History, LATEST, all_problems, drift, leak_warnings};

/// Check that the history is consistent
///
/// Names every problem of `LATEST.md`, `RESUME_PROMPT.txt` and `INDEX.yaml`, and of what they say of each other.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    #[command(flatten)]
    root: Root,

    /// Also check every archived handoff
    #[arg(long)]
    sessions: bool,

    #[command(flatten)]
    git: Git,
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let history = History::of(&args.root.repo_root);
    let extent = if args.sessions { Extent::Archives } else { Extent::Newest };
    let (problems, latest) = if history.is_there() {
        history.undisturbed(|| (all_problems(&history, extent), history.text(LATEST).ok()))
    } else {
        (vec![format!("no .agent-history/ directory at {}", history.folder().display())], None)
    };
    let leaks = latest
        .as_deref()
        .map_or_else(Vec::new, |text| leak_warnings(text, history.root(), std::env::home_dir().as_deref(), LATEST));
    let git = if args.git.git { drift_of(&history, latest.as_deref()) } else { Vec::new() };
    if ui.json {
        ui.object(json!({ "problems": problems, "warnings": leaks, "git": git }))?;
        return Ok(if problems.is_empty() { Exit::Done } else { Exit::Failed });
    }
    leaks.iter().for_each(|warning| ui.say(warning));
    git.iter().for_each(|message| ui.say(format!("glue-handoff validate: {message}")));
    if problems.is_empty() {
        ui.line("glue-handoff validate: OK")?;
        return Ok(Exit::Done);
    }
    ui.say("glue-handoff validate: found problems:");
    problems.iter().for_each(|problem| ui.say(format!("  - {problem}")));
    Ok(Exit::Failed)
}

/// How the repository differs from what the newest handoff recorded.
fn drift_of(history: &History, latest: Option<&str>) -> Vec<String> {
    let handoff = latest.and_then(|text| frontmatter::parse(text, Reading::Lenient).ok());
    let Some(handoff) = handoff else {
        return vec![format!("--git: no readable {LATEST} to compare against")];
    };
    let recorded = |key| handoff.mapping.scalar(key).unwrap_or_default();
    drift(history.root(), recorded("current_branch"), recorded("head_commit"))
}
