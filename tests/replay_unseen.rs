//! Where `git glue-replay` says that a session's capture differs from its log.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::programs::World;

/// The blobs of `echo` and `ECHO`, each with a newline.
const BEFORE: &str = "fa11a6a9c54797a8f68963af8ffc4d92bbffc660";
const AFTER: &str = "fc5c36be60a12615b7948d5dfd4851984e06c122";
const CUT: &str = "<<< truncated: original was 99999 bytes, cap is 9 >>>\n";

/// A session that reads and edits `s.sh`, and maybe goes on.
struct Story {
    world: World,
    dir: PathBuf,
}

impl Story {
    /// The entries are diffs.
    fn new(entries: &[String]) -> Story {
        let world = World::new();
        let dir = world.session("s", "Shouting", None);
        let story = Story { world, dir };
        story.captures(entries);
        let rows = [
            call(1, "read_file", json!({"path": "s.sh"}), "echo\n"),
            call(2, "edit_file", json!({"path": "s.sh", "old_string": "echo", "new_string": "ECHO"}), "ok"),
        ];
        story.write("conversation.jsonl", &rows.concat());
        story
    }

    fn captures(&self, entries: &[String]) {
        let mail = |diff: &String| {
            let head = "From: a <a@b>\nDate: Wed, 12 Aug 2026 09:30:00 +0000\nSubject: [PATCH] change\n\n---\n\n";
            format!("From {AFTER} Mon Sep 17 00:00:00 2001\n{head}{diff}-- \n2.47.3\n\n")
        };
        self.write("runtime.mbox", &entries.iter().map(mail).collect::<String>());
    }

    fn write(&self, name: &str, content: &str) {
        std::fs::write(self.dir.join(name), content).unwrap();
    }

    fn unseen(&self) -> Value {
        self.world.json(0, "replay", &["s"])["unseen"].clone()
    }

    /// Each file, with whether it is in the log and in the capture; and how many are as the log tells.
    #[track_caller]
    fn differs(&self, files: Value, seen: usize) {
        let unseen = self.unseen();
        let found = unseen["files"].as_array().unwrap().iter();
        let found: Vec<_> = found.map(|file| json!([file["path"], file["logged"], file["captured"]])).collect();
        assert_eq!((&Value::from(found), &unseen["seen"]), (&files, &seen.into()), "{unseen}");
    }

    fn text(&self) -> String {
        self.world.ends(0, "replay", &["s"]).0
    }

    fn page(&self) -> String {
        self.world.ends(0, "replay", &["--html", "-", "s"]).0
    }
}

/// A call that works, a minute behind the one before.
fn call(number: u8, tool: &str, arguments: Value, content: &str) -> String {
    let (at, id) = (format!("2026-08-12T09:{number:02}:00Z"), number.to_string());
    let call = json!({"timestamp": at, "type": "tool_call", "id": id, "name": tool, "arguments": arguments});
    let result = json!({"timestamp": at, "type": "tool_result", "call_id": id, "content": content, "success": true});
    format!("{call}\n{result}\n")
}

fn shouted(path: &str) -> String {
    let head = format!("diff --git a/{path} b/{path}\nindex {BEFORE}..{AFTER} 100644\n");
    format!("{head}--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-echo\n+ECHO\n")
}

