//! `glue-handoff install` and `glue-handoff skill`: what agents are told, and how it gets to them and away again.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use bstr::ByteSlice;
use git_glue::handoff::fields::{self, HEADINGS};
use serde_json::json;

use crate::sandbox::Sandbox;

const BEGIN: &str = "<!-- BEGIN SESSION GLUE (managed) -->";
const END: &str = "<!-- END SESSION GLUE (managed) -->";

const CODEX: &str = ".agents/skills/session-glue";
const CLAUDE: &str = ".claude/skills/session-glue";

/// Runs `glue-handoff`, which must end with that status. What it printed on both streams.
#[track_caller]
fn ends(code: i32, sandbox: &Sandbox, args: &[&str]) -> (String, String) {
    let output = sandbox.command("glue-handoff").args(args).output().unwrap();
    let (out, err) = (output.stdout.to_str_lossy().into_owned(), output.stderr.to_str_lossy().into_owned());
    assert_eq!(output.status.code(), Some(code), "glue-handoff {args:?}\n--- stdout\n{out}\n--- stderr\n{err}");
    (out, err)
}

#[track_caller]
fn json(code: i32, sandbox: &Sandbox, args: &[&str]) -> serde_json::Value {
    let (out, err) = ends(code, sandbox, &[args, &["--json"]].concat());
    assert_eq!(err, "");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}"))
}

/// Every path below the repository but `.git`, sorted, folders with a slash at their end.
fn tree(sandbox: &Sandbox) -> Vec<String> {
    let (mut folders, mut found) = (vec![sandbox.dir().to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(sandbox.dir()).unwrap().to_str().unwrap().to_owned();
            let is_folder = path.symlink_metadata().unwrap().is_dir();
            found.push(if is_folder { format!("{name}/") } else { name });
            folders.extend((is_folder && !path.ends_with(".git")).then_some(path));
        }
    }
    found.retain(|name| name != ".git/");
    found.sort();
    found
}

#[test]
fn the_block_goes_where_each_agent_reads() {
    let sandbox = Sandbox::new();
    let (all, _) = ends(0, &sandbox, &["install", "all", "--dry-run"]);
    let heads: Vec<_> = all.lines().filter(|line| line.starts_with("# ") && line.contains("dry-run")).collect();
    let head = |agent| format!("# {agent} (dry-run — no files modified)");
    assert_eq!(heads, ["codex", "claude", "cursor", "gemini"].map(head));
    let targets: Vec<_> = all.lines().filter_map(|line| line.strip_prefix("target: ")).collect();
    let expected = [
        "~/.codex/AGENTS.md",
        "~/.claude/skills/session-glue/",
        "~/.cursor/rules/session-glue.md",
        "~/.gemini/GEMINI.md",
    ];
    assert_eq!(targets, expected);
    assert_eq!(all.lines().filter(|line| line.starts_with("note: ")).count(), 3, "claude, cursor, and the last line");
    assert!(all.lines().last().unwrap().contains("glue-handoff skill install"));
    assert_eq!(all.matches(&format!("proposed block:\n{BEGIN}\n")).count(), 4);
    assert_eq!(all.matches(&format!("\n{END}\n\n")).count(), 4);
    assert_eq!(tree(&sandbox), Vec::<String>::new());
}

#[test]
fn one_agent_is_printed_alone() {
    let sandbox = Sandbox::new();
    let (codex, err) = ends(0, &sandbox, &["install", "--dry-run", "codex"]);
    let first: Vec<_> = codex.lines().take(4).collect();
    assert_eq!(first[1..], ["target: ~/.codex/AGENTS.md", "proposed block:", BEGIN]);
    assert_eq!((codex.matches(BEGIN).count(), err.as_str()), (1, ""));
    let (cursor, _) = ends(0, &sandbox, &["install", "cursor", "--dry-run"]);
    assert!(cursor.lines().nth(2).unwrap().starts_with("note: "), "{cursor}");
    let object = json(0, &sandbox, &["install", "gemini", "--dry-run"]);
    assert_eq!(object["blocks"][0]["target"], "~/.gemini/GEMINI.md");
    assert_eq!(object["blocks"][0]["note"], serde_json::Value::Null);
}

