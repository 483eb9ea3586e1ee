//! What goes wrong while a handoff is written: everything lands, or everything is as it was.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::handoff::{Desk, WHOLE, of_session};

#[test]
fn killed_at_any_call_of_the_system_it_leaves_the_old_history_or_the_new_one() {
    let desk = Desk::new();
    let input = desk.sandbox.root().join("two.md");
    fs::write(&input, of_session("two")).unwrap();
    let (mut old, mut new) = (0, 0);
    for number in 1.. {
        let _ = fs::remove_dir_all(desk.path(""));
        desk.create(WHOLE);
        let before = desk.tree();
        let mut command = desk.sandbox.command("sh");
        command.args(["-c", "kill -STOP $$; exec glue-handoff create -i \"$0\""]).arg(&input);
        if !killed_at_call(number, command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()) {
            break;
        }
        desk.ends(0, &["validate", "--sessions"], "");
        let latest = desk.json(0, &["status"], "")["latest_session"].clone();
        match latest.as_str() {
            Some("one") => old += 1,
            Some("two") => new += 1,
            other => panic!("{other:?}"),
        }
        // Whoever writes next finishes or forgets what was begun.
        desk.ends(0, &["close", "--status", "BLOCKED"], "");
        assert!(!desk.path(".glue-commit").exists() && !desk.path(".glue-stage").exists());
        desk.ends(0, &["validate", "--sessions"], "");
        if latest == "one" {
            let kept: Vec<_> = desk.tree().into_iter().filter(|file| !file.0.ends_with("INDEX.yaml")).collect();
            assert_eq!(kept, before.into_iter().filter(|file| !file.0.ends_with("INDEX.yaml")).collect::<Vec<_>>());
        }
    }
    assert!(old > 20 && new > 5, "killed {old} times before and {new} times after the decision");
}

/// Lets a stopped shell go on to the program that it becomes, and kills that before its call of that number. Whether it got
/// so far.
fn killed_at_call(number: usize, child: Child) -> bool {
    let pid = Pid::from_raw(child.id().try_into().unwrap());
    assert!(matches!(waitpid(pid, Some(WaitPidFlag::WUNTRACED)).unwrap(), WaitStatus::Stopped(..)));
    let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACEEXEC | Options::PTRACE_O_EXITKILL;
    ptrace::seize(pid, options).unwrap();
    kill(pid, Signal::SIGCONT).unwrap();
    let (mut is_ours, mut stops) = (false, 0);
    loop {
        match waitpid(pid, None).unwrap() {
            WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return false,
            WaitStatus::PtraceEvent(_, _, event) => is_ours |= event == ptrace::Event::PTRACE_EVENT_EXEC as i32,
            // Each call stops when it begins and when it ends.
            WaitStatus::PtraceSyscall(_) if is_ours => stops += 1,
            _ => {}
        }
        if stops == 2 * number {
            kill(pid, Signal::SIGKILL).unwrap();
            while !matches!(waitpid(pid, None), Ok(WaitStatus::Signaled(..)) | Err(_)) {}
            return true;
        }
        ptrace::syscall(pid, None).unwrap();
    }
}

#[test]
fn a_file_that_cannot_be_written_to_its_end_leaves_everything_as_it_was() {
    let desk = Desk::new();
    desk.create(WHOLE);
    let before = desk.tree();
    let log = format!("{}{}", WHOLE, "more\n".repeat(2000));
    let input = desk.sandbox.root().join("long.md");
    fs::write(&input, log.replace("session_id: one", "session_id: long")).unwrap();
    // Where files have a limit, writing fails as on a full disk; the signal that comes with it is ignored by the shell.
    let script = format!("trap '' XFSZ; ulimit -f 4; exec glue-handoff create -i {}", input.display());
    let output = desk.sandbox.command("bash").args(["-c", &script]).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("\nerror: cannot write .agent-history/sessions/long.md: File too large"), "{err}");
    assert_eq!(desk.tree(), before);
}

#[test]
fn a_decision_that_nobody_of_ours_took_leads_nowhere() {
    for name in ["..+..+out.txt", "+..+out", "+.", "+..", "+", "out.txt", "+a b", "INDEX.yaml.damaged.x"] {
        let desk = Desk::new();
        desk.create(WHOLE);
        fs::create_dir(desk.path(".glue-commit")).unwrap();
        fs::write(desk.path(".glue-commit").join(name), "hostile").unwrap();
        let before = desk.tree();
        for args in [&["create"][..], &["close", "--status", "DONE"]] {
            let (_, err) = desk.ends(1, args, &of_session("two"));
            assert!(err.contains(&format!("refused: .agent-history/.glue-commit/{name} is in the way")), "{err}");
        }
        assert_eq!(desk.tree(), before);
        assert!(!desk.sandbox.path("out.txt").exists());
    }
    let desk = Desk::new();
    desk.create(WHOLE);
    let outside = desk.sandbox.at("outside");
    fs::rename(desk.path("sessions"), outside.dir().join("sessions")).unwrap();
    std::os::unix::fs::symlink(outside.dir().join("sessions"), desk.path("sessions")).unwrap();
    fs::create_dir(desk.path(".glue-commit")).unwrap();
    fs::write(desk.path(".glue-commit/+two"), "hostile").unwrap();
    desk.ends(1, &["close", "--status", "DONE"], "");
    assert!(!outside.dir().join("sessions/two.md").exists());
}

