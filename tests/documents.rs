//! README and manual: every command of ours that they show exists and has those options, and what they say twice they say
//! alike.

use std::path::Path;

use git_glue::cli::{manual, programs};
use git_glue::handoff::skill::Agent;
use git_glue::replay::terminal::KEYS;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

const README: &str = include_str!("../README.md");

#[test]
fn commands_that_are_shown_exist() {
    let shown: Vec<_> = documents()
        .iter()
        .flat_map(|(name, text)| commands(text).into_iter().map(|command| (name.clone(), command)).collect::<Vec<_>>())
        .collect();
    assert!(shown.len() > 20, "only {} commands were found: is the search broken?", shown.len());
    for (document, words) in shown {
        let is_shown = |program: &clap::Command| program.get_name().trim_start_matches("git-") == words[0];
        let program = programs().into_iter().find(is_shown);
        let program = program.unwrap_or_else(|| panic!("{document}: there is no `{}`", words[0]));
        if let Err(error) = program.try_get_matches_from(&words) {
            panic!("{document}: `{}`: {error}", words.join(" "));
        }
    }
}

#[test]
fn the_first_screen_has_the_two_commands() {
    let screen: String = README.lines().take(25).collect::<Vec<_>>().join("\n");
    for command in ["cargo run --release --example round-trip", "cargo test"] {
        assert!(screen.contains(command), "README's first screen lacks `{command}`");
    }
}

#[test]
fn every_program_is_in_the_readme() {
    for program in programs() {
        let name = program.get_bin_name().unwrap_or(program.get_name()).to_owned();
        assert!(README.contains(&format!("| `{name}")), "README's table lacks `{name}`");
    }
}

#[test]
fn the_keys_of_the_player_are_in_its_page() {
    let page = manual::page("git-glue-replay");
    for (keys, what) in KEYS {
        let (first, rest) = what.split_at(1);
        let entry = format!("`{keys}`\n:   {}{rest}.\n", first.to_uppercase());
        assert!(page.contains(&entry), "the manual page lacks `{entry}`");
    }
}

#[test]
fn files_that_the_readme_links_exist() {
    for event in Parser::new(README) {
        if let Event::Start(Tag::Link { dest_url, .. }) = event
            && !dest_url.contains("://")
            && !dest_url.starts_with('#')
        {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&*dest_url);
            assert!(path.exists(), "README.md links {dest_url}, which is not there");
        }
    }
}

fn documents() -> Vec<(String, String)> {
    let pages = programs().into_iter().map(|program| {
        let name = program.get_name().to_owned();
        let text = manual::page(&name).to_owned();
        // Forms of commands are no commands: what stands in them for something else is none of the values.
        let text = if program.has_subcommands() { without_synopsis(&text) } else { text };
        (format!("{name}.md"), text)
    });
    let others = [("README.md", README), ("git-glue.md", manual::OVERVIEW), ("SKILL.md", Agent::Claude.skill())];
    pages.chain(others.map(|(name, text)| (name.to_owned(), text.to_owned()))).collect()
}

fn without_synopsis(page: &str) -> String {
    let sections = manual::sections(page).filter(|(title, _)| *title != "SYNOPSIS");
    sections.map(|(title, text)| format!("## {title}\n\n{text}\n\n")).collect()
}

/// `git glue-apply --check latest`, or `glue-handoff status`, wherever a code block shows it, as the words from `glue-apply` on.
fn commands(text: &str) -> Vec<Vec<String>> {
    let code = code_blocks(text).join("\n").replace("\\\n", " ");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("glue-") {
        let before = code[..at].lines().last().unwrap_or_default();
        let rest = code[at..].lines().next().unwrap_or_default();
        let is_alone = rest.starts_with("glue-handoff") && before.trim().is_empty();
        let is_call = is_alone
            || before
                .split('|')
                .next_back()
                .is_some_and(|command| command.split_whitespace().any(|word| word == "git") && !command.contains('#'));
        let command = rest.split(['|', '#', '&', ';']).next().unwrap_or_default();
        let command = command.split_once(" > ").map_or(command, |(command, _)| command);
        if is_call && !command.contains("[<options>]") {
            found.push(words(command));
        }
    }
    found
}

/// Splits as a shell would, as far as the documents need it.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in command.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            // `<the id that it prints>` stands for one word.
            (None, '<') => quote = Some('>'),
            (Some(open), close) if open == close => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// The code blocks that hold shell commands: those without a language, and those of a shell.
fn code_blocks(text: &str) -> Vec<String> {
    let (mut blocks, mut current) = (Vec::new(), None);
    for event in Parser::new_ext(text, Options::ENABLE_DEFINITION_LIST) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => current = Some(String::new()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                current = ["sh", "console", "yaml", ""].contains(&&*language).then(String::new);
            }
            Event::Text(text) => {
                if let Some(block) = current.as_mut() {
                    *block += &text;
                }
            }
            Event::End(TagEnd::CodeBlock) => blocks.extend(current.take()),
            _ => {}
        }
    }
    blocks
}
