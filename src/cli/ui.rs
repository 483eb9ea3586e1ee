//! The one place that prints: results to standard output, talk to standard error, hostile text escaped on a terminal.

use std::io::{BufWriter, IsTerminal, Write};
use std::process::Child;

use bstr::ByteSlice;
use serde_json::json;

use super::{Common, Exit, Failure};
use crate::audit::{Layout, escape, hidden};

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless NO_COLOR or `color.ui` says otherwise
    Auto,
    /// Also in a pipe
    Always,
    /// Never
    Never,
}

/// The streams of one run.
pub struct Ui {
    out: BufWriter<Box<dyn Write>>,
    pager: Option<Child>,
    /// Results are one JSON object; see [`Ui::object`].
    pub json: bool,
    /// No talk on standard error but warnings and errors.
    pub quiet: bool,
    out_is_terminal: bool,
    is_escaped: bool,
    err_is_terminal: bool,
    out_color: bool,
    err_color: bool,
}

/// The colours of the talk, as ANSI SGR parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Something went well.
    Good,
    /// Something wants attention.
    Warn,
    /// Something went wrong.
    Bad,
    /// Of lesser importance.
    Dim,
    /// Of greater importance.
    Bold,
    /// Where a hunk of a diff begins.
    Hunk,
}

impl Ui {
    /// The streams as the options that every program has want them.
    pub fn new(common: &Common) -> Ui {
        let (out_is_terminal, err_is_terminal) = (std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let wanted = |terminal: bool| match common.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && color_by_default(),
        };
        Ui {
            out: BufWriter::new(Box::new(std::io::stdout())),
            pager: None,
            json: common.json,
            quiet: false,
            out_is_terminal,
            is_escaped: out_is_terminal,
            err_is_terminal,
            out_color: !common.json && wanted(out_is_terminal),
            err_color: wanted(err_is_terminal),
        }
    }

    /// Streams for an error that comes before there are options: JSON was asked for, nothing else is known.
    pub fn json_only() -> Ui {
        Ui::new(&Common { directory: None, json: true, color: ColorChoice::Never })
    }

    /// Whether results go to a terminal.
    pub fn out_is_terminal(&self) -> bool {
        self.out_is_terminal
    }

    /// Whether results are escaped, because people look at them.
    pub fn is_escaped(&self) -> bool {
        self.is_escaped
    }

    /// Whether results are coloured.
    pub fn is_colored(&self) -> bool {
        self.out_color
    }

    /// Results are escaped from now on, although they do not go to a terminal themselves.
    pub fn escape(&mut self) {
        self.is_escaped = true;
    }

    /// Results go to a pager from now on, which has a pipe for its standard input.
    pub fn page(&mut self, mut pager: Child) {
        if let Some(pipe) = pager.stdin.take() {
            let _ = self.out.flush();
            self.out = BufWriter::new(Box::new(pipe));
        }
        self.pager = Some(pager);
    }

    /// Nothing more is printed: waits until the pager is quit. What could not be printed is lost; see [`Ui::flush`].
    pub fn close(&mut self) {
        if let Some(mut pager) = self.pager.take() {
            let _ = self.out.flush();
            self.out = BufWriter::new(Box::new(std::io::stdout()));
            let _ = pager.wait();
        }
    }

    /// The width of the terminal that results go to, in characters; `None` in a pipe.
    pub fn columns(&self) -> Option<usize> {
        let columns = || -> Option<usize> {
            let set = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
            set.filter(|&columns| columns > 0).or_else(terminal_columns)
        };
        self.out_is_terminal.then(columns).flatten()
    }

    /// A line of the result: escaped on a terminal, as it is in a pipe.
    pub fn line(&mut self, line: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.raw(line)?;
        self.out.write_all(b"\n").map_err(Failure::output)
    }

    /// A part of the result, without a newline of its own: escaped on a terminal, as it is in a pipe.
    pub fn raw(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        let bytes = bytes.as_ref();
        if self.is_escaped {
            self.out.write_all(escape(bytes, Layout::Text).as_bytes()).map_err(Failure::output)
        } else {
            self.out.write_all(bytes).map_err(Failure::output)
        }
    }

    /// Where a result goes as it is, whoever looks at it: what makes it takes care of its own escaping.
    pub fn bytes(&mut self) -> &mut dyn Write {
        &mut self.out
    }

    /// A part of the result in a colour. The text is escaped as in [`Ui::raw`].
    pub fn styled(&mut self, style: Style, text: impl AsRef<[u8]>) -> Result<(), Failure> {
        let (start, end) = if self.out_color { (style.start(), RESET) } else { ("", "") };
        self.out.write_all(start.as_bytes()).map_err(Failure::output)?;
        self.raw(text)?;
        self.out.write_all(end.as_bytes()).map_err(Failure::output)
    }

