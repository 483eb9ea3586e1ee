//! The person chooses: a numbered list on standard error, a line from the terminal. Standard output stays the
//! context's.

use std::io::{IsTerminal, stderr, stdin};

use super::super::ages::age_text;
use super::super::{Exit, Failure, Ui};
use super::choose::{Candidate, candidates};
use crate::audit::{Layout, escape};
use crate::session::{Latest, Source, Store};

/// How many are shown at once.
const SHOWN: usize = 20;

/// Whether somebody is there to choose.
pub(super) fn can_ask(ui: &Ui) -> bool {
    !ui.json && stdin().is_terminal() && stderr().is_terminal()
}

/// Lets the person choose among all sessions.
pub(super) fn ask(ui: &mut Ui, store: &Store) -> Result<Source, Failure> {
    let all = candidates(store)?;
    if all.is_empty() {
        return Err(
            crate::session::Error::NothingYet { latest: Latest::WithConversation, sessions: store.sessions() }.into()
        );
    }
    let nothing = || Failure::new(Exit::Failed, "nothing-chosen", "no session was chosen");
    let mut filter = String::new();
    loop {
        let fitting: Vec<_> = all.iter().filter(|candidate| fits(candidate, &filter)).collect();
        table(ui, fitting.iter().take(SHOWN).copied());
        match fitting.len() {
            0 => ui.say(format!("Nothing fits `{filter}`.")),
            count if count > SHOWN => ui.say(format!("{} more: a text shows what has it.", count - SHOWN)),
            _ => {}
        }
        ui.say("Number to take, text to filter by, * for all, an empty line to leave it:");
        let mut line = String::new();
        let read = stdin().read_line(&mut line).map_err(|error| Failure::new(Exit::Failed, "io", error.to_string()))?;
        match (read, line.trim()) {
            (0, _) | (_, "" | "q") => return Err(nothing()),
            (_, "*") => filter.clear(),
            (_, typed) => match typed.parse::<usize>().ok().and_then(|number| fitting.get(number.checked_sub(1)?)) {
                Some(candidate) => return Ok(Source::Session(candidate.session.clone())),
                None => filter = typed.to_owned(),
            },
        }
    }
}

/// The sessions, numbered from 1, under their headings.
pub(super) fn table<'a>(ui: &mut Ui, sessions: impl Iterator<Item = &'a Candidate>) {
    let mut rows = vec![["", "FORK", "SESSION", "MODEL", "MSGS", "DIRECTORY", "AGE"].map(str::to_owned)];
    rows.extend(sessions.enumerate().map(|(number, candidate)| row(number + 1, candidate)));
    if rows.len() == 1 {
        return;
    }
    let mut widths = [0; 7];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths).enumerate().map(|(column, (cell, width))| match column {
            0 | 4 => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        ui.say(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
}

fn row(number: usize, candidate: &Candidate) -> [String; 7] {
    let meta = &candidate.meta;
    let model = meta.model();
    // As wide as it is shown.
    let shown = |text: &str| escape(text.as_bytes(), Layout::Line).into_owned();
    [
        number.to_string(),
        if meta.forked_from.is_some() { "[F]".into() } else { String::new() },
        shortened(&shown(&candidate.title()), 48),
        shortened(shown(&model).trim_start_matches("unknown/"), 28),
        meta.message_count.map_or_else(|| "-".into(), |count| count.to_string()),
        shortened_at_start(&shown(&meta.cwd), 36),
        age_text(candidate.active),
    ]
}

/// Whether the text is in anything that tells sessions apart.
fn fits(candidate: &Candidate, filter: &str) -> bool {
    let filter = filter.to_lowercase();
    let meta = &candidate.meta;
    let (title, model) = (candidate.title(), meta.model());
    let forked_from = meta.forked_from.as_deref().unwrap_or_default();
    let told = [candidate.session.id(), &title, &model, &meta.cwd, forked_from];
    told.iter().any(|text| text.to_lowercase().contains(&filter))
}

fn shortened(text: &str, width: usize) -> String {
    match text.chars().count() <= width {
        true => text.to_owned(),
        false => format!("{}…", text.chars().take(width - 1).collect::<String>().trim_end()),
    }
}

/// Of a path, the end tells more.
fn shortened_at_start(text: &str, width: usize) -> String {
    let length = text.chars().count();
    match length <= width {
        true => text.to_owned(),
        false => format!("…{}", text.chars().skip(length - width + 1).collect::<String>()),
    }
}