#[test]
fn instruction_files_are_never_written() {
    let sandbox = Sandbox::new();
    let (out, err) = ends(2, &sandbox, &["install", "codex"]);
    assert_eq!(out, "");
    assert!(err.contains("--dry-run") && err.contains("glue-handoff skill install"), "{err}");
    assert_eq!(json(2, &sandbox, &["install", "all"])["error"]["kind"], "dry-run-only");
    for args in [&["install"][..], &["install", "copilot", "--dry-run"], &["install", "codex", "claude", "--dry-run"]] {
        assert_ne!(ends(2, &sandbox, args).1, "", "{args:?}");
    }
    assert_eq!(fs::read_dir(sandbox.home()).unwrap().count(), 0);
}

#[test]
fn an_agent_is_told_everything_that_a_handoff_needs() {
    let sandbox = Sandbox::new();
    let (block, _) = ends(0, &sandbox, &["install", "codex", "--dry-run"]);
    ends(0, &sandbox, &["skill", "install", "codex"]);
    let skill = sandbox.read(format!("{CODEX}/SKILL.md")).to_string();
    let protocol = sandbox.read(format!("{CODEX}/references/protocol.md")).to_string();
    for (name, text) in [("block", &block), ("SKILL.md", &skill), ("protocol.md", &protocol)] {
        for field in fields::required() {
            assert!(text.contains(&format!("`{field}`")), "{name} lacks {field}");
        }
        for heading in HEADINGS {
            assert!(text.lines().any(|line| line == heading), "{name} lacks {heading}");
        }
        for word in ["next_todo_items[0]", ".agent-history/", "RESUME_PROMPT.txt"] {
            assert!(text.contains(word) || name == "protocol.md", "{name} lacks {word}");
        }
    }
    for word in ["/glue", "/freeze", "/handoff", "/checkpoint", "fenced block", "clipboard", "daemon", "handoff create"]
    {
        assert!(block.contains(word) && skill.contains(word), "block or SKILL.md lacks {word}");
    }
}

#[test]
fn the_skill_says_when_to_use_it() {
    let (shown, _) = ends(0, &Sandbox::new(), &["skill", "show", "claude"]);
    let skill = shown.split_once("--- SKILL.md ---\n").unwrap().1;
    let (head, _) = skill.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap();
    let lines: Vec<_> = head.lines().collect();
    assert_eq!(lines[..2], ["name: session-glue", "description: >-"]);
    // YAML folds these into one line. Agents load no longer one than 1024 characters.
    assert!(lines[2..].iter().all(|line| line.starts_with("  ") && !line.starts_with("   ")), "{head}");
    assert!(head.len() < 1024);
}

#[test]
fn the_example_is_a_whole_handoff() {
    let sandbox = Sandbox::new();
    ends(0, &sandbox, &["skill", "install", "claude"]);
    let protocol = sandbox.read(format!("{CLAUDE}/references/protocol.md")).to_string();
    let example = protocol.split_once("```markdown\n").unwrap().1.split_once("```").unwrap().0;
    let (frontmatter, body) = example.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap();
    let keys: Vec<_> = frontmatter.lines().filter(|line| !line.starts_with(' ')).collect();
    for (field, line) in fields::required().zip(&keys) {
        assert!(line.starts_with(&format!("{field}:")), "{line} instead of {field}");
    }
    let headings: Vec<_> = body.lines().filter(|line| line.starts_with('#')).collect();
    assert_eq!(headings, HEADINGS);
    sandbox.write("example.md", example);
    ends(0, &sandbox, &["create", "-i", "example.md"]);
    ends(0, &sandbox, &["validate", "--sessions"]);
}

#[test]
fn skills_are_listed_and_shown() {
    let sandbox = Sandbox::new();
    let (list, _) = ends(0, &sandbox, &["skill", "list"]);
    assert_eq!(list, "codex: bundled skill present\nclaude: bundled skill present\n");
    let (shown, _) = ends(0, &sandbox, &["skill", "show", "codex", "--repo-root", "./a//../b/"]);
    let lines: Vec<_> = shown.lines().take(6).collect();
    let user = format!("user target: {}/{CODEX}", sandbox.home().display());
    let repo = format!("repo target: a/../b/{CODEX}");
    assert_eq!(lines, ["agent: codex", &repo, &user, "bundled skill: present", "--- SKILL.md ---", "---"]);
    ends(0, &sandbox, &["skill", "install", "codex"]);
    assert!(shown.ends_with(&sandbox.read(format!("{CODEX}/SKILL.md")).to_string()));
    assert_eq!(json(0, &sandbox, &["skill", "list"])["skills"][1], json!({"agent": "claude", "bundled": true}));
    assert_eq!(json(0, &sandbox, &["skill", "show", "claude"])["repo_target"], CLAUDE);
}

