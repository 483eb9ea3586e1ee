//! The manual: what it says beyond the arguments, and where `--help` and the man pages get it from.
//!
//! Arguments and descriptions are the doc comments of each program's clap type. Synopsis, examples and what else a page
//! has is prose, one Markdown file for each program in `src/cli/manual/`; what is the same on every page is in
//! `shared.md`, the overview in `git-glue.md`. The pages in `man/` are written from these by the tests
//! (`tests/generated.rs`), so that the programs need not carry a renderer.

use clap::{Arg, ArgAction, Command};

/// The overview page, git-glue(7): concepts, formats, the table of programs.
pub const OVERVIEW: &str = include_str!("manual/git-glue.md");

/// The sections that every page has: exit status, environment, files.
pub const SHARED: &str = include_str!("manual/shared.md");

/// The exit statuses that a program can end with, of those in [`SHARED`].
pub fn exit_statuses(program: &str) -> &'static str {
    match program {
        "git-glue-apply" => "012345",
        "git-glue-capture" => "01245",
        "git-glue-list" | LOG | "git-glue-resume" | "git-glue-prune" | HANDOFF => "012",
        _ => "0124",
    }
}

/// The program that is not about captures, nor run through git.
const HANDOFF: &str = "glue-handoff";

/// The program that prints events rather than one object.
const LOG: &str = "git-glue-log";
const LOG_JSON: &str =
    "Print JSON on standard output instead of text: an object for each event; see JSON in the manual";

const PAGES: [(&str, &str); 12] = [
    ("git-glue-capture", include_str!("manual/git-glue-capture.md")),
    ("git-glue-apply", include_str!("manual/git-glue-apply.md")),
    ("git-glue-list", include_str!("manual/git-glue-list.md")),
    ("git-glue-show", include_str!("manual/git-glue-show.md")),
    ("git-glue-diff", include_str!("manual/git-glue-diff.md")),
    ("git-glue-export", include_str!("manual/git-glue-export.md")),
    ("git-glue-import", include_str!("manual/git-glue-import.md")),
    ("git-glue-prune", include_str!("manual/git-glue-prune.md")),
    (LOG, include_str!("manual/git-glue-log.md")),
    ("git-glue-resume", include_str!("manual/git-glue-resume.md")),
    ("git-glue-replay", include_str!("manual/git-glue-replay.md")),
    (HANDOFF, include_str!("manual/glue-handoff.md")),
];

/// The heading of the options that every program has.
pub const COMMON_OPTIONS: &str = "Common options";

/// A section of [`SHARED`] as far as it concerns a program.
pub fn shared_section(program: &str, title: &str, text: &str) -> String {
    if program == HANDOFF && title != "ENVIRONMENT" {
        return String::new();
    }
    if title != "EXIT STATUS" {
        return text.to_owned();
    }
    let wanted = |item: &&str| item.chars().nth(1).is_some_and(|status| exit_statuses(program).contains(status));
    text.split("\n\n").filter(wanted).collect::<Vec<_>>().join("\n\n")
}

/// The prose of a program's page, in Markdown; sections start with `## `. Empty for an unknown program.
pub fn page(program: &str) -> &'static str {
    PAGES.iter().find(|(name, _)| *name == program).map_or("", |(_, text)| text)
}

/// The sections of a page with their titles, in order; what comes before the first heading is left out.
pub fn sections(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n## ").skip(1).map(|section| {
        let (title, text) = section.split_once('\n').unwrap_or((section, ""));
        (title.trim(), text.trim_matches('\n'))
    })
}

