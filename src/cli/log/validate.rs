//! `git glue-log validate`.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use serde_json::{Value, json};

use crate::cli::{Exit, Failure, Ui};
use crate::log::{Checked, Problem, validate_rows, validate_session};
use crate::session::{Conversation, Error, Latest, Session, Source, Store, counted};

/// Check that a session is what the format says
///
/// Looks at meta.json, at every row of the conversation, and at what rows say of each other. Prints each problem with its
/// file, line and class. Warnings are for what can be so without being wrong: rows of the form that Glue wrote before
/// version 1, a call without a result, rows that a fork has from another session.
///
/// Ends with 1 when there are problems that are no warnings.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub(super) struct Args {
    /// Session id, a unique prefix of one, `latest`, a path to a session or a conversation.jsonl, or `-` for standard input
    #[arg(value_name = "id", conflicts_with = "all")]
    id: Option<OsString>,

    /// Check all sessions of the store
    #[arg(long)]
    all: bool,
}

pub(super) fn run(args: Args, ui: &mut Ui) -> Result<Exit, Failure> {
    let store = Store::from_env();
    let mut telling = Telling { ui, sum: Checked::default(), sessions: 0, problems: Vec::new() };
    if args.all {
        for session in store.newest()? {
            telling.session(&session)?;
        }
    } else {
        let id = args.id.unwrap_or_else(|| "latest".into());
        match store.resolve(&id, Latest::WithConversation)? {
            Source::Session(session) => telling.session(&session)?,
            Source::Stdin => telling.rows(io::stdin(), Path::new("standard input"))?,
            Source::Path(path) => {
                let opened = Conversation::open(Source::Path(path.clone()))?;
                match opened.session {
                    Some(session) => telling.session(&session)?,
                    None => telling.rows(opened.file, &path)?,
                }
            }
        }
    }
    telling.end()
}

/// What is told, as it is found.
struct Telling<'u> {
    ui: &'u mut Ui,
    sum: Checked,
    sessions: u64,
    /// For one object of JSON.
    problems: Vec<Value>,
}

/// So many problems fit into an object; a file that is no conversation has one for every line.
const MOST: usize = 10_000;

impl Telling<'_> {
    fn session(&mut self, session: &Session) -> Result<(), Failure> {
        self.check(|tell| Ok(validate_session(session, tell)))
    }

    fn rows(&mut self, rows: impl io::Read, path: &Path) -> Result<(), Failure> {
        self.check(|tell| validate_rows(rows, path, tell))
    }

    fn check(&mut self, check: impl FnOnce(&mut dyn FnMut(Problem)) -> Result<Checked, Error>) -> Result<(), Failure> {
        let (ui, problems, mut printed) = (&mut *self.ui, &mut self.problems, Ok(()));
        let checked = check(&mut |problem| {
            if ui.json {
                if problems.len() < MOST {
                    problems.push(object(&problem));
                }
            } else if printed.is_ok() {
                printed = ui.line(line(&problem));
            }
        })?;
        printed?;
        self.sessions += 1;
        self.sum.rows += checked.rows;
        self.sum.legacy_rows += checked.legacy_rows;
        self.sum.bytes += checked.bytes;
        self.sum.errors += checked.errors;
        self.sum.warnings += checked.warnings;
        Ok(())
    }

    fn end(self) -> Result<Exit, Failure> {
        let Checked { rows, legacy_rows, bytes, errors, warnings } = self.sum;
        let exit = if errors == 0 { Exit::Done } else { Exit::Failed };
        if self.ui.json {
            self.ui.object(json!({
                "valid": errors == 0,
                "sessions": self.sessions,
                "rows": rows,
                "legacy_rows": legacy_rows,
                "size_bytes": bytes,
                "errors": errors,
                "warnings": warnings,
                "problems": self.problems,
            }))?;
            return Ok(exit);
        }
        let with = |count: u64| match count {
            0 => String::new(),
            count => format!(" with {}", counted(count, "warning", "warnings")),
        };
        match errors {
            0 => self.ui.line(format!(
                "Validated {}{}.",
                counted(self.sessions, "session", "sessions"),
                with(warnings)
            ))?,
            errors => {
                self.ui.flush()?;
                self.ui.say(format!(
                    "{}, {}.",
                    counted(errors, "validation error", "validation errors"),
                    counted(warnings, "warning", "warnings")
                ));
            }
        }
        Ok(exit)
    }
}

/// `<path>:<line>: <class>: <reason>`, as compilers write it.
fn line(problem: &Problem) -> String {
    let line = problem.line.map(|line| format!(":{line}")).unwrap_or_default();
    let warning = if problem.is_warning { "warning: " } else { "" };
    format!("{}{line}: {warning}{}: {}", problem.path.display(), problem.class.name(), problem.reason)
}

fn object(problem: &Problem) -> Value {
    json!({
        "path": problem.path.to_string_lossy(),
        "line": problem.line,
        "class": problem.class.name(),
        "level": if problem.is_warning { "warning" } else { "error" },
        "message": problem.reason,
    })
}
