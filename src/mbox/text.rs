//! A commit message as the readable text of a mail: as it is where git would read it back exactly, else defused, so that
//! plain `git am` cannot trip over it, cut it, split it, nor take an author from it.

use bstr::{BStr, BString, ByteSlice};

use super::Kind;
use super::mailinfo::{Line, clean_subject, clean_text, kind_of, one_blank};

/// A message for people.
pub(super) struct Readable {
    /// One line, not yet encoded for the header.
    pub(super) subject: String,
    /// The rest; every line ends with a newline.
    pub(super) body: String,
    /// Whether the mail gives the exact message back.
    pub(super) exact: bool,
}

/// The text that stands for an index or work-tree entry without a message.
pub(super) fn default_message(kind: Kind) -> &'static str {
    match kind {
        Kind::Commit => "",
        Kind::Index => {
            "Staged changes\n\nWhat was staged in the sandbox but not committed: its index, compared with its last commit.\n"
        }
        Kind::Worktree => {
            "Uncommitted changes\n\nWhat was neither committed nor staged in the sandbox, untracked files included: its work tree,\n\
             compared with its index.\n"
        }
    }
}

/// Makes a message readable.
pub(super) fn readable(kind: Kind, message: &BStr) -> Readable {
    let default = default_message(kind);
    let text = if message.is_empty() { default.into() } else { message };
    match text.to_str().ok().and_then(plain) {
        Some((subject, body)) => {
            let exact = kind == Kind::Commit || message != default;
            Readable { subject: subject.to_owned(), body: body.to_owned(), exact }
        }
        None => defused(text),
    }
}

/// Subject and body of a message that a mail does not change.
fn plain(message: &str) -> Option<(&str, &str)> {
    let (subject, rest) = message.split_once('\n')?;
    let bytes = message.as_bytes().as_bstr();
    let body = if rest.is_empty() { "" } else { rest.strip_prefix('\n')? };
    let is_plain = !subject.is_empty()
        && !message.contains(|c: char| c.is_control() && c != '\n' && c != '\t')
        && clean_text(bytes) == bytes
        && one_blank(clean_subject(subject.into()).as_ref()) == subject
        && !body.lines().enumerate().any(|(number, line)| is_hostile(line, number == 0));
    is_plain.then_some((subject, body))
}

/// Whether a line of a body means something to git, or to mail software.
fn is_hostile(line: &str, first: bool) -> bool {
    let lower = line.trim_start().to_ascii_lowercase();
    let opens = |starts: &[&str]| starts.iter().any(|start| lower.starts_with(start));
    kind_of(line.into()) != Line::Text
        || line.starts_with("From ")
        || line.starts_with(">From")
        || SCISSORS.iter().any(|scissors| line.contains(scissors))
        || first && opens(&["from:", "subject:", "date:", "[patch]"])
}

/// What `git am --scissors` cuts at.
const SCISSORS: [&str; 4] = ["8<", ">8", "%<", ">%"];

fn defused(message: &BStr) -> Readable {
    let text = message.to_str_lossy().replace("\r\n", "\n");
    let text: String =
        text.chars().map(|c| if c.is_control() && c != '\n' && c != '\t' { '\u{fffd}' } else { c }).collect();
    let cleaned = clean_text(text.as_str().into());
    let cleaned = cleaned.to_str_lossy();
    let (subject, rest) = cleaned.split_once('\n').unwrap_or((&cleaned, ""));
    let mut subject = one_blank(subject.into()).to_str_lossy().trim().to_owned();
    if subject.is_empty() {
        "(no message)".clone_into(&mut subject);
    } else if clean_subject(subject.as_str().into()).is_empty() {
        subject.insert_str(0, "| ");
    }
    // Any line of the defused body may come first, if the lines before it get lost on the way.
    let lines = rest.lines().map(|line| if is_hostile(line, true) { defused_line(line) } else { line.to_owned() });
    let body: String = lines.skip_while(String::is_empty).map(|line| line + "\n").collect();
    Readable { subject, body, exact: false }
}

fn defused_line(line: &str) -> String {
    let mut line = format!("| {line}");
    for scissors in SCISSORS {
        let (one, other) = scissors.split_at(1);
        line = line.replace(scissors, &format!("{one} {other}"));
    }
    line
}

/// The subject as a header's value: folded at its blanks, or as encoded words where it is not plain ASCII.
pub(super) fn subject_value(prefix: &str, subject: &str) -> String {
    const LONGEST_WORD: usize = 900;
    let is_plain = subject.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && !subject.contains("=?")
        && subject.split(' ').all(|word| word.len() < LONGEST_WORD);
    if !is_plain {
        return format!("{prefix} {}", super::header::encode_words(subject));
    }
    let mut value = prefix.to_owned();
    let mut column = "Subject: ".len() + prefix.len();
    for word in subject.split(' ') {
        if column + 1 + word.len() > 76 && !word.is_empty() {
            value.push('\n');
            column = 0;
        }
        value.push(' ');
        value.push_str(word);
        column += 1 + word.len();
    }
    value
}

/// The message that a mail of ours carries when it needs no exact header.
pub(super) fn undo_default(kind: Kind, message: BString) -> BString {
    if kind != Kind::Commit && message == default_message(kind) { BString::default() } else { message }
}
