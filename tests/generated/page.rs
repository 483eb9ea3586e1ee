//! Man pages: clap's definitions and the manual's Markdown, as roff.

use clap::{Arg, Command};
use clap_mangen::Man;
use git_glue::cli::manual;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::completions::is_optional;

/// The month of the last change worth a reader's attention.
const DATE: &str = "2026-11-21";

/// Sections that come last, in this order; of those in [`manual::SHARED`] every page has its share.
const LAST: [&str; 6] = ["EXAMPLES", "EXIT STATUS", "CONFIGURATION", "ENVIRONMENT", "FILES", "SEE ALSO"];

/// The page of a program, in section 1.
pub(super) fn program(command: &Command) -> String {
    let text = manual::page(command.get_name());
    let mut page = title(command.clone(), "1");
    page += &format!(".SH NAME\n{} \\- {}\n", escaped(command.get_name()), plain(command.get_about()));
    page += &synopsis(text);
    let about = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    // The first paragraph is the name section's line, unless it is all there is.
    page += &section("DESCRIPTION", &roff(about.split_once("\n\n").map_or(about.as_str(), |(_, rest)| rest)));
    page += &commands(command);
    page += &options(command);
    let own: Vec<_> = manual::sections(text).filter(|(title, _)| *title != "SYNOPSIS").collect();
    for (title, text) in own.iter().filter(|(title, _)| !LAST.contains(title)) {
        page += &section(title, &roff(text));
    }
    for title in LAST {
        let shared = manual::sections(manual::SHARED).filter(|(shared, _)| *shared == title);
        let shared = shared.map(|(_, text)| roff(&manual::shared_section(command.get_name(), title, text)));
        let own = own.iter().filter(|(own, _)| *own == title).map(|(_, text)| roff(text));
        let parts: String = own.chain(shared).collect();
        if !parts.is_empty() {
            page += &section(title, &parts);
        }
    }
    folded(&page)
}

/// git-glue(7).
pub(super) fn overview() -> String {
    let text = manual::OVERVIEW;
    let (name, about) = text.lines().next().unwrap().trim_start_matches("# ").split_once(" - ").unwrap();
    let mut page = title(Command::new("git-glue").version(env!("CARGO_PKG_VERSION")), "7");
    page += &format!(".SH NAME\n{} \\- {}\n", escaped(name), escaped(about));
    page += &synopsis(text);
    for (title, text) in manual::sections(text).filter(|(title, _)| *title != "SYNOPSIS") {
        let list = if title == "PROGRAMS" { programs() } else { String::new() };
        page += &section(title, &(list + &roff(text)));
    }
    folded(&page)
}

/// One line for each program.
fn programs() -> String {
    let line = |program: &Command| {
        let name = program.get_bin_name().unwrap_or(program.get_name());
        format!(".TP\n\\fB{}\\fR\n{}.\n", escaped(name), plain(program.get_about()))
    };
    git_glue::cli::programs().iter().map(line).collect()
}

