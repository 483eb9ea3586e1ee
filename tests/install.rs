//! `make install` into a directory of its own: git finds the programs and their pages, the shells find the completions.
//! What a machine does not have, such as fish, is said and skipped.

use std::path::{Path, PathBuf};
use std::process::Command;

use bstr::{BString, ByteSlice};

use crate::sandbox::Sandbox;

const PREFIX: &str = "/usr/local";
const GIT_COMPLETION: &str = "/usr/share/bash-completion/completions/git";
const BASH_COMPLETION: &str = "/usr/share/bash-completion/bash_completion";

#[test]
fn everything_is_put_in_its_place_and_taken_away_again() {
    let Some(home) = Installed::new() else { return };
    let mut files = files_below(&home.stage);
    files.sort();
    for program in git_glue::cli::programs() {
        let name = program.get_name();
        let expected = [
            format!("bin/{name}"),
            format!("share/man/man1/{name}.1"),
            format!("share/bash-completion/completions/{name}"),
            format!("share/zsh/site-functions/_{name}"),
            format!("share/fish/vendor_completions.d/{name}.fish"),
        ];
        for path in expected {
            let path = home.prefix().join(path);
            assert!(files.contains(&path), "{} is missing", path.display());
        }
    }
    assert!(files.contains(&home.prefix().join("share/man/man7/git-glue.7")));
    home.make("uninstall");
    assert_eq!(files_below(&home.stage), Vec::<PathBuf>::new(), "left behind");
}

#[test]
fn git_finds_the_programs() {
    let Some(home) = Installed::new() else { return };
    for program in git_glue::cli::programs() {
        let Some(name) = program.get_name().strip_prefix("git-") else { continue };
        let help = home.run("git", &[name, "-h"]);
        assert!(help.contains_str(format!("Usage: git {name}")), "{help}");
        assert!(home.run("git", &["help", "-a"]).contains_str(name), "git help -a does not list {name}");
    }
}

#[test]
fn a_program_of_its_own_is_found_without_git() {
    let Some(home) = Installed::new() else { return };
    assert!(home.run("glue-handoff", &["-h"]).contains_str("Usage: glue-handoff"));
    if is_here("man") {
        let page = home.run("man", &["glue-handoff"]);
        assert!(page.contains_str("glue-handoff skill install") && page.contains_str("EXIT STATUS"), "{page}");
    }
}

#[test]
fn git_help_opens_the_pages() {
    let Some(home) = Installed::new() else { return };
    if !is_here("man") {
        return;
    }
    for program in git_glue::cli::programs() {
        let name = program.get_name();
        let Some(command) = name.strip_prefix("git-") else { continue };
        let page = home.run("git", &["help", command]);
        assert!(page.contains_str(format!("{name} - ")), "{page}");
        assert!(page.contains_str("EXIT STATUS"), "{page}");
    }
    assert!(home.run("git", &["help", "git-glue"]).contains_str("git-glue - "));
}

#[test]
fn the_pages_are_without_fault() {
    if !is_here("mandoc") {
        return;
    }
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    for page in files_below(&pages) {
        let output = Command::new("mandoc").arg("-Tlint").arg(&page).output().unwrap();
        assert!(output.status.success(), "{}", output.stdout.as_bstr());
    }
}

