//! Prompts that the person took back. Claude Code leaves what came of them in the file and lets the next prompt hang on
//! the same line as the one that it replaces: of two prompts with one parent, the later counts.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Seek};

use memchr::memmem;
use serde_json::Value;

use super::LONGEST_LINE;
use super::json::{content, owned, parse, text};
use crate::session::Rows;

/// The ids of lines with prompts that were replaced. The file is left at its start.
pub(super) fn prompts(file: &mut File) -> io::Result<HashSet<String>> {
    file.rewind()?;
    let (mut latest, mut replaced) = (HashMap::new(), HashSet::new());
    let mut rows = Rows::new(&mut *file, 0, LONGEST_LINE);
    while let Some(row) = rows.advance()? {
        // Most lines are answers and results, and need not be read twice.
        let may_be =
            memmem::find(row.bytes, b"\"user\"").is_some() && memmem::find(row.bytes, b"\"tool_result\"").is_none();
        let prompt = if may_be { parse(row.bytes).filter(is_prompt) } else { None };
        let Some((parent, id)) = prompt.and_then(|line| owned(&line, "parentUuid").zip(owned(&line, "uuid"))) else {
            continue;
        };
        if let Some(before) = latest.insert(parent, id.clone()).filter(|before| *before != id) {
            replaced.insert(before);
        }
    }
    file.rewind()?;
    Ok(replaced)
}

/// Whether the person typed it. What a harness puts beside it may hang on the same line.
fn is_prompt(line: &Value) -> bool {
    let said = content(&line["message"]["content"]);
    let is_own = !["isMeta", "isSidechain", "isCompactSummary"].iter().any(|key| line[*key] == true);
    is_own && text(line, "type") == Some("user") && !said.trim_start().starts_with(['<', '['])
}
