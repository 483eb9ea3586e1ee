//! The block for an agent's instruction file: what the agent reads at the moment that it freezes a session.
//!
//! It is shown, never written: such a file is its owner's. What can be installed is the [skill](super::skill).

/// The line that the block begins with. Programs find the block by it, so it stays as it is.
pub const BEGIN: &str = "<!-- BEGIN SESSION GLUE (managed) -->";

/// The line that the block ends with.
pub const END: &str = "<!-- END SESSION GLUE (managed) -->";

/// The lines between them, the same for every agent.
pub const BLOCK: &str = include_str!("assets/block.md");

/// An agent that reads instructions from a place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reader {
    /// What the agent is called on the command line.
    pub agent: &'static str,
    /// Its full name.
    pub name: &'static str,
    /// Where it reads, as one writes it for every user.
    pub target: &'static str,
    /// What else to know about that place.
    pub note: Option<&'static str>,
}

/// All of them, in the order in which they are shown.
pub const READERS: [Reader; 4] = [
    Reader { agent: "codex", name: "OpenAI Codex", target: "~/.codex/AGENTS.md", note: None },
    Reader {
        agent: "claude",
        name: "Claude Code",
        target: "~/.claude/skills/session-glue/",
        note: Some("better in the repository alone, as .claude/skills/session-glue/"),
    },
    Reader {
        agent: "cursor",
        name: "Cursor",
        target: "~/.cursor/rules/session-glue.md",
        note: Some("Cursor also takes the block as a user rule, in its settings"),
    },
    Reader { agent: "gemini", name: "Gemini CLI", target: "~/.gemini/GEMINI.md", note: None },
];

/// The block with its two markers; ends with a newline.
pub fn block() -> String {
    format!("{BEGIN}\n{BLOCK}{END}\n")
}
