//! Checks a session: its meta.json, each row by itself, and what rows say of each other.
//!
//! ```text
//! session -> meta -----------------> problems
//!         -> rows -> each -> sequel -/
//! ```
//!
//! A conversation is read once, from its start, a row at a time. What is kept of it are calls that wait for their result,
//! a number for each call that has one, and which sequence numbers there were, as ranges.

mod meta;
mod sequel;

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::log::fields::{Field, Fields};
use crate::log::schema;
use crate::session::{CONVERSATION, Conversation, Error, LONGEST_ROW, Row, Rows, Session, counted};
use sequel::Sequel;

/// What kind of problem it is; a stable word for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// meta.json is not what its version says.
    Meta,
    /// A row is no JSON, or not what the schema wants.
    Row,
    /// A row in the middle breaks off.
    TornRow,
    /// The last row has no newline: it was not written to its end.
    TornTail,
    /// Two rows of one session have one sequence number.
    DuplicateSequence,
    /// A row has a lower sequence number than one before it.
    DecreasingSequence,
    /// A call has no result.
    DanglingCall,
    /// A result answers no call, or one that was answered before.
    OrphanResult,
    /// Of a result, `success` and `status` do not say the same.
    Contradiction,
    /// An id does not belong here.
    IdMismatch,
    /// A file cannot be read.
    Unreadable,
    /// Rows are of the form without `schema_version`, or meta.json is of an older version.
    Legacy,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub path: PathBuf,
    /// The line in it, from 1; none where it is about the file.
    pub line: Option<u64>,
    /// What kind it is.
    pub class: Class,
    /// A session can be like that without anything being wrong with it.
    pub is_warning: bool,
    /// A sentence.
    pub reason: String,
}

/// What was checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checked {
    /// Rows of version 1.
    pub rows: u64,
    /// Rows of the form before.
    pub legacy_rows: u64,
    /// How much there was to read, in bytes.
    pub bytes: u64,
    /// What is wrong.
    pub errors: u64,
    /// What may be wrong.
    pub warnings: u64,
}

impl Class {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Class::Meta => "meta",
            Class::Row => "row",
            Class::TornRow => "torn-row",
            Class::TornTail => "torn-tail",
            Class::DuplicateSequence => "duplicate-sequence",
            Class::DecreasingSequence => "decreasing-sequence",
            Class::DanglingCall => "dangling-call",
            Class::OrphanResult => "orphan-result",
            Class::Contradiction => "contradiction",
            Class::IdMismatch => "id-mismatch",
            Class::Unreadable => "unreadable",
            Class::Legacy => "legacy",
        }
    }
}

/// Checks a session's meta.json and, if there is one, its conversation. `tell` gets every problem, in the order of the
/// lines as far as one line shows it. A file that cannot be read is a problem too.
pub fn validate_session(session: &Session, tell: &mut dyn FnMut(Problem)) -> Checked {
    let mut findings = Findings { path: session.path(meta::FILE), checked: Checked::default(), tell };
    let ids = meta::check(session, &mut findings);
    findings.path = session.path(CONVERSATION);
    let checked = match Conversation::settled(session) {
        Ok((file, _, length)) => check_rows(file.take(length), Sequel::of(ids), &mut findings),
        Err(error) => Err(error),
    };
    match checked {
        Ok(()) | Err(Error::NoConversation { .. }) => {}
        Err(error) => findings.error(None, Class::Unreadable, error.to_string()),
    }
    findings.checked
}

/// Checks the rows of a conversation that belongs to no session: a lone file, a pipe.
///
/// # Errors
/// When it cannot be read.
pub fn validate_rows(rows: impl Read, path: &Path, tell: &mut dyn FnMut(Problem)) -> Result<Checked, Error> {
    let mut findings = Findings { path: path.to_owned(), checked: Checked::default(), tell };
    check_rows(rows, Sequel::of(Vec::new()), &mut findings)?;
    Ok(findings.checked)
}

/// Where problems go.
struct Findings<'t> {
    path: PathBuf,
    checked: Checked,
    tell: &'t mut dyn FnMut(Problem),
}

impl Findings<'_> {
    fn error(&mut self, line: Option<u64>, class: Class, reason: impl Into<String>) {
        self.checked.errors += 1;
        self.add(line, class, false, reason.into());
    }

    fn warning(&mut self, line: Option<u64>, class: Class, reason: impl Into<String>) {
        self.checked.warnings += 1;
        self.add(line, class, true, reason.into());
    }

    fn add(&mut self, line: Option<u64>, class: Class, is_warning: bool, reason: String) {
        (self.tell)(Problem { path: self.path.clone(), line, class, is_warning, reason });
    }
}

fn check_rows(source: impl Read, mut sequel: Sequel, findings: &mut Findings) -> Result<(), Error> {
    let mut rows = Rows::new(source, 0, LONGEST_ROW).shortening();
    let path = findings.path.clone();
    let read = |error: io::Error| Error::io("read", &path)(error);
    while let Some(row) = rows.advance().map_err(read)? {
        check_row(&row, &mut sequel, findings);
    }
    findings.checked.bytes += rows.offset();
    sequel.finish(findings);
    if findings.checked.legacy_rows > 0 {
        let count = findings.checked.legacy_rows;
        let rows = counted(count, "row is", "rows are");
        findings.warning(None, Class::Legacy, format!("{rows} of the form without `schema_version`"));
    }
    Ok(())
}

fn check_row(row: &Row, sequel: &mut Sequel, findings: &mut Findings) {
    let line = Some(row.number);
    if !row.is_ended {
        return findings.error(line, Class::TornTail, "the last row has no newline: it was not written to its end");
    }
    if row.is_blank() {
        return findings.error(line, Class::Row, "it is blank");
    }
    let fields = match Fields::of(row.bytes) {
        Ok(fields) => fields,
        Err(error) if error.is_torn => {
            return findings.error(line, Class::TornRow, format!("it breaks off: {}", error.reason));
        }
        Err(error) => return findings.error(line, Class::Row, error.reason),
    };
    let problem = match fields.get(Field::SchemaVersion) {
        Some(_) => {
            findings.checked.rows += 1;
            schema::problem(&fields)
        }
        None => {
            findings.checked.legacy_rows += 1;
            let untyped = || fields.text(Field::Type).is_none().then(|| "it has no type".to_owned());
            schema::unreadable(&fields).or_else(untyped)
        }
    };
    if let Some(problem) = problem {
        return findings.error(line, Class::Row, problem);
    }
    if let Some(problem) = schema::contradiction(&fields) {
        findings.error(line, Class::Contradiction, problem);
    }
    sequel.follow(row.number, &fields, findings);
}