    /// The result as JSON: one object with `schema_version` first, then the keys of `object`.
    pub fn object(&mut self, object: serde_json::Value) -> Result<(), Failure> {
        let mut whole = json!({ "schema_version": 1 });
        if let (Some(whole), serde_json::Value::Object(object)) = (whole.as_object_mut(), object) {
            whole.extend(object);
        }
        let text = serde_json::to_string(&whole).map_err(|error| Failure::output(error.into()))?;
        self.out.write_all(plain_json(&text).as_bytes()).map_err(Failure::output)?;
        self.out.write_all(b"\n").map_err(Failure::output)
    }

    /// Talk: what is going on. Not in JSON mode, nor when quiet.
    pub fn say(&mut self, text: impl AsRef<[u8]>) {
        if !self.quiet && !self.json {
            self.talk("", None, text.as_ref());
        }
    }

    /// A warning: something that the user must know.
    pub fn warn(&mut self, text: impl AsRef<[u8]>) {
        self.talk("warning: ", Some(Style::Warn), text.as_ref());
    }

    /// What to type next.
    pub fn hint(&mut self, text: impl AsRef<[u8]>) {
        if !self.json {
            self.talk("hint: ", Some(Style::Dim), text.as_ref());
        }
    }

    /// Tells of a failure, in the form that was asked for; the exit status it means.
    pub fn fail(&mut self, failure: &Failure) -> Exit {
        self.close();
        if failure.is_quiet() {
            return Exit::Done;
        }
        if self.json {
            let error = json!({
                "code": failure.exit as u8,
                "kind": failure.kind,
                "message": failure.message,
                "hint": failure.hint,
            });
            if self.object(json!({ "error": error })).is_ok() && self.flush().is_ok() {
                return failure.exit;
            }
        }
        let _ = self.out.flush();
        self.talk("error: ", Some(Style::Bad), failure.message.as_bytes());
        if let Some(hint) = &failure.hint {
            self.hint(hint);
        }
        failure.exit
    }

    /// Everything that was printed so far goes out.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::output)
    }

    /// Further lines of a message are set under its first.
    fn talk(&mut self, label: &str, style: Option<Style>, text: &[u8]) {
        // What was printed so far comes first, also where both streams are one terminal.
        let _ = self.out.flush();
        let text = if self.err_is_terminal { escape(text, Layout::Text) } else { text.to_str_lossy() };
        let (start, end) = match style {
            Some(style) if self.err_color => (style.start(), RESET),
            _ => ("", ""),
        };
        let mut message = String::new();
        for (number, line) in text.lines().enumerate() {
            let label = if number == 0 { format!("{start}{label}{end}") } else { " ".repeat(label.len()) };
            message += &format!("{label}{line}\n");
        }
        // Nobody is left to tell when standard error is closed.
        let _ = std::io::stderr().write_all(message.as_bytes());
    }
}

/// The same JSON with what serde_json leaves as it is, and a terminal would obey, in `\u` escapes: DEL, C1 controls,
/// bidirectional and invisible characters.
pub(super) fn plain_json(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for ch in text.chars() {
        match hidden(ch) {
            Some(_) => ch.encode_utf16(&mut [0; 2]).iter().for_each(|unit| plain += &format!("\\u{unit:04x}")),
            None => plain.push(ch),
        }
    }
    plain
}

const RESET: &str = "\x1b[m";

impl Style {
    fn start(self) -> &'static str {
        match self {
            Style::Good => "\x1b[32m",
            Style::Warn => "\x1b[33m",
            Style::Bad => "\x1b[31m",
            Style::Dim => "\x1b[2m",
            Style::Bold => "\x1b[1m",
            Style::Hunk => "\x1b[36m",
        }
    }
}

#[cfg(unix)]
fn terminal_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
    Some(usize::from(size.ws_col)).filter(|&columns| columns > 0)
}

#[cfg(not(unix))]
fn terminal_columns() -> Option<usize> {
    None
}

/// NO_COLOR and CLICOLOR as their pages describe them, then git's own `color.ui`.
fn color_by_default() -> bool {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    if set("NO_COLOR").is_some() || set("TERM").is_some_and(|term| term == "dumb") {
        return false;
    }
    let here = std::path::Path::new(".");
    let asked = crate::git::Command::new("config", here).args(["--get-colorbool", "color.ui", "true"]).line();
    asked.map_or(true, |answer| answer == "true")
}

#[cfg(test)]
mod tests {
    use super::plain_json;

    #[test]
    fn json_hides_nothing_and_stays_the_same_json() {
        let title = "a\u{202e}b\u{9b}2J\u{7f}\u{e0001}ü";
        let text = serde_json::to_string(title).expect("a string is JSON");
        let plain = plain_json(&text);
        assert_eq!(plain, "\"a\\u202eb\\u009b2J\\u007f\\udb40\\udc01ü\"");
        assert_eq!(serde_json::from_str::<String>(&plain).expect("still JSON"), title);
    }
}
