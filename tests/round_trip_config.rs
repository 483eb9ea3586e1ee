//! Round trips whose result no configuration changes: neither the sandbox's nor the host's, nor hooks, attributes or
//! variables of either.

use std::fs;
use std::io::Cursor;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use bstr::{BString, ByteSlice};
use git_glue::mbox::{Entry, Mbox};

use crate::round_trip::{Story, Way, some_files};
use crate::round_trip_places::work;
use crate::sandbox::Sandbox;

/// Settings that change what git's porcelain prints, finds or writes. Each group is set at once.
const SETTINGS: [(&str, &[(&str, &str)]); 9] = [
    (
        "diff",
        &[
            ("diff.noprefix", "true"),
            ("diff.renames", "false"),
            ("diff.renameLimit", "1"),
            ("diff.algorithm", "patience"),
            ("diff.context", "0"),
            ("diff.interHunkContext", "9"),
            ("diff.external", "false"),
            ("diff.suppressBlankEmpty", "true"),
            ("diff.indentHeuristic", "false"),
            ("diff.ignoreSubmodules", "all"),
            ("diff.orderFile", "/nonexistent"),
            ("diff.submodule", "log"),
            ("diff.relative", "true"),
            ("diff.trustExitCode", "true"),
            ("diff.wsErrorHighlight", "all"),
        ],
    ),
    ("prefixes", &[("diff.mnemonicPrefix", "true"), ("diff.srcPrefix", "x/"), ("diff.dstPrefix", "y/")]),
    (
        "format and color",
        &[
            ("format.attach", "true"),
            ("format.signature", "evil"),
            ("format.subjectPrefix", "EVIL"),
            ("format.coverLetter", "true"),
            ("format.numbered", "false"),
            ("format.noprefix", "true"),
            ("format.pretty", "oneline"),
            ("format.from", "Evil <evil@example.org>"),
            ("format.useAutoBase", "true"),
            ("color.ui", "always"),
            ("color.diff", "always"),
            ("color.diff.new", "red"),
        ],
    ),
    (
        "line ends",
        &[
            ("core.autocrlf", "true"),
            ("core.safecrlf", "true"),
            ("core.whitespace", "cr-at-eol,tab-in-indent"),
            ("apply.whitespace", "fix"),
            ("apply.ignoreWhitespace", "change"),
        ],
    ),
    (
        "core",
        &[
            ("core.quotePath", "false"),
            ("core.abbrev", "4"),
            ("core.pager", "false"),
            ("core.editor", "false"),
            ("core.fsmonitor", "false"),
            ("core.untrackedCache", "true"),
            ("core.checkStat", "minimal"),
            ("core.trustctime", "false"),
            ("core.bigFileThreshold", "1"),
            ("core.attributesFile", "../evil-attributes"),
            ("core.excludesFile", "../evil-excludes"),
            ("core.commentChar", "W"),
            ("core.logAllRefUpdates", "false"),
            ("core.sparseCheckout", "true"),
        ],
    ),
    (
        "index",
        &[
            ("index.version", "4"),
            ("core.splitIndex", "true"),
            ("feature.manyFiles", "true"),
            ("feature.experimental", "true"),
            ("status.showUntrackedFiles", "no"),
            ("status.renames", "false"),
            ("submodule.recurse", "true"),
            ("index.skipHash", "true"),
        ],
    ),
    (
        "people and text",
        &[
            ("user.name", "Evil"),
            ("user.email", "evil@example.org"),
            ("user.useConfigOnly", "true"),
            ("i18n.commitEncoding", "ISO-8859-1"),
            ("i18n.logOutputEncoding", "ISO-8859-1"),
            ("log.showSignature", "true"),
            ("log.mailmap", "true"),
            ("log.date", "relative"),
            ("mailmap.file", "../evil-mailmap"),
            ("commit.cleanup", "scissors"),
            ("commit.template", "/nonexistent"),
            ("mailinfo.scissors", "true"),
        ],
    ),
    (
        "am and merge",
        &[
            ("am.keepcr", "true"),
            ("am.threeWay", "false"),
            ("am.messageid", "true"),
            ("merge.renames", "false"),
            ("merge.conflictStyle", "diff3"),
            ("merge.default", "evil"),
            ("merge.evil.driver", "false"),
            ("rerere.enabled", "true"),
            ("branch.autoSetupMerge", "always"),
            ("checkout.workers", "8"),
            ("alias.diff-tree", "!false"),
            ("alias.apply", "!false"),
            ("gc.auto", "1"),
        ],
    ),
    (
        "programs",
        &[
            ("filter.evil.clean", "false"),
            ("filter.evil.smudge", "false"),
            ("filter.evil.required", "true"),
            ("diff.evil.textconv", "false"),
            ("diff.evil.command", "false"),
            ("core.hooksPath", "../evil-hooks"),
            ("core.sshCommand", "false"),
        ],
    ),
];