#[test]
fn a_skill_is_installed_replaced_and_removed() {
    let sandbox = Sandbox::new();
    let (out, err) = ends(0, &sandbox, &["skill", "install", "claude"]);
    let expected = format!(
        "glue-handoff skill install: target {CLAUDE}\n  write {CLAUDE}/SKILL.md\n  \
         write {CLAUDE}/references/protocol.md\nglue-handoff skill install: installed claude skill into {CLAUDE}\n"
    );
    assert_eq!((out, err), (expected, String::new()));
    sandbox.write(format!("{CLAUDE}/SKILL.md"), "another version");
    let (_, err) = ends(1, &sandbox, &["skill", "install", "claude"]);
    assert!(err.contains("exists already") && err.contains("--replace"), "{err}");
    assert_eq!(sandbox.read(format!("{CLAUDE}/SKILL.md")), "another version");
    let (out, _) = ends(0, &sandbox, &["skill", "install", "claude", "--replace"]);
    assert!(out.contains(&format!("  remove {CLAUDE}/SKILL.md\n  remove {CLAUDE}/references/protocol.md\n  write ")));
    assert!(sandbox.read(format!("{CLAUDE}/SKILL.md")).starts_with(b"---\nname: session-glue\n"));
    sandbox.write(".claude/settings.json", "{}");
    let (out, _) = ends(0, &sandbox, &["skill", "uninstall", "claude"]);
    assert!(out.ends_with(&format!("glue-handoff skill uninstall: removed claude skill from {CLAUDE}\n")), "{out}");
    assert_eq!(tree(&sandbox), [".claude/", ".claude/settings.json", ".claude/skills/"]);
    let (out, _) = ends(0, &sandbox, &["skill", "uninstall", "claude"]);
    assert!(out.contains("nothing to remove"), "{out}");
}

#[test]
fn codex_has_a_file_of_its_own() {
    let sandbox = Sandbox::new();
    ends(0, &sandbox, &["skill", "install", "codex", "--repo-root="]);
    let files = ["", "SKILL.md", "agents/", "agents/openai.yaml", "references/", "references/protocol.md"];
    let expected = files.map(|file| format!("{CODEX}/{file}"));
    assert_eq!(tree(&sandbox)[2..], expected);
    let mode = fs::metadata(sandbox.path(format!("{CODEX}/SKILL.md"))).unwrap().permissions().mode();
    assert_eq!(mode & 0o444, 0o444, "as any other file of the repository");
    assert!(json(1, &sandbox, &["skill", "install", "codex"])["error"]["kind"] == "skill-exists");
}

#[test]
fn a_dry_run_changes_nothing() {
    let sandbox = Sandbox::new();
    let (out, _) = ends(0, &sandbox, &["skill", "install", "claude", "--dry-run"]);
    let expected = format!(
        "glue-handoff skill install: target {CLAUDE} (dry-run — nothing changed)\n  \
         would write {CLAUDE}/SKILL.md\n  would write {CLAUDE}/references/protocol.md\n"
    );
    assert_eq!((out, tree(&sandbox)), (expected, Vec::new()));
    ends(0, &sandbox, &["skill", "install", "claude"]);
    let before = tree(&sandbox);
    let (out, _) = ends(0, &sandbox, &["skill", "install", "claude", "--dry-run", "--replace"]);
    assert_eq!((out.matches("would remove ").count(), out.matches("would write ").count()), (2, 2));
    let object = json(0, &sandbox, &["skill", "uninstall", "claude", "--dry-run"]);
    assert_eq!(object["removed"][0], format!("{CLAUDE}/SKILL.md"));
    assert_eq!((object["written"].clone(), object["dry_run"].clone()), (json!([]), json!(true)));
    assert_eq!(tree(&sandbox), before);
}

#[test]
fn a_skill_of_yours_goes_into_your_home() {
    let sandbox = Sandbox::new();
    let (out, _) = ends(0, &sandbox, &["skill", "install", "codex", "--scope", "user", "--repo-root", "nowhere"]);
    assert!(out.contains(&format!("target {}/{CODEX}\n", sandbox.home().display())), "{out}");
    assert_eq!(tree(&sandbox), Vec::<String>::new());
    ends(0, &sandbox, &["skill", "uninstall", "codex", "--scope=user"]);
    assert!(!sandbox.home().join(CODEX).exists());
    let mut command = sandbox.command("glue-handoff");
    let output = command.args(["skill", "install", "codex", "--scope", "user"]).env("HOME", "").output().unwrap();
    assert_eq!((output.status.code(), output.stderr.contains_str("HOME is not set")), (Some(1), true));
    ends(2, &sandbox, &["skill", "install", "codex", "--scope", "global"]);
}

