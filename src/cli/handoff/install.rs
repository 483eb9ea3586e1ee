//! `glue-handoff install`: the block for an agent's instruction file, to look at.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use serde_json::json;

use crate::cli::{Exit, Failure, Ui};
use crate::handoff::install::{READERS, Reader, block};

/// Where the better way is: a skill is a folder of its own, which can be put there and taken away.
const NOTE: &str = "glue-handoff skill install puts the same into a folder of its own, for codex and claude";

/// Print the instructions that an agent needs, and where they belong
///
/// Prints a block of text for the file in which the agent looks for instructions, and names that file. Nothing is read
/// and nothing is written: such a file is yours, and what goes into it is your decision. `glue-handoff skill install`
/// does more: the agent then finds the instructions in a folder of their own.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The agent to print them for
    #[arg(value_name = "agent", value_parser = readers())]
    agent: Readers,

    /// Print, and change nothing; required, as there is nothing else that this command does
    #[arg(long)]
    dry_run: bool,
}

/// The agents that were named.
#[derive(Debug, Clone)]
struct Readers(Vec<Reader>);

/// What stands for all of them.
const ALL: &str = "all";

/// An agent by its name, or all.
fn readers() -> impl TypedValueParser<Value = Readers> {
    let each = READERS.iter().map(|reader| PossibleValue::new(reader.agent).help(reader.name));
    let names = PossibleValuesParser::new(each.chain([PossibleValue::new(ALL).help("Each of them")]));
    names.map(|name| Readers(READERS.into_iter().filter(|reader| name == ALL || name == reader.agent).collect()))
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    if !args.dry_run {
        let message = "install writes into no instruction file; it only prints what belongs there, with --dry-run";
        let failure = Failure::new(Exit::Usage, "dry-run-only", message);
        return Err(failure.hint("glue-handoff skill install codex (or claude) installs a skill"));
    }
    let Readers(readers) = args.agent;
    if ui.json {
        let block = block();
        let blocks: Vec<_> = readers
            .iter()
            .map(|Reader { agent, target, note, .. }| json!({"agent": agent, "target": target, "note": note, "block": block}))
            .collect();
        ui.object(json!({ "blocks": blocks, "note": NOTE }))?;
        return Ok(Exit::Done);
    }
    for reader in &readers {
        ui.line(format!("# {} (dry-run — no files modified)", reader.agent))?;
        ui.line(format!("target: {}", reader.target))?;
        if let Some(note) = reader.note {
            ui.line(format!("note: {note}"))?;
        }
        ui.line("proposed block:")?;
        ui.line(block())?;
    }
    ui.line(format!("note: {NOTE}"))?;
    Ok(Exit::Done)
}