/// Attributes for everything, of the kind that nobody commits.
const ATTRIBUTES: [&str; 4] = [
    "* filter=evil diff=evil merge=evil\n",
    "* text eol=crlf ident\n",
    "* -diff -text\n",
    "* working-tree-encoding=UTF-16LE\n",
];

/// Variables that change what git does.
const VARIABLES: [(&str, &str); 14] = [
    ("GIT_EXTERNAL_DIFF", "false"),
    ("GIT_DIFF_OPTS", "--unified=0"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NOGLOB_PATHSPECS", "0"),
    ("GIT_PAGER", "false"),
    ("GIT_EDITOR", "false"),
    ("GIT_ATTR_SOURCE", "HEAD"),
    ("GIT_DEFAULT_HASH", "sha256"),
    ("GIT_TRACE_CURL", "0"),
    ("GIT_CONFIG_COUNT", "1"),
    ("GIT_CONFIG_KEY_0", "diff.noprefix"),
    ("GIT_CONFIG_VALUE_0", "true"),
    ("LC_ALL", "tr_TR.UTF-8"),
    ("TZ", "Asia/Kathmandu"),
];

/// Something that is set, and taken back.
struct Setting {
    name: String,
    set: Box<dyn Fn(&Sandbox)>,
    variables: bool,
}

fn settings() -> Vec<Setting> {
    let mut all = Vec::new();
    for (name, pairs) in SETTINGS {
        let set = move |repo: &Sandbox| {
            repo.write("../evil-excludes", "*\n");
            repo.write("../evil-attributes", "* -diff\n");
            repo.write("../evil-mailmap", "Evil <evil@example.org> <agent@sandbox.invalid>\n");
            for (key, value) in pairs {
                repo.git(&["config", key, value]);
            }
        };
        all.push(Setting { name: name.into(), set: Box::new(set), variables: false });
    }
    for attributes in ATTRIBUTES {
        let set = move |repo: &Sandbox| {
            for (key, value) in SETTINGS[8].1 {
                repo.git(&["config", key, value]);
            }
            repo.write(".git/info/attributes", attributes);
        };
        all.push(Setting { name: format!("attributes {attributes}"), set: Box::new(set), variables: false });
    }
    all.push(Setting { name: "hooks".into(), set: Box::new(hooks), variables: false });
    all.push(Setting { name: "variables".into(), set: Box::new(|_| {}), variables: true });
    all
}

/// Every hook, failing, and leaving a trace.
fn hooks(repo: &Sandbox) {
    for name in [
        "applypatch-msg",
        "pre-applypatch",
        "post-applypatch",
        "pre-commit",
        "pre-merge-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
        "pre-rebase",
        "post-checkout",
        "post-merge",
        "reference-transaction",
        "post-index-change",
        "post-rewrite",
        "fsmonitor-watchman",
        "pre-auto-gc",
        "sendemail-validate",
    ] {
        let path = format!(".git/hooks/{name}");
        repo.write(&path, format!("#!/bin/sh\necho {name} >>\"{}/hooked\"\nexit 1\n", repo.root().display()));
        fs::set_permissions(repo.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn variables(command: &mut Command, setting: &Setting) {
    if setting.variables {
        command.envs(VARIABLES);
    }
}

/// Takes every setting back.
fn restore(repo: &Sandbox, config: &BString) {
    repo.write(".git/config", config);
    let _ = fs::remove_file(repo.path(".git/info/attributes"));
    let _ = fs::remove_dir_all(repo.path(".git/hooks"));
}

/// What no setting that is meant here makes git take for changed.
fn plain(repo: &Sandbox) {
    some_files(repo);
    repo.write("space.txt", "trailing \n\tand tab\t\n \n");
    repo.write("old name", (0..30).map(|line| format!("old {line}\n")).collect::<String>());
}

/// Contents for which such settings make a difference.
fn delicate(repo: &Sandbox) {
    plain(repo);
    repo.write("crlf.txt", "one\r\ntwo\r\nthree\r\n");
    repo.write("mixed.txt", "one\r\ntwo\nthree\r\n");
    repo.write("ident.txt", "$Id$ $Id: x $\n");
}

fn delicate_work(away: &Sandbox) {
    for path in ["crlf.txt", "mixed.txt", "ident.txt", "space.txt"] {
        let before = std::fs::read(away.path(path)).unwrap_or_else(|_| b"new\r\n$Id: x $\n".to_vec());
        away.write(path, [&before[..], b"more \r\n$Id$\nand more\n"].concat());
    }
    away.git(&["mv", "old name", "new n\u{e4}me"]);
    work(away);
    away.write("untracked/crlf.txt", "x\r\ny\n");
    away.write("space.txt", [away.read("space.txt").as_slice(), b"\t \n"].concat());
}

/// What a capture says, without when it was taken.
fn contents(mbox: &BString) -> Vec<(Entry, BString)> {
    let mut mbox = Mbox::open(Cursor::new(mbox.as_slice())).unwrap();
    let mut all = Vec::new();
    for index in 0..mbox.entries.len() {
        let mut entry = mbox.entries[index].entry.clone();
        if entry.commit.is_none() {
            entry.author = Default::default();
        }
        let mut diff = Vec::new();
        std::io::Read::read_to_end(&mut mbox.diff(index).unwrap(), &mut diff).unwrap();
        all.push((entry, diff.into()));
    }
    all
}

#[test]
fn the_sandbox_s_configuration_cannot_change_a_capture() {
    for story in Story::each(delicate) {
        let away = &story.away;
        delicate_work(away);
        let capture = |setting: Option<&Setting>| {
            let mut command = away.command("git");
            command.arg("glue-capture").args(&story.options).args(["-o", "-"]);
            setting.inspect(|setting| variables(&mut command, setting));
            let output = command.output().unwrap();
            let name = setting.map_or("none", |setting| &setting.name);
            assert!(output.status.success(), "with {name}: {}", output.stderr.as_bstr());
            BString::from(output.stdout)
        };
        let wanted = contents(&capture(None));
        let config = away.read(".git/config");
        for setting in settings() {
            (setting.set)(away);
            let found = contents(&capture(Some(&setting)));
            assert!(!away.root().join("hooked").exists(), "with {}: a hook ran", setting.name);
            restore(away, &config);
            for (found, wanted) in found.iter().zip(&wanted) {
                assert_eq!(found, wanted, "with {}", setting.name);
            }
            assert_eq!(found.len(), wanted.len(), "with {}", setting.name);
        }
    }
}

#[test]
fn the_host_s_configuration_cannot_change_what_lands() {
    // With an attribute that makes of the person's own files something else, they are changed to git, and so in the way.
    for mut story in Story::each(plain) {
        delicate_work(&story.away);
        let captured = story.capture();
        story.ran(&captured.run);
        let (origin, root) = (story.origin.dir().to_owned(), story.home.root().to_owned());
        for (number, setting) in settings().into_iter().filter(|setting| !setting.name.contains("encoding")).enumerate()
        {
            story.home = story.home.at(&format!("home{number}"));
            story.home.git(&["clone", "-q", origin.to_str().unwrap(), "."]);
            let config = story.home.read(".git/config");
            (setting.set)(&story.home);
            // The person's own filter may well be asked whether their files are changed. It must write none.
            story.home.git(&["config", "filter.evil.clean", "cat"]);
            story.home.git(&["config", "filter.evil.smudge", "tr a-z A-Z"]);
            let mut command = story.home.command("git-glue-apply");
            command.args(["--branch", "landed"]).env("GLUE_HOME", story.store());
            variables(&mut command, &setting);
            let output = match story.way {
                Way::Store => command.arg("s1").output().unwrap(),
                Way::Pipe => crate::sandbox::output_with(command.arg("-"), &captured.mbox),
            };
            let (out, err) = (output.stdout.as_bstr(), output.stderr.as_bstr());
            assert!(output.status.success(), "with {}: {out}{err}", setting.name);
            assert!(out.contains_str("trees match the sandbox"), "with {}: {out}{err}", setting.name);
            assert!(!root.join("hooked").exists(), "with {}: a hook ran", setting.name);
            restore(&story.home, &config);
            story.is_same_but_for(&setting.name);
        }
    }
}

#[test]
fn a_signature_that_cannot_be_made_is_refused_in_words() {
    for story in Story::each(some_files) {
        work(&story.away);
        let captured = story.capture();
        story.home.git(&["config", "commit.gpgSign", "true"]);
        story.home.git(&["config", "gpg.program", "false"]);
        story.apply(&captured, &[]).is(1).says("sign").says("--no-gpg-sign");
        assert!(!story.home.try_git(&["rev-parse", "-q", "--verify", "landed"]).status.success());
        story.ran(&story.apply(&captured, &["--no-gpg-sign"]));
        story.is_same();
    }
}