#[test]
fn links_in_place_of_a_decision_are_refused() {
    let desk = Desk::new();
    desk.create(WHOLE);
    let secret = desk.sandbox.at("secret");
    fs::write(secret.dir().join("LATEST.md"), "secret").unwrap();
    std::os::unix::fs::symlink(secret.dir(), desk.path(".glue-commit")).unwrap();
    for args in [&["create"][..], &["close", "--status", "DONE"]] {
        desk.ends(1, args, &of_session("two"));
    }
    assert_eq!(fs::read(secret.dir().join("LATEST.md")).unwrap(), b"secret");
    fs::remove_file(desk.path(".glue-commit")).unwrap();
    fs::create_dir(desk.path(".glue-commit")).unwrap();
    std::os::unix::fs::symlink(secret.dir().join("LATEST.md"), desk.path(".glue-commit/INDEX.yaml")).unwrap();
    let before = desk.file("INDEX.yaml");
    desk.ends(1, &["create"], &of_session("two"));
    assert_eq!(desk.file("INDEX.yaml"), before);
}

#[test]
fn a_decision_is_carried_out_by_whoever_comes_next_unless_somebody_wrote_since() {
    for other_wrote in [false, true] {
        let desk = Desk::new();
        desk.create(WHOLE);
        let old = desk.tree();
        desk.create(&of_session("two"));
        let new = desk.tree();
        let print = |name: &str, tree: &[(std::path::PathBuf, Vec<u8>)]| {
            let (_, bytes) = tree.iter().find(|(path, _)| path.ends_with(name)).unwrap();
            format!("{}-{:08x}", bytes.len(), crc32fast::hash(bytes))
        };
        let base = format!("base={}={}", print("INDEX.yaml", &old), print("INDEX.yaml", &new));
        // As if the second had been killed when it had just decided.
        fs::create_dir(desk.path(".glue-commit")).unwrap();
        for name in ["LATEST.md", "INDEX.yaml", "RESUME_PROMPT.txt", "DECISIONS.md"] {
            fs::rename(desk.path(name), desk.path(".glue-commit").join(name)).unwrap();
        }
        fs::rename(desk.path("sessions/two.md"), desk.path(".glue-commit/+two")).unwrap();
        fs::write(desk.path(".glue-commit").join(base), "").unwrap();
        old.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        if other_wrote {
            fs::write(desk.path("INDEX.yaml"), format!("team: ours\n{}", desk.file("INDEX.yaml"))).unwrap();
        }
        desk.ends(0, &["validate", "--sessions"], "");
        assert!(!desk.path(".glue-commit").exists());
        assert!(desk.path("sessions/two.md").exists(), "whatever came since, the archive is kept");
        let latest = if other_wrote { "one" } else { "two" };
        assert_eq!(desk.json(0, &["status"], "")["latest_session"], latest);
        if !other_wrote {
            assert_eq!(desk.tree(), new);
        }
    }
}

#[test]
fn pipes_and_devices_are_no_files() {
    for name in ["LATEST.md", "INDEX.yaml", "RESUME_PROMPT.txt", "DECISIONS.md", "sessions/one.md"] {
        let desk = Desk::new();
        desk.create(WHOLE);
        fs::remove_file(desk.path(name)).unwrap();
        desk.sandbox.run("mkfifo", &[desk.path(name)]);
        desk.ends(0, &["status"], "");
        let code = if name == "DECISIONS.md" { 0 } else { 1 };
        desk.ends(code, &["validate", "--sessions"], "");
        desk.ends(1, &["create"], WHOLE);
        fs::remove_file(desk.path(name)).unwrap();
        std::os::unix::fs::symlink("/dev/zero", desk.path(name)).unwrap();
        desk.ends(code, &["validate", "--sessions"], "");
    }
}