#[test]
fn somebody_elses_files_are_left_alone() {
    let sandbox = Sandbox::new();
    ends(0, &sandbox, &["skill", "install", "claude"]);
    fs::create_dir(sandbox.path(format!("{CLAUDE}/empty"))).unwrap();
    ends(0, &sandbox, &["skill", "install", "claude", "--replace"]);
    sandbox.write(format!("{CLAUDE}/scripts/mine.sh"), "");
    symlink("nowhere", sandbox.path(format!("{CLAUDE}/link"))).unwrap();
    let before = tree(&sandbox);
    for args in
        [&["install", "claude", "--replace"][..], &["uninstall", "claude"], &["uninstall", "claude", "--dry-run"]]
    {
        let (out, err) = ends(1, &sandbox, &[&["skill"], args].concat());
        assert_eq!(out, "");
        assert!(err.contains("holds unmanaged files: link, scripts/mine.sh"), "{err}");
    }
    assert_eq!(tree(&sandbox), before);
    fs::remove_dir_all(sandbox.path(format!("{CLAUDE}/scripts"))).unwrap();
    fs::remove_file(sandbox.path(format!("{CLAUDE}/link"))).unwrap();
    ends(0, &sandbox, &["skill", "uninstall", "claude"]);
    assert_eq!(tree(&sandbox), [".claude/", ".claude/skills/"], "empty folders go too");
}

#[test]
fn symbolic_links_are_refused() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.at("elsewhere");
    elsewhere.write("SKILL.md", "untouched");
    fs::create_dir_all(sandbox.path(".claude/skills")).unwrap();
    symlink(elsewhere.dir(), sandbox.path(CLAUDE)).unwrap();
    let (_, err) = ends(1, &sandbox, &["skill", "install", "claude", "--replace"]);
    assert!(err.contains(&format!("{CLAUDE} is a symbolic link")), "{err}");
    ends(1, &sandbox, &["skill", "uninstall", "claude"]);
    fs::remove_file(sandbox.path(CLAUDE)).unwrap();
    fs::create_dir(sandbox.path(CLAUDE)).unwrap();
    symlink(elsewhere.path("SKILL.md"), sandbox.path(format!("{CLAUDE}/SKILL.md"))).unwrap();
    let (_, err) = ends(1, &sandbox, &["skill", "install", "claude", "--replace"]);
    assert!(err.contains(&format!("{CLAUDE}/SKILL.md is a symbolic link")), "{err}");
    assert_eq!(elsewhere.read("SKILL.md"), "untouched");
}

#[test]
fn a_link_that_leads_outside_is_refused_in_a_dry_run_too() {
    let sandbox = Sandbox::new();
    let elsewhere = sandbox.at("elsewhere");
    symlink(elsewhere.dir(), sandbox.path(".claude")).unwrap();
    for args in [&["skill", "install", "claude"][..], &["skill", "install", "claude", "--dry-run"]] {
        let (out, err) = ends(1, &sandbox, args);
        assert_eq!(out, "");
        assert!(err.contains("lies outside"), "{err}");
    }
    assert_eq!(fs::read_dir(elsewhere.dir()).unwrap().count(), 0);
    fs::remove_file(sandbox.path(".claude")).unwrap();
    symlink("nowhere", sandbox.path(".claude")).unwrap();
    ends(1, &sandbox, &["skill", "install", "claude", "--dry-run"]);
    fs::remove_file(sandbox.path(".claude")).unwrap();
    fs::create_dir(sandbox.path("inside")).unwrap();
    symlink("inside", sandbox.path(".claude")).unwrap();
    ends(0, &sandbox, &["skill", "install", "claude"]);
    assert!(sandbox.path("inside/skills/session-glue/SKILL.md").is_file());
}