/// A program's command line with everything around its arguments: the synopsis as git writes it, the common options
/// apart, examples and exit status below the long help.
pub fn complete(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let page = page(&name);
    let section = |wanted| sections(page).find(|(title, _)| *title == wanted).map(|(_, text)| text);
    let mut command = command.disable_help_flag(true).disable_version_flag(true).args(help_and_version());
    command = command.disable_help_subcommand(true).mut_args(|arg| match arg.get_id().as_str() {
        "json" if name == LOG => arg.help_heading(COMMON_OPTIONS).help(LOG_JSON).long_help(LOG_JSON),
        "directory" | "json" | "color" => arg.help_heading(COMMON_OPTIONS),
        _ => arg,
    });
    if let Some(synopsis) = section("SYNOPSIS") {
        let forms: Vec<_> = synopsis.lines().map(str::trim).collect();
        let called = command.get_bin_name().unwrap_or(&name).to_owned();
        command = with_usage(command, &called, &forms);
    }
    if let Some(examples) = section("EXAMPLES") {
        let table = if name == HANDOFF { &HANDOFF_EXIT_STATUS[..] } else { &EXIT_STATUS };
        let statuses: Vec<_> = table
            .iter()
            .filter(|(status, _)| exit_statuses(&name).contains(*status))
            .map(|(status, meaning)| format!("  {status}  {meaning}"))
            .collect();
        let header = *clap::builder::Styles::default().get_header();
        command = command.after_long_help(format!(
            "{header}Examples:{header:#}\n{}\n\n{header}Exit status:{header:#}\n{}",
            indented(examples),
            statuses.join("\n")
        ));
    }
    command
}

/// Gives a command the forms that begin with its name; one that has commands below it, a form that says so.
fn with_usage(command: Command, called: &str, forms: &[&str]) -> Command {
    if command.has_subcommands() {
        let below: Vec<_> = command.get_subcommands().map(|command| command.get_name().to_owned()).collect();
        let is_below = |form: &&str| below.iter().any(|name| form.starts_with(&format!("{called} {name}")));
        let own: Vec<_> = forms.iter().filter(|form| form.starts_with(called) && !is_below(form)).copied().collect();
        let own = if own.is_empty() { format!("{called} <command> [<options>]") } else { own.join("\n       ") };
        let command = command.override_usage(own);
        return below.into_iter().fold(command, |command, name| {
            command.mut_subcommand(&name, |below| with_usage(below, &format!("{called} {name}"), forms))
        });
    }
    let is_own = |form: &&&str| form.strip_prefix(called).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    let own: Vec<_> = forms.iter().filter(is_own).copied().collect();
    if own.is_empty() { command } else { command.override_usage(own.join("\n       ")) }
}

/// clap's own two, so that they stand with the other common options.
fn help_and_version() -> [Arg; 2] {
    let common = |id: &'static str, short, action| {
        Arg::new(id).long(id).short(short).action(action).help_heading(COMMON_OPTIONS).display_order(1000)
    };
    [
        common("help", 'h', ArgAction::Help).global(true).help("Print help: with -h in short, with --help in full"),
        common("version", 'V', ArgAction::Version).help("Print the version"),
    ]
}

/// The table of `shared.md`, for a help text.
const EXIT_STATUS: [(char, &str); 6] = [
    ('0', "done; also when there was nothing to do"),
    ('1', "refused or failed, nothing of yours was changed"),
    ('2', "bad usage"),
    ('3', "applied up to a conflict, which is yours to resolve"),
    ('4', "there is no capture"),
    ('5', "the capture is over its size cap"),
];

/// The same for the program that is not about captures.
const HANDOFF_EXIT_STATUS: [(char, &str); 3] = [
    ('0', "done; also when there was nothing to do"),
    ('1', "refused or failed, nothing of yours was changed; from validate: problems were found"),
    ('2', "bad usage, or a handoff that create does not take"),
];

fn indented(text: &str) -> String {
    let lines = text.lines().map(|line| if line.is_empty() { String::new() } else { format!("  {line}") });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_falls_into_sections() {
        let page = "# name\n\n## A B\n\ntext\n\nmore\n\n## C\n\n    code\n";
        let expected = [("A B", "text\n\nmore"), ("C", "    code")];
        assert_eq!(sections(page).collect::<Vec<_>>(), expected);
    }
}
