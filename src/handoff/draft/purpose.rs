//! What a command is run for: whether it says something of the work.

/// What a command is run for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To see whether the work is right.
    Check,
    /// To see what is there.
    Look,
    /// To do something.
    Deed,
}

impl Purpose {
    /// What a command is run for, guessed by its words.
    pub(super) fn of(command: &str) -> Purpose {
        let mut purpose = Purpose::Look;
        // What is typed into a command by `<<` is not run.
        let typed = command.find("<<").unwrap_or(command.len());
        for part in command[..typed].split(['\n', ';', '|', '&']) {
            let mut words = part.split_whitespace();
            let Some(first) = words.next().map(|word| word.rsplit('/').next().unwrap_or(word)) else { continue };
            // `2>&1` was taken apart.
            let is_number = first.bytes().all(|byte| byte.is_ascii_digit());
            if is_number || LOOKS.contains(&first) || is_git_look(part) {
                continue;
            }
            let subjects = words.take(MOST_WORDS).flat_map(|word| word.split(':'));
            if !DEEDS.contains(&first) && std::iter::once(first).chain(subjects).any(|word| CHECKS.contains(&word)) {
                return Purpose::Check;
            }
            purpose = Purpose::Deed;
        }
        purpose
    }
}

/// Words of which a check has one.
const CHECKS: [&str; 40] = [
    "test",
    "tests",
    "pytest",
    "unittest",
    "jest",
    "vitest",
    "mocha",
    "ava",
    "tox",
    "nox",
    "nextest",
    "rspec",
    "phpunit",
    "ctest",
    "lint",
    "clippy",
    "eslint",
    "ruff",
    "mypy",
    "pyright",
    "flake8",
    "pylint",
    "rubocop",
    "golangci-lint",
    "shellcheck",
    "tsc",
    "typecheck",
    "vet",
    "check",
    "fmt",
    "build",
    "make",
    "cmake",
    "ninja",
    "gradlew",
    "gradle",
    "mvn",
    "compile",
    "verify",
    "bazel",
];

/// Programs that only show.
const LOOKS: [&str; 21] = [
    "cd", "ls", "cat", "pwd", "echo", "head", "tail", "grep", "rg", "find", "fd", "wc", "which", "tree", "sed", "awk",
    "sort", "less", "date", "stat", "sleep",
];

/// Programs that check nothing, whatever the words behind them.
const DEEDS: [&str; 12] = ["git", "rm", "mkdir", "cp", "mv", "touch", "ln", "chmod", "curl", "wget", "kill", "tar"];

/// Behind so many words there are the arguments of what is run.
const MOST_WORDS: usize = 6;

fn is_git_look(part: &str) -> bool {
    let mut words = part.split_whitespace();
    words.next() == Some("git") && words.next().is_some_and(|word| matches!(word, "status" | "log" | "diff" | "show"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_are_guessed_by_the_words() {
        for (command, expected) in [
            ("RUST_BACKTRACE=1 cargo test -q 2>&1 | tail -5", Purpose::Check),
            ("./gradlew build", Purpose::Check),
            ("python -m pytest tests/", Purpose::Check),
            ("node_modules/.bin/eslint .", Purpose::Check),
            ("cat tests/a.rs; ls build", Purpose::Look),
            ("cat > notes <<END\nrun a test\nEND", Purpose::Look),
            ("git log --oneline 2>&1", Purpose::Look),
            ("git commit -m 'fix test'", Purpose::Deed),
            ("rm -rf build", Purpose::Deed),
            ("python run.py", Purpose::Deed),
            ("", Purpose::Look),
        ] {
            assert_eq!(Purpose::of(command), expected, "{command}");
        }
    }
}