#[test]
fn what_is_in_the_way_is_named() {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path(format!("{CLAUDE}/SKILL.md"))).unwrap();
    let (_, err) = ends(1, &sandbox, &["skill", "install", "claude", "--replace"]);
    assert!(err.contains(&format!("{CLAUDE}/SKILL.md is not a file")), "{err}");
    ends(1, &sandbox, &["skill", "uninstall", "claude"]);
    fs::remove_dir_all(sandbox.path(CLAUDE)).unwrap();
    sandbox.write(CLAUDE, "a file");
    let (_, err) = ends(1, &sandbox, &["skill", "install", "claude"]);
    assert!(err.contains(&format!("{CLAUDE} is not a directory")), "{err}");
    sandbox.write(".agents", "a file");
    let (_, err) = ends(1, &sandbox, &["skill", "install", "codex", "--dry-run"]);
    assert!(err.contains(".agents is not a directory"), "{err}");
}

#[test]
fn a_root_that_is_not_there_is_not_made() {
    let sandbox = Sandbox::new();
    for dry_run in [&[][..], &["--dry-run"]] {
        let args = ["skill", "install", "codex", "--repo-root", "typo/dir"];
        let (_, err) = ends(1, &sandbox, &[&args, dry_run].concat());
        assert!(err.contains("typo/dir is not a directory") && err.contains("spelled"), "{err}");
    }
    assert_eq!(tree(&sandbox), Vec::<String>::new());
    let (out, _) = ends(0, &sandbox, &["skill", "uninstall", "codex", "--repo-root", "typo/dir"]);
    assert!(out.contains("nothing to remove"), "{out}");
}

#[test]
fn a_failure_leaves_what_was_there() {
    let sandbox = Sandbox::new();
    ends(0, &sandbox, &["skill", "install", "claude"]);
    sandbox.write(format!("{CLAUDE}/SKILL.md"), "old");
    let before = tree(&sandbox);
    let references = sandbox.path(format!("{CLAUDE}/references"));
    fs::set_permissions(&references, fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(references.join("probe"), "").is_ok() {
        return; // A superuser is refused nothing.
    }
    for args in [&["skill", "install", "claude", "--replace"][..], &["skill", "uninstall", "claude"]] {
        let (_, err) = ends(1, &sandbox, args);
        assert!(err.contains("references/protocol.md: "), "{err}");
        assert_eq!(
            (tree(&sandbox), sandbox.read(format!("{CLAUDE}/SKILL.md")).to_string()),
            (before.clone(), "old".into())
        );
    }
    fs::set_permissions(&references, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let sandbox = Sandbox::new();
    // No file may get larger than 512 bytes: an error, instead of a signal that ends the program.
    let run = |args: &str| {
        let script = format!("trap '' XFSZ; ulimit -f 1; exec glue-handoff skill install claude {args}");
        sandbox.command("sh").args(["-c", &script]).output().unwrap()
    };
    let output = run("");
    assert_eq!((output.status.code(), tree(&sandbox)), (Some(1), Vec::new()));
    assert!(output.stderr.contains_str("cannot write"), "{}", output.stderr.as_bstr());
    ends(0, &sandbox, &["skill", "install", "claude"]);
    sandbox.write(format!("{CLAUDE}/SKILL.md"), "old");
    let before = tree(&sandbox);
    assert_eq!((run("--replace").status.code(), tree(&sandbox)), (Some(1), before));
    assert_eq!(sandbox.read(format!("{CLAUDE}/SKILL.md")), "old");
}

#[test]
fn usage_is_told_apart_from_refusal() {
    let sandbox = Sandbox::new();
    for args in [
        &["skill"][..],
        &["skill", "show"],
        &["skill", "install", "cursor"],
        &["skill", "list", "codex"],
        &["skill", "uninstall", "claude", "--replace"],
        &["skill", "remove", "claude"],
        &["no-such-command"],
    ] {
        let (out, err) = ends(2, &sandbox, args);
        assert!(out.is_empty() && !err.is_empty(), "{args:?}");
    }
    for args in [&[][..], &["-h"], &["--help"], &["skill", "-h"], &["skill", "install", "--help"], &["--version"]] {
        let (out, err) = ends(0, &sandbox, args);
        assert!(!out.is_empty() && err.is_empty(), "{args:?}");
    }
    let (out, _) = ends(0, &sandbox.at("elsewhere"), &["-C", "../repo", "skill", "install", "--json", "codex"]);
    assert!(out.starts_with("{\"schema_version\":1,\"agent\":\"codex\",\"scope\":\"repo\""), "{out}");
    assert!(sandbox.path(format!("{CODEX}/SKILL.md")).is_file());
}
