//! `git glue-diff`: the patch to the byte, its names, and git's pager.

use crate::programs::World;

const ID: &str = "1786480000123-4242-1k9zq3f";

#[test]
fn in_a_pipe_it_is_the_mbox_to_the_byte() {
    let world = World::new();
    let odd = [&world.mbox[..], b"\x1b[31m \xff\r\n"].concat();
    world.session(ID, "", Some(&odd));
    assert_eq!(world.glue("diff", &["latest"]).stdout, odd);
    world.session(ID, "", Some(&world.mbox));
    world.sandbox.git(&["reset", "-q", "--hard", "HEAD~2"]);
    world.sandbox.run("sh", &["-c", "git glue-diff 17864 | git am -q --3way"]);
    assert_eq!(world.sandbox.git(&["log", "-1", "--format=%s"]), "second: shrink");
}

#[test]
fn names_are_listed_once_and_quoted_unless_asked_otherwise() {
    let world = World::new();
    world.session(ID, "", Some(&world.mbox));
    assert_eq!(world.ends(0, "diff", &["latest", "--name-only"]).0, "image\nnew name\nsrc/deep/numbers\n");
    assert_eq!(world.ends(0, "diff", &["latest", "--name-only", "-z"]).0, "image\0new name\0src/deep/numbers\0");
    world.ends(2, "diff", &["latest", "-z"]);
    world.ends(2, "diff", &["latest", "--stat", "-z"]);
    assert_eq!(world.json(0, "diff", &["latest"])["entries"][1]["subject"], "second: shrink");
}

#[test]
fn a_terminal_gets_it_escaped_through_gits_pager() {
    let world = World::new();
    let odd = [&world.mbox[..], b"\x1b]0;owned\x07 \xe2\x80\xae\n"].concat();
    world.session(ID, "", Some(&odd));
    if world.sandbox.command("script").arg("--version").output().is_err() {
        return; // No way to have a terminal here.
    }
    let seen = |environment: &str| {
        let line = format!("{environment} git-glue-diff --color=never latest");
        world.sandbox.run("script", &["-qec", &line, "/dev/null"]).to_string()
    };
    for environment in ["GIT_PAGER='sed s/^/paged:/'", "GIT_PAGER=cat", "GIT_PAGER_IN_USE=1"] {
        let out = seen(environment);
        assert!(!out.contains('\u{1b}') && !out.contains('\u{202e}'), "{out:?}");
        assert!(out.contains("\\x1b]0;owned"), "{out:?}");
        assert_eq!(out.contains("paged:From "), environment.contains("paged"), "{out:?}");
    }
    world.sandbox.git(&["config", "core.pager", "sed s/^/configured:/"]);
    assert!(seen("PAGER=false").contains("configured:From "));
}

#[test]
fn a_session_without_a_capture_says_so() {
    let world = World::new();
    let dir = world.session(ID, "", None);
    let (_, err) = world.ends(1, "diff", &[ID]);
    assert!(err.starts_with(&format!("error: session {ID} has no capture\nhint: ")), "{err}");
    world.ends(1, "diff", &["latest"]);
    std::fs::write(dir.join("runtime.mbox.truncated"), "cut\n").unwrap();
    let (out, err) = world.ends(0, "diff", &[ID]);
    assert_eq!((out.as_str(), err.starts_with("warning: the capture is truncated")), ("cut\n", true));
}

#[test]
fn the_colours_are_those_of_git() {
    let world = World::new();
    world.session(ID, "", Some(&world.mbox));
    let out = world.ends(0, "diff", &["--color=always"]).0;
    let git = ["diff", "--color=always", "--no-ext-diff", "--binary", "-M", "--full-index", "HEAD~2..HEAD~1"];
    // git colours a sign apart from its line, and resets between; what is in which colour is the same.
    let plain = |text: &str| text.replace("\u{1b}[m\u{1b}[32m", "").replace("\u{1b}[m", "");
    let (ours, gits) = (plain(&out), plain(&world.sandbox.git(&git).to_string()));
    for line in gits.lines().filter(|line| line.contains('\u{1b}')) {
        assert!(ours.lines().any(|ours| ours == line), "no {line:?} in\n{ours}");
    }
    let colours = ["\u{1b}[m", "\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[36m"];
    let bare = colours.iter().fold(out.clone(), |text, colour| text.replace(colour, ""));
    assert_eq!(bare.as_bytes(), &world.mbox[..], "colours are all that is added");
    assert!(out.contains("\n-- \n"), "a signature is no removed line");
}

#[test]
fn a_terminal_gets_long_headers_cut() {
    let world = World::new();
    let mails = world.mbox.to_string();
    let long = format!("X-Glue-Capture: {}\n {}\nSubject: ", "A".repeat(70), "B".repeat(30));
    let mails = mails.replacen("Subject: ", &long, 1);
    world.session(ID, "", Some(mails.as_bytes()));
    assert_eq!(world.glue("diff", &[]).stdout, mails.as_bytes());
    if world.sandbox.command("script").arg("--version").output().is_err() {
        return; // No way to have a terminal here.
    }
    let line = "GIT_PAGER='sed s/^/paged:/' git-glue-diff --color=always";
    let out = world.sandbox.run("script", &["-qec", line, "/dev/null"]).to_string();
    assert!(out.contains(&format!("paged:X-Glue-Capture: {}… (100 bytes)\r\n", "A".repeat(32))), "{out}");
    assert!(out.contains("paged:\u{1b}[32m+50\u{1b}[m\r\n") && !out.contains("BBB"), "{out}");
}
