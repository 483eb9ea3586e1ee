//! `glue-handoff install`: the block for an agent's instruction file, to look at.

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
    #[arg(value_name = "agent")]
    agent: Agent,

    /// Print, and change nothing; required, as there is nothing else that this command does
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Agent {
    /// OpenAI Codex
    Codex,
    /// Claude Code
    Claude,
    /// Cursor
    Cursor,
    /// Gemini CLI
    Gemini,
    /// Each of them
    All,
}

impl Agent {
    fn readers(self) -> &'static [Reader] {
        let only = match self {
            Agent::All => return &READERS,
            Agent::Codex => 0,
            Agent::Claude => 1,
            Agent::Cursor => 2,
            Agent::Gemini => 3,
        };
        &READERS[only..=only]
    }
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    if !args.dry_run {
        let message = "install writes into no instruction file; it only prints what belongs there, with --dry-run";
        let failure = Failure::new(Exit::Usage, "dry-run-only", message);
        return Err(failure.hint("glue-handoff skill install codex (or claude) installs a skill"));
    }
    let readers = args.agent.readers();
    if ui.json {
        let block = block();
        let blocks: Vec<_> = readers
            .iter()
            .map(|Reader { agent, target, note }| json!({"agent": agent, "target": target, "note": note, "block": block}))
            .collect();
        ui.object(json!({ "blocks": blocks, "note": NOTE }))?;
        return Ok(Exit::Done);
    }
    for reader in readers {
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