#[test]
fn bash_completes_both_forms() {
    let Some(home) = Installed::new() else { return };
    if !is_here("bash") || !is_file_here(GIT_COMPLETION) || !is_file_here(BASH_COMPLETION) {
        return;
    }
    home.sandbox.at("empty").git(&["init", "-q", "-b", "main"]);
    home.sandbox.at("empty").commit("begin");
    let refs: [(&str, &[&str]); 2] = [("git glue-apply --onto m", &["main"]), ("git-glue-capture --base m", &["main"])];
    for (line, expected) in COMPLETED.into_iter().chain(refs) {
        let script = format!(
            r#"
            . {BASH_COMPLETION}
            _completion_loader git
            COMP_LINE={line:?}
            COMP_WORDS=($COMP_LINE)
            _completion_loader "${{COMP_WORDS[0]}}"
            [[ "$COMP_LINE" == *" " ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
            COMP_POINT=${{#COMP_LINE}}
            function=$(complete -p "${{COMP_WORDS[0]}}" | sed 's/.*-F \([^ ]*\).*/\1/')
            "$function" "${{COMP_WORDS[0]}}" "${{COMP_WORDS[COMP_CWORD]}}" "${{COMP_WORDS[COMP_CWORD-1]}}"
            printf '%s\n' "${{COMPREPLY[@]% }}"
            "#
        );
        let output = home.run("bash", &["--norc", "-c", &script]);
        assert_eq!(output.lines().map(|word| word.to_str_lossy()).collect::<Vec<_>>(), expected, "{line}");
    }
}

#[test]
fn zsh_completes_both_forms() {
    let Some(home) = Installed::new() else { return };
    if !is_here("zsh") {
        return;
    }
    for (line, expected) in COMPLETED {
        // A terminal of zsh's own; compadd, through which every completion goes, tells what it is given.
        let script = format!(
            r#"
            zmodload zsh/zpty
            zpty terminal zsh -f -i
            zpty -w terminal '
                PS1=
                fpath=({}/share/zsh/site-functions $fpath)
                autoload -Uz compinit; compinit -u -d $HOME/zcompdump
                compadd () {{
                    local -a found
                    builtin compadd -O found "$@"
                    print -lr -- ${{found/#/FOUND:}} >> $HOME/found
                    builtin compadd "$@"
                }}
                done-completing () {{ : > $HOME/done }}
                zle -N done-completing
                bindkey "^X^D" done-completing
                : > $HOME/ready'
            until [[ -e $HOME/ready ]]; do zpty -r -t terminal x; sleep 0.1; done
            zpty -w -n terminal {line:?}$'\t\C-x\C-d'
            for i in {{1..100}}; do [[ -e $HOME/done ]] && break; zpty -r -t terminal x; sleep 0.1; done
            cat $HOME/found; rm -f $HOME/found $HOME/ready $HOME/done
            "#,
            home.prefix().display()
        );
        let output = home.run("zsh", &["-f", "-c", &script]);
        let found: Vec<_> = output.lines().filter_map(|line| line.strip_prefix(b"FOUND:")).collect();
        for word in expected {
            assert!(found.contains(&word.as_bytes()), "{line}: no {word}\n{output}");
        }
    }
}

#[test]
fn fish_completes_both_forms() {
    let Some(home) = Installed::new() else { return };
    if !is_here("fish") {
        return;
    }
    for (line, expected) in COMPLETED {
        let output = home.run("fish", &["-c", &format!("complete -C {line:?}")]);
        let found: Vec<_> = output.lines().filter_map(|line| line.split_str("\t").next()).collect();
        for word in expected {
            assert!(found.contains(&word.as_bytes()), "{line}: no {word}\n{output}");
        }
    }
}

/// The sessions of the user's store, newest first.
const SESSIONS: [&str; 2] = ["1786480000123-4242-1k9zq3f", "1772331272529-72"];

/// Command lines, and what TAB offers there.
const COMPLETED: [(&str, &[&str]); 17] = [
    ("git glue-apply ", &["latest", SESSIONS[0], SESSIONS[1]]),
    ("git-glue-apply ", &["latest", SESSIONS[0], SESSIONS[1]]),
    ("git glue-show 1786", &[SESSIONS[0]]),
    ("git-glue-show 1786", &[SESSIONS[0]]),
    ("git glue-apply --in", &["--in-place"]),
    ("git-glue-apply --in", &["--in-place"]),
    ("git glue-apply --color ", &["auto", "always", "never"]),
    ("git-glue-apply --color ", &["auto", "always", "never"]),
    ("git glue-log ", &["append", "validate", "latest", SESSIONS[0], SESSIONS[1]]),
    ("git-glue-log -f 1786", &[SESSIONS[0]]),
    ("git glue-log val", &["validate"]),
    ("git glue-log validate --a", &["--all"]),
    ("git glue-log validate 1786", &[SESSIONS[0]]),
    ("glue-handoff sk", &["skill"]),
    ("glue-handoff skill install ", &["codex", "claude"]),
    ("glue-handoff draft --from-session ", &["latest", SESSIONS[0], SESSIONS[1]]),
    ("glue-handoff skill install codex --scope ", &["repo", "user"]),
];

/// The programs, pages and completions below a directory, as a package would have them.
struct Installed {
    sandbox: Sandbox,
    stage: PathBuf,
}

impl Installed {
    fn new() -> Option<Installed> {
        if !is_here("make") {
            return None;
        }
        let sandbox = Sandbox::new();
        let stage = sandbox.root().join("stage");
        for id in SESSIONS {
            let meta = format!(r#"{{"schema_version":3,"id":"{id}","start_time":"2026-08-11T00:00:00Z"}}"#);
            sandbox.at("home").write(format!(".glue/sessions/{id}/meta.json"), meta);
        }
        let installed = Installed { sandbox, stage };
        installed.make("install");
        Some(installed)
    }

    fn prefix(&self) -> PathBuf {
        self.stage.join(PREFIX.trim_start_matches('/'))
    }

    fn make(&self, goal: &str) {
        let built = Path::new(env!("CARGO_BIN_EXE_git-glue-apply")).parent().unwrap();
        let output = Command::new("make")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("MAKEFLAGS")
            .args(["-s", goal])
            .arg(format!("DESTDIR={}", self.stage.display()))
            .arg(format!("PREFIX={PREFIX}"))
            .arg(format!("BINDIR_FROM={}", built.display()))
            .output()
            .unwrap();
        assert!(output.status.success(), "make {goal}: {}", output.stderr.as_bstr());
    }

    /// Runs a program as a user of the installation, in a directory without files.
    fn run(&self, program: &str, args: &[&str]) -> BString {
        let prefix = self.prefix();
        let path = std::env::join_paths([
            prefix.join("bin"),
            self.sandbox.root().join("bin"),
            "/usr/bin".into(),
            "/bin".into(),
        ]);
        let output = self
            .sandbox
            .at("empty")
            .command(program)
            .args(args)
            .env("PATH", path.unwrap())
            .env("MANPATH", prefix.join("share/man"))
            .env("MANPAGER", "cat")
            .env("MANWIDTH", "100")
            .env("BASH_COMPLETION_USER_DIR", prefix.join("share/bash-completion"))
            .env("XDG_DATA_DIRS", format!("{}:/usr/share", prefix.join("share").display()))
            .env("TERM", "dumb")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{program} {args:?}: {}\n{}\n{}",
            output.status,
            output.stdout.as_bstr(),
            output.stderr.as_bstr()
        );
        output.stdout.into()
    }
}

/// Whether the machine has a program; says so when it has not.
fn is_here(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    found || skipped(program)
}

fn is_file_here(path: &str) -> bool {
    Path::new(path).is_file() || skipped(path)
}

#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(what: &str) -> bool {
    eprintln!("skipped: this machine has no {what}");
    false
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let (mut directories, mut files) = (vec![directory.to_owned()], Vec::new());
    while let Some(directory) = directories.pop() {
        for entry in std::fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let is_dir = path.is_dir();
            if is_dir { &mut directories } else { &mut files }.push(path);
        }
    }
    files
}