/// The head of the page. Nothing is hyphenated, nor spread over the line: what is copied from a page must be right.
fn title(command: Command, section: &str) -> String {
    let mut title = Vec::new();
    let name = command.get_name().to_owned();
    let source = concat!("git-glue ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command).title(name.to_uppercase()).section(section).date(DATE).source(source);
    man.manual("git-glue manual").render_title(&mut title).unwrap();
    let origin = ".\\\" Generated from the program's definition: GLUE_REGENERATE=1 cargo test --test main generated";
    format!("{origin}\n{}.nh\n.ad l\n.ss 12 0\n", String::from_utf8(title).unwrap())
}

/// The forms of the command, one a line: its name bold, what stands for something else in italics.
fn synopsis(text: &str) -> String {
    let (_, forms) = manual::sections(text).find(|(title, _)| *title == "SYNOPSIS").unwrap();
    let forms = forms.lines().map(|form| {
        let words: Vec<_> = form.split_whitespace().collect();
        // `git glue-x`, or a program with the command below it.
        let is_name = |word: &&str| !word.starts_with(['-', '<', '[']);
        let length = if words[0] == "git" { 2 } else { words.iter().take_while(|word| is_name(word)).count() };
        let (name, rest) = words.split_at(length);
        let rest: String = rest.iter().map(|word| format!(" {}", placeholders(word))).collect();
        format!("\\fB{}\\fR{rest}\n", escaped(&name.join(" ")))
    });
    section("SYNOPSIS", &forms.collect::<Vec<_>>().join(".br\n"))
}

/// What a program with commands can do: one part for each, those below it following.
fn commands(command: &Command) -> String {
    let mut command = command.clone();
    command.build();
    if !command.has_subcommands() {
        return String::new();
    }
    section("COMMANDS", &parts(&command, command.get_name()))
}

/// The parts of the commands below `command`, each under the words that it is called by.
fn parts(command: &Command, called: &str) -> String {
    let part = |command: &Command| {
        let called = format!("{called} {}", command.get_name());
        let about = command.get_long_about().or(command.get_about()).map(ToString::to_string).unwrap_or_default();
        let text = roff(&sentences(&about));
        let (own, _) = arguments(command);
        let options: String = own.into_iter().map(option).collect();
        format!(".SS {}\n{}{options}{}", escaped(&called), unspaced(&text), parts(command, &called))
    };
    command.get_subcommands().filter(|command| !command.is_hide_set()).map(part).collect()
}

fn options(command: &Command) -> String {
    let mut command = command.clone();
    command.build();
    let (own, common) = arguments(&command);
    let heading = if own.is_empty() { String::new() } else { format!(".SS {}\n", manual::COMMON_OPTIONS) };
    let text: String = own.into_iter().map(option).collect();
    section("OPTIONS", &(text + &heading + &common.into_iter().map(option).collect::<String>()))
}

/// The arguments of a command, positional ones first, and apart from them the options that every program has.
fn arguments(command: &Command) -> (Vec<&Arg>, Vec<&Arg>) {
    let (common, own): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(|arg| !arg.is_hide_set())
        .partition(|arg| arg.get_help_heading() == Some(manual::COMMON_OPTIONS));
    let (positional, own): (Vec<&Arg>, Vec<&Arg>) = own.into_iter().partition(|arg| arg.is_positional());
    (positional.into_iter().chain(own).collect(), common)
}

fn option(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("\\fB{}\\fR", escaped(&format!("-{short}"))));
    let long = arg.get_long().map(|long| format!("\\fB{}\\fR", escaped(&format!("--{long}"))));
    let names: Vec<_> = short.into_iter().chain(long).collect();
    let mut head = names.join(", ");
    if arg.is_positional() || arg.get_action().takes_values() {
        let values =
            arg.get_value_names().unwrap_or_default().iter().map(|name| format!("\\fI<{}>\\fR", escaped(name)));
        let values = values.collect::<Vec<_>>().join(" ");
        let values = if is_optional(arg) { format!("[={values}]") } else { values };
        let gap = if head.is_empty() || is_optional(arg) { "" } else { " " };
        let more = if arg.get_num_args().is_some_and(|number| number.max_values() > 1) { "..." } else { "" };
        head += &format!("{gap}{values}{more}");
    }
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = format!(".TP\n{head}\n{}", item(&sentences(&help)));
    let values: Vec<_> = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set()).collect();
    if arg.get_action().takes_values() && !values.is_empty() && !arg.is_hide_possible_values_set() {
        text += ".RS\n";
        for value in values {
            text += &format!(".TP\n\\fB{}\\fR\n{}\n", escaped(value.get_name()), plain(value.get_help()));
        }
        text += ".RE\n";
    }
    let default: Vec<_> = arg.get_default_values().iter().map(|value| value.to_string_lossy()).collect();
    if arg.get_action().takes_values() && !default.is_empty() && !arg.is_hide_default_value_set() {
        let default = default.join(" ");
        let default = match &*default {
            "." => "the current directory".to_owned(),
            value => format!("\\fB{}\\fR", escaped(value)),
        };
        text += &format!(".IP\nThe default is {default}.\n");
    }
    text
}