#[test]
fn what_is_in_the_way_is_named_and_stays() {
    for name in ["sessions/two.md", "LATEST.md", "INDEX.yaml", "RESUME_PROMPT.txt"] {
        let desk = Desk::new();
        desk.create(WHOLE);
        let _ = fs::remove_file(desk.path(name));
        fs::create_dir(desk.path(name)).unwrap();
        fs::write(desk.path(name).join("mine"), "mine").unwrap();
        let before = desk.tree();
        let (_, err) = desk.ends(1, &["create"], &of_session("two"));
        assert!(err.contains(&format!(".agent-history/{name}")), "{name}: {err}");
        assert_eq!(desk.tree(), before, "{name}");
    }
    for name in ["", "sessions"] {
        let desk = Desk::new();
        if !name.is_empty() {
            fs::create_dir(desk.path("")).unwrap();
        }
        let path = if name.is_empty() { desk.sandbox.path(".agent-history") } else { desk.path(name) };
        fs::write(&path, "mine").unwrap();
        let (_, err) = desk.ends(1, &["create"], WHOLE);
        assert!(
            err.starts_with(&format!(
                "error: refused: {} is in the way\n",
                path.strip_prefix(desk.sandbox.dir()).unwrap().display()
            )),
            "{err}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"mine");
    }
}

#[test]
fn a_name_that_is_too_long_is_told_of() {
    let desk = Desk::new();
    let (_, err) = desk.ends(1, &["create"], &of_session(&"x".repeat(300)));
    assert!(err.contains("File name too long"), "{err}");
    assert!(!desk.path("").exists(), "not even an empty folder stays");
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let desk = Desk::new();
    desk.create(WHOLE);
    let locked = |folder: &str| fs::set_permissions(desk.path(folder), fs::Permissions::from_mode(0o555)).unwrap();
    let open = |folder: &str| fs::set_permissions(desk.path(folder), fs::Permissions::from_mode(0o755)).unwrap();
    let before = desk.tree();
    for folder in ["sessions", ""] {
        locked(folder);
        let output = desk.run(&["create"], of_session("two").as_bytes());
        open(folder);
        // Nothing is locked for root.
        if !nix::unistd::geteuid().is_root() {
            assert_eq!(output.status.code(), Some(1));
            assert_eq!(desk.tree(), before, "{folder}");
        }
    }
    desk.ends(0, &["validate"], "");
}

#[test]
fn thirty_two_at_once_lose_nothing() {
    let desk = Desk::new();
    let children: Vec<Child> = (0..32)
        .map(|number| {
            let input = desk.sandbox.root().join(format!("{number}.md"));
            fs::write(&input, of_session(&format!("s{number}"))).unwrap();
            let mut command: Command = desk.sandbox.command("glue-handoff");
            command.arg("create").arg("-i").arg(input).stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let status = desk.json(0, &["status"], "");
    assert_eq!((&status["sessions"], &status["decisions"]), (&32.into(), &64.into()));
    desk.ends(0, &["validate", "--sessions"], "");
    let log = fs::read_to_string(desk.sandbox.path(".git/info/exclude")).unwrap();
    assert_eq!(log.matches(".agent-history/").count(), 1, "{log}");
}

#[test]
fn a_replaced_file_can_be_read_by_its_owner() {
    let mode = |desk: &Desk, name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o7777;
    let desk = Desk::new();
    desk.create(WHOLE);
    for (before, after) in
        [(0o000, 0o600), (0o400, 0o600), (0o044, 0o644), (0o600, 0o600), (0o664, 0o664), (0o755, 0o755)]
    {
        for name in ["LATEST.md", "RESUME_PROMPT.txt", "sessions/one.md"] {
            fs::set_permissions(desk.path(name), fs::Permissions::from_mode(before)).unwrap();
        }
        // What its owner may not read is no reason to be refused where root does it; elsewhere it is, and stays.
        let is_root = nix::unistd::geteuid().is_root();
        if before & 0o400 == 0 && !is_root {
            fs::set_permissions(desk.path("sessions/one.md"), fs::Permissions::from_mode(0o600)).unwrap();
        }
        desk.create(WHOLE);
        for name in ["LATEST.md", "RESUME_PROMPT.txt"] {
            assert_eq!(mode(&desk, name), after, "{name} {before:o}");
        }
    }
}

#[test]
fn a_name_may_be_as_long_as_the_system_lets_names_be() {
    let desk = Desk::new();
    let id = "a".repeat(252);
    desk.create(&of_session(&id));
    assert_eq!(desk.file(&format!("sessions/{id}.md")), desk.file("LATEST.md"));
    desk.ends(0, &["validate", "--sessions"], "");
    let before = desk.tree();
    desk.ends(1, &["create"], &of_session(&format!("{id}a")));
    assert_eq!(desk.tree(), before);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let desk = Desk::new();
    let input = desk.sandbox.root().join("one.md");
    fs::write(&input, WHOLE).unwrap();
    let script = "{ sleep 0.2; glue-handoff create -i \"$0\"; echo $? >&2; } | true; glue-handoff create -i \"$0\" >&-; echo $? >&2";
    let output = desk.sandbox.command("bash").args(["-c", script]).arg(&input).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(err.lines().filter(|line| *line == "0").count(), 2, "{err}");
    desk.ends(0, &["validate", "--sessions"], "");
}