#[test]
fn a_file_of_the_same_name_in_another_directory_is_another_one() {
    Story::new(&[shouted("s.sh") + &shouted("vendor/s.sh")]).differs(json!([["vendor/s.sh", false, true]]), 1);
    let story = Story::new(&[shouted("vendor/s.sh")]);
    story.differs(json!([["vendor/s.sh", false, true], ["s.sh", true, false]]), 0);
    // The capture says where the top of the work tree is, the session where it worked.
    let story = Story::new(&[shouted("s.sh") + &shouted("w/s.sh")]);
    story.write("runtime.mbox.meta.json", r#"{"runtime_cwd":"/"}"#);
    story.differs(json!([["s.sh", false, true]]), 1);
    let made = call(3, "write_file", json!({"path": "../made", "content": "x"}), "ok");
    let log = std::fs::read_to_string(story.dir.join("conversation.jsonl")).unwrap();
    story.write("conversation.jsonl", &(log + &made));
    story.differs(json!([["s.sh", false, true], ["made", true, false]]), 1);
}

#[test]
fn a_session_that_worked_nobody_knows_where_is_compared_too() {
    let story = Story::new(&[shouted("src/s.sh")]);
    story.write("meta.json", r#"{"schema_version":3,"id":"s","cwd":""}"#);
    let rows = ["/box/repo/src/s.sh", "/box/repo/b.sh", "/tmp/c.sh"].map(|path| {
        let arguments = json!({"path": path, "content": "ECHO\n"});
        call(1, "write_file", arguments, "ok")
    });
    story.write("conversation.jsonl", &rows.concat());
    story.differs(json!([["b.sh", true, false]]), 1);
}

#[test]
fn what_counts_is_the_end_of_the_capture() {
    let renamed = "diff --git a/s.sh b/t.sh\nsimilarity index 100%\nrename from s.sh\nrename to t.sh\n".to_owned();
    let story = Story::new(&[shouted("s.sh"), renamed]);
    story.differs(json!([["s.sh", true, true], ["t.sh", false, true]]), 0);
    let head = format!("diff --git a/s.sh b/s.sh\nindex {AFTER}..{BEFORE} 100644\n--- a/s.sh\n+++ b/s.sh\n");
    let back = head + "@@ -1 +1 @@\n-ECHO\n+echo\n";
    Story::new(&[shouted("s.sh"), back.clone()]).differs(json!([["s.sh", true, true]]), 0);
    Story::new(&[shouted("s.sh"), back, shouted("s.sh")]).differs(json!([]), 1);
}

#[test]
fn a_changed_mode_is_not_in_the_log() {
    let changed = "diff --git a/s.sh b/s.sh\nold mode 100644\nnew mode 100755\n".to_owned();
    let story = Story::new(&[shouted("s.sh"), changed.clone()]);
    story.differs(json!([["s.sh", true, true]]), 0);
    assert!(story.text().contains("  s.sh (mode changed) +1 -1\n"), "{}", story.text());
    assert!(story.page().contains("<span class=\"remark\">mode changed</span>"));
    // Without a change of its content, that is not what the log tells either.
    assert!(Story::new(&[changed]).text().contains("  s.sh (changed again) +0 -0\n"));
}

#[test]
fn a_capture_that_is_cut_off_is_not_taken_for_a_whole_one() {
    let story = Story::new(&[shouted("s.sh")]);
    let nothing = "The capture has nothing that the log does not tell.";
    assert!(story.page().contains(nothing));
    let mbox = std::fs::read_to_string(story.dir.join("runtime.mbox")).unwrap();
    story.write("runtime.mbox", &(mbox + CUT));
    assert_eq!(story.unseen()["truncated"], true);
    let cut = "The capture is cut off: what it has lost is not compared with the log.";
    let page = story.page();
    assert!(page.contains(cut) && !page.contains(nothing), "{page}");
    assert!(story.text().contains(cut), "{}", story.text());
    // Wherever it is cut, what is before that is compared.
    let mails = [shouted("a") + &shouted("b"), shouted("c")];
    for (end, files) in [("@@ -1 +1 @@\n-ec", json!(["a"])), ("-- \n2.47.3\n\nFrom fc", json!(["a", "b"]))] {
        story.captures(&mails);
        let mbox = std::fs::read_to_string(story.dir.join("runtime.mbox")).unwrap();
        let start = mbox.find("diff --git a/b").unwrap();
        let length = start + mbox[start..].find(end).unwrap() + end.len();
        story.write("runtime.mbox", &format!("{}\n\n{CUT}", &mbox[..length]));
        let unseen = story.unseen();
        let found = unseen["files"].as_array().unwrap().iter().map(|file| file["path"].clone());
        assert_eq!(Value::from_iter(found), files, "{unseen}");
    }
}

#[test]
fn steps_behind_the_capture_are_not_held_against_it() {
    let story = Story::new(&[shouted("s.sh")]);
    let rows = [
        std::fs::read_to_string(story.dir.join("conversation.jsonl")).unwrap(),
        call(3, "write_file", json!({"path": "later", "content": "x"}), "ok"),
        call(4, "edit_file", json!({"path": "s.sh", "old_string": "ECHO", "new_string": "no"}), "ok"),
    ];
    story.write("conversation.jsonl", &rows.concat());
    story.differs(json!([["s.sh", true, true], ["later", true, false]]), 0);
    for (at, later) in [("09:02:30", 2), ("09:03:30", 1), ("08:00:00", 4), ("10:00:00", 0)] {
        story.write("runtime.mbox.meta.json", &format!(r#"{{"captured_at":"2026-08-12T{at}.000Z"}}"#));
        assert_eq!(story.unseen()["later_steps"], later, "{at}");
    }
    story.write("runtime.mbox.meta.json", r#"{"captured_at":"2026-08-12T09:02:30.000Z"}"#);
    story.differs(json!([]), 1);
    let said = "2 steps of the log are later than the capture, which does not know of them.";
    assert!(story.page().contains(said) && story.text().contains(said), "{}", story.text());
}

#[test]
fn what_a_long_diff_leaves_out_is_counted() {
    let head = "diff --git a/long b/long\nnew file mode 100644\n--- /dev/null\n+++ b/long\n@@ -0,0 +1,9000 @@\n";
    let story = Story::new(&[head.to_owned() + &"+ABCDEFGH\n".repeat(9000)]);
    let file = story.unseen()["files"][0].clone();
    let (diff, left_out) = (file["diff"].as_str().unwrap(), file["left_out_lines"].as_u64().unwrap());
    assert!(diff.ends_with("+ABCDEFGH\n") && diff.len() < 65536, "{}", diff.len());
    assert_eq!(diff.lines().count() as u64 + left_out, 5 + 9000);
    // A page has less.
    let page = story.page();
    assert!(page.contains("7005 more lines are in the capture; git glue-diff shows them"), "{left_out}");
    assert!(!page.contains("are in the log<"));
}

#[test]
fn a_capture_that_cannot_be_read_does_not_hide_the_log() {
    let story = Story::new(&[]);
    let why = "the capture cannot be read";
    story.write("runtime.mbox", &format!("\n{CUT}"));
    let object = story.world.json(0, "replay", &["s"]);
    assert!(object["capture_error"].as_str().unwrap().contains(why), "{object}");
    assert_eq!((&object["unseen"], object["steps"].as_array().unwrap().len()), (&Value::Null, 2));
    for args in [&["s"][..], &["--html", "-", "s"]] {
        let (out, err) = story.world.ends(0, "replay", args);
        assert!(out.contains("ECHO") && err.starts_with(&format!("warning: {why}")), "{out}{err}");
    }
    assert!(story.page().contains(why));
}
