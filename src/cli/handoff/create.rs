//! `glue-handoff create`.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Root;
use crate::cli::{Exit, Failure, Ui};
use crate::handoff::{self, Created, Error, Options};

/// Make a handoff the newest of the history
///
/// Reads a handoff, checks it whole, and writes it: the archive, `LATEST.md`, `INDEX.yaml`, `RESUME_PROMPT.txt`, and its
/// decisions to `DECISIONS.md`, all of them or none. A handoff with a problem is refused, with every problem named.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    /// Read the handoff from <file>; `-` is standard input
    #[arg(short, long, value_name = "file", default_value = "-", value_hint = clap::ValueHint::FilePath)]
    input: PathBuf,

    #[command(flatten)]
    root: Root,

    /// Let a first todo pass that is about resuming, with a warning
    #[arg(long)]
    allow_flagged_todo: bool,

    /// Leave git's `info/exclude` alone
    #[arg(long)]
    no_exclude: bool,
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let input = read(&args.input)?;
    let options = Options {
        root: args.root.repo_root,
        allow_flagged_todo: args.allow_flagged_todo,
        exclude: !args.no_exclude,
        home: std::env::home_dir(),
    };
    let mut warnings = Vec::new();
    let created = handoff::create(&input, &options, &mut |warning| warnings.push(warning));
    warnings.iter().for_each(|warning| ui.say(warning));
    let created = match created {
        // Programs look for the problems as lines of their own.
        Err(error @ (Error::Invalid(_) | Error::NotText(_) | Error::Problems(_))) if !ui.json => {
            ui.say(format!("glue-handoff create: {error}"));
            return Ok(Exit::Usage);
        }
        created => created?,
    };
    if ui.json {
        return json_of(&created, &warnings, ui);
    }
    ui.line(format!("Wrote handoff for session {}:", created.session_id))?;
    for (name, path) in files(&created) {
        ui.line(format!("  {name}: {}", path.display()))?;
    }
    if created.excluded {
        ui.line("registered .agent-history/ in .git/info/exclude (personal ignore \u{2014} not committed)")?;
    }
    created.leaks.iter().for_each(|warning| ui.say(warning));
    if !created.leaks.is_empty() {
        let count = created.leaks.len();
        let plural = if count == 1 { "" } else { "s" };
        ui.say(format!("WARNING: {count} possible leak{plural}; look before you share the history"));
    }
    Ok(Exit::Done)
}

fn files(created: &Created) -> [(&'static str, &Path); 4] {
    [
        ("archive", &created.archive),
        ("latest", &created.latest),
        ("resume_prompt", &created.resume_prompt),
        ("index", &created.index),
    ]
}

fn json_of(created: &Created, warnings: &[String], ui: &mut Ui) -> Result<Exit, Failure> {
    let warnings: Vec<&String> = warnings.iter().chain(&created.leaks).collect();
    let mut object = json!({ "session_id": created.session_id });
    for (name, path) in files(created) {
        object[name] = path.to_string_lossy().into();
    }
    object["excluded"] = created.excluded.into();
    object["warnings"] = json!(warnings);
    ui.object(object)?;
    Ok(Exit::Done)
}

fn read(input: &Path) -> Result<Vec<u8>, Failure> {
    let (name, bytes) = if input == Path::new("-") {
        let mut bytes = Vec::new();
        ("standard input".to_owned(), std::io::stdin().lock().read_to_end(&mut bytes).map(|_| bytes))
    } else {
        (input.display().to_string(), std::fs::read(input))
    };
    bytes.map_err(|error| Failure::new(Exit::Failed, "input", format!("cannot read {name}: {error}")))
}