/// Help texts are written without a full stop after their first line; in a page they are paragraphs.
fn sentences(help: &str) -> String {
    let paragraphs = help.split("\n\n").map(|paragraph| {
        let paragraph = paragraph.trim_end();
        if paragraph.ends_with(['.', ':', '?']) { paragraph.to_owned() } else { format!("{paragraph}.") }
    });
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn section(title: &str, text: &str) -> String {
    format!(".SH {}\n{}", escaped(title), unspaced(text))
}

/// Below a heading, the first paragraph has no request of its own.
fn unspaced(text: &str) -> &str {
    text.strip_prefix(".PP\n").unwrap_or(text)
}

/// One line of clap's, without Markdown's marks.
fn plain(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    roff(&text).trim_start_matches(".PP\n").trim_end().to_owned()
}

/// Markdown below a `.TP`: its paragraphs stay indented.
fn item(text: &str) -> String {
    let text = roff(text);
    text.strip_prefix(".PP\n").unwrap_or(&text).replace("\n.PP\n", "\n.IP\n")
}

/// Markdown as roff: paragraphs, code, lists of items and of definitions.
fn roff(text: &str) -> String {
    let mut page = Page::default();
    for event in Parser::new_ext(text, Options::ENABLE_DEFINITION_LIST) {
        page.add(event);
    }
    page.out
}

#[derive(Default)]
struct Page {
    out: String,
    in_code: bool,
    /// The next paragraph stands beside a mark or a term: it has no request of its own.
    beside: bool,
    in_item: bool,
}

impl Page {
    fn add(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(&tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) if self.in_code => self.out += &lines(&escaped(&text)),
            Event::Text(text) => self.inline(&references(&text)),
            Event::Code(code) => self.inline(&format!("\\fB{}\\fR", placeholders(&code).replace("\\fR", "\\fB"))),
            Event::InlineHtml(name) | Event::Html(name) => self.inline(&format!("\\fI{}\\fR", escaped(&name))),
            Event::SoftBreak | Event::HardBreak => self.out.push('\n'),
            other => panic!("the manual's Markdown has something that a page has no form for: {other:?}"),
        }
    }

    fn start(&mut self, tag: &Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock if std::mem::take(&mut self.beside) => {}
            Tag::Paragraph | Tag::HtmlBlock => self.out += if self.in_item { ".IP\n" } else { ".PP\n" },
            Tag::CodeBlock(CodeBlockKind::Indented | CodeBlockKind::Fenced(_)) => {
                self.in_code = true;
                self.out += ".PP\n.RS 4\n.nf\n";
            }
            Tag::Item => {
                self.out += ".IP \\(bu 2\n";
                (self.beside, self.in_item) = (true, true);
            }
            Tag::DefinitionListTitle => self.out += ".TP\n",
            Tag::DefinitionListDefinition => (self.beside, self.in_item) = (true, true),
            Tag::Emphasis => self.out += "\\fI",
            Tag::Strong => self.out += "\\fB",
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Emphasis | TagEnd::Strong => self.out += "\\fR",
            TagEnd::CodeBlock => {
                self.in_code = false;
                self.out += ".fi\n.RE\n";
            }
            TagEnd::Item | TagEnd::DefinitionListDefinition => {
                (self.beside, self.in_item) = (false, false);
                self.end_line();
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock | TagEnd::DefinitionListTitle => self.end_line(),
            _ => {}
        }
    }

    /// Text in a line: a dot or quote at its start would be a request.
    fn inline(&mut self, text: &str) {
        if self.out.ends_with('\n') && text.starts_with(['.', '\'']) {
            self.out += "\\&";
        }
        self.out += text;
    }

    fn end_line(&mut self) {
        if !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }
}

/// The page with its text in lines of at most 80 bytes, where a longer one would do the same.
fn folded(page: &str) -> String {
    const WIDTH: usize = 80;
    let (mut out, mut as_is, mut is_term) = (String::new(), false, false);
    for line in page.lines() {
        as_is = line == ".nf" || as_is && line != ".fi";
        if line.starts_with('.') || as_is || is_term {
            out += &format!("{line}\n");
            is_term = line == ".TP";
            continue;
        }
        let mut width = 0;
        for word in line.split(' ') {
            let is_first = width == 0;
            if !is_first && width + 1 + word.len() > WIDTH {
                let guard = if word.starts_with(['.', '\'']) { "\\&" } else { "" };
                out += &format!("\n{guard}{word}");
                width = guard.len() + word.len();
            } else {
                out += &format!("{}{word}", if is_first { "" } else { " " });
                width += usize::from(!is_first) + word.len();
            }
        }
        out.push('\n');
    }
    out
}

fn lines(code: &str) -> String {
    let line = |line: &str| if line.starts_with(['.', '\'']) { format!("\\&{line}\n") } else { format!("{line}\n") };
    code.lines().map(line).collect()
}

/// `git-am(1)` has its name in bold, as in every manual.
fn references(text: &str) -> String {
    let word = |word: &str| {
        let is_reference = word.find(['(']).is_some_and(|open| {
            let rest = word[open..].trim_end_matches(['.', ',', ';', ':']);
            matches!(rest, "(1)" | "(7)") && (word.starts_with("git") || word.starts_with("glue"))
        });
        match word.split_once('(') {
            Some((name, rest)) if is_reference => format!("\\fB{}\\fR({rest}", escaped(name)),
            _ => escaped(word),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// `<id>` in italics.
fn placeholders(text: &str) -> String {
    escaped(text).replace('<', "\\fI<").replace('>', ">\\fR")
}

/// Text without a meaning to roff; hyphens stay hyphens that can be copied.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}
