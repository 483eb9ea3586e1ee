//! RESUME_PROMPT.txt: what to paste into a new session.

use super::fields::{first_todo, plain};
use super::value::Mapping;

/// The prompt of a handoff, with the standing lines of the decisions.
pub fn prompt(handoff: &Mapping, standing: &[String]) -> String {
    let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
    let root = or(handoff.scalar("project_root").unwrap_or_default().to_owned(), "(unknown)");
    let action = or(first_todo(handoff).map(plain).unwrap_or_default(), "(no next action recorded)");
    let rulings = match standing.is_empty() {
        true => String::new(),
        false => format!("Standing operator rulings:\n{}\n\n", standing.join("\n")),
    };
    format!(
        "Continue the previous coding session.\n\n\
         Project root: {root}\n\
         First, read: .agent-history/LATEST.md\n\
         Prompt artifact: .agent-history/RESUME_PROMPT.txt\n\
         Then follow the Resume Prompt and continue from the first next_todo_items entry.\n\n\
         First productive next action (next_todo_items[0]):\n{action}\n\n\
         {rulings}\
         Before editing, run git status --short and report any drift from the handoff.\n\
         Do not scan the whole repository unless the handoff is stale or insufficient.\n"
    )
}
