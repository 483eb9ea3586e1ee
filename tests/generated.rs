//! Man pages and completions are checked in, and are what the programs' definitions say.

mod completions;
mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Writes the files instead of comparing them.
const REGENERATE: &str = "GLUE_REGENERATE";

#[test]
fn what_is_checked_in_is_what_the_programs_say() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let expected = generated();
    if std::env::var_os(REGENERATE).is_some() {
        return write(root, &expected);
    }
    let mut stale: Vec<_> = expected
        .iter()
        .filter(|(path, content)| std::fs::read_to_string(root.join(path)).ok().as_ref() != Some(content))
        .map(|(path, _)| path.display().to_string())
        .collect();
    stale.extend(
        checked_in(root)
            .into_iter()
            .filter(|path| !expected.contains_key(path))
            .map(|path| format!("{} (of no program)", path.display())),
    );
    assert!(
        stale.is_empty(),
        "not what the programs' definitions say; refresh with\n\n    \
         {REGENERATE}=1 cargo test --test main generated\n\n{}",
        stale.join("\n")
    );
}

#[test]
fn every_program_has_its_binary_and_its_page() {
    let names: Vec<String> = git_glue::cli::programs().iter().map(|program| program.get_name().to_owned()).collect();
    let bins = Path::new(env!("CARGO_MANIFEST_DIR")).join("bins");
    let mut binaries: Vec<String> = std::fs::read_dir(bins)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    binaries.sort();
    let mut sorted = names.clone();
    sorted.sort();
    assert_eq!(sorted, binaries, "cli::programs() and bins/ name other programs");
    for name in names {
        let titles: Vec<_> = git_glue::cli::manual::sections(git_glue::cli::manual::page(&name)).collect();
        for wanted in ["SYNOPSIS", "EXAMPLES", "SEE ALSO"] {
            assert!(titles.iter().any(|(title, _)| *title == wanted), "{name}: no {wanted}");
        }
    }
}

#[test]
fn clap_finds_nothing_wrong_with_the_definitions() {
    for program in git_glue::cli::programs() {
        program.debug_assert();
    }
}

#[test]
fn values_are_named_as_git_names_them() {
    let mut commands = git_glue::cli::programs();
    while let Some(command) = commands.pop() {
        for arg in command.get_arguments().filter(|arg| arg.get_action().takes_values()) {
            for name in arg.get_value_names().unwrap_or_default() {
                assert!(!name.contains(|c: char| c.is_uppercase()), "{}: <{name}> in capitals", command.get_name());
            }
        }
        commands.extend(command.get_subcommands().cloned());
    }
}

#[test]
fn every_command_has_its_form() {
    for program in git_glue::cli::programs() {
        let page = git_glue::cli::manual::page(program.get_name());
        let (_, forms) = git_glue::cli::manual::sections(page).find(|(title, _)| *title == "SYNOPSIS").unwrap();
        let name = program.get_bin_name().unwrap_or(program.get_name()).to_owned();
        let mut commands = vec![(name.clone(), program.clone())];
        while let Some((called, command)) = commands.pop() {
            let below =
                command.get_subcommands().map(|below| (format!("{called} {}", below.get_name()), below.clone()));
            commands.extend(below);
            if called != name {
                let is_own = |form: &str| format!("{} ", form.trim()).starts_with(&format!("{called} "));
                assert!(forms.lines().any(is_own), "the synopsis lacks `{called}`");
            }
        }
    }
}

/// All generated files, by their path in the repository.
fn generated() -> BTreeMap<PathBuf, String> {
    let mut files = BTreeMap::new();
    for program in git_glue::cli::programs() {
        let name = program.get_name().to_owned();
        files.insert(format!("man/{name}.1").into(), page::program(&program));
        files.insert(format!("completions/bash/{name}").into(), completions::bash(&program));
        files.insert(format!("completions/zsh/_{name}").into(), completions::zsh(&program));
        files.insert(format!("completions/fish/{name}.fish").into(), completions::fish(&program));
    }
    files.insert("man/git-glue.7".into(), page::overview());
    let forwarding = completions::fish_forwarding(&git_glue::cli::programs());
    files.insert("completions/fish/conf.d/git-glue.fish".into(), forwarding);
    files
}

/// The files in the folders of generated ones.
fn checked_in(root: &Path) -> Vec<PathBuf> {
    let folders = ["man", "completions/bash", "completions/zsh", "completions/fish", "completions/fish/conf.d"];
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(root.join(folder)).ok()).flatten();
    let files = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    files.map(|path| path.strip_prefix(root).unwrap().to_owned()).collect()
}

fn write(root: &Path, files: &BTreeMap<PathBuf, String>) {
    for path in checked_in(root).into_iter().filter(|path| !files.contains_key(path)) {
        std::fs::remove_file(root.join(path)).unwrap();
    }
    for (path, content) in files {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }
}
