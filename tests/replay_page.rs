//! Sessions as pages: what is in the file, and what a browser makes of it.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Value, json};

use crate::chromium::Browser;
use crate::programs::World;

const ID: &str = "1786480000123-4242-1k9zq3f";

/// A store with one session, and the page that is made of it.
struct Story {
    world: World,
    rows: Vec<Value>,
}

impl Story {
    fn new() -> Story {
        Story { world: World::new(), rows: Vec::new() }
    }

    /// Three turns of fourteen steps, three of which edit, and two fail.
    fn usual() -> Story {
        let mut story = Story::new();
        story.said("user_message", "First, look at the cache");
        story.said("assistant_thinking", "Where is it?");
        story.said("assistant_message", "I look at **both** files.");
        story.call("read_file", json!({ "path": "/w/a.rs" }), "one\ntwo\nthree\n", true);
        story.edit("/w/a.rs", "two", "2");
        story.call("bash", json!({ "command": "cargo test\ncargo doc" }), "no such thing\nExit code: 101", true);
        story.said("user_message", "Then go on");
        story.edit("/w/a.rs", "three", "3");
        story.call("edit_file", json!({ "path": "b.rs", "old_string": "x", "new_string": "y" }), "Error: no", false);
        story.row(json!({ "type": "subagent_spawned", "subagent_id": "sub-1", "task": "Help", "depth": 0 }));
        let inner = json!({ "type": "assistant_message", "text": "from a subagent" });
        story.row(json!({ "type": "subagent_event", "subagent_id": "sub-1", "inner": inner }));
        story.row(json!({ "type": "usage", "role": "main", "input_tokens": 1234, "output_tokens": 56 }));
        story.said("user_message", "At last");
        story.edit("b.rs", "u", "v");
        story.said("assistant_message", "Done, with the last needle");
        story
    }

    fn row(&mut self, mut row: Value) {
        let second = self.rows.len();
        row["timestamp"] = format!("2026-05-19T10:{:02}:{:02}.000Z", second / 60, second % 60).into();
        self.rows.push(row);
    }

    fn said(&mut self, kind: &str, text: &str) {
        self.row(json!({ "type": kind, "text": text }));
    }

    fn call(&mut self, tool: &str, arguments: Value, content: &str, success: bool) {
        let id = format!("call-{}", self.rows.len());
        self.row(json!({ "type": "tool_call", "id": id, "name": tool, "arguments": arguments }));
        self.row(json!({ "type": "tool_result", "call_id": id, "content": content, "success": success }));
    }

    fn edit(&mut self, path: &str, old: &str, new: &str) {
        let arguments = json!({ "path": path, "old_string": old, "new_string": new });
        self.call("edit_file", arguments, "Applied edit", true);
    }

    fn store(&self, title: &str, capture: Option<&[u8]>) {
        let dir = self.world.session(ID, title, capture);
        let rows: String = self.rows.iter().map(|row| format!("{row}\n")).collect();
        std::fs::write(dir.join("conversation.jsonl"), rows).unwrap();
    }

    /// Makes the page. Where it is, and what was said about it.
    #[track_caller]
    fn page(&self, more: &[&str]) -> (PathBuf, String) {
        self.store("A story", None);
        let file = self.world.sandbox.root().join("page.html");
        let (_, said) = self.world.ends(0, "replay", &[&["--html", file.to_str().unwrap(), ID], more].concat());
        (file, said)
    }

    #[track_caller]
    fn text(&self, more: &[&str]) -> String {
        std::fs::read_to_string(self.page(more).0).unwrap()
    }
}

/// The step at the playhead.
const AT: &str = "document.querySelector('.current').id";
/// The steps that are shown.
const SHOWN: &str =
    "[...document.querySelectorAll('.step')].filter(step => step.offsetParent).map(step => step.id).join(' ')";

#[test]
fn keys_move_the_playhead() {
    let Some(mut browser) = Browser::start() else { return };
    let story = Story::usual();
    let (file, _) = story.page(&[]);
    browser.open(&file, "");
    browser.expect(AT, "s1");
    for (keys, wanted) in [
        (&["l", "l", "ArrowRight"][..], "s4"),
        (&["h", "ArrowLeft"], "s2"),
        (&["t"], "s5"),
        (&["t"], "s8"),
        (&["T"], "s5"),
        (&["e"], "s6"),
        (&["e"], "s9"),
        (&["E"], "s6"),
        (&["L"], "s7"),
        (&["]"], "s12"),
        (&["l", "H"], "s12"),
        (&["["], "s7"),
        (&["G"], "s14"),
        (&["l", "t", "e"], "s14"),
        (&["g"], "s1"),
        (&["H", "T"], "s1"),
        (&[":", "1", "1", "Enter"], "s11"),
    ] {
        browser.keys(keys);
        browser.expect(AT, wanted);
    }
    browser.expect("location.hash", "#s11");
    browser.expect("document.querySelector('.turns .here').textContent", "Then go on");
    browser.expect("document.querySelector('#bar').getAttribute('aria-valuetext')", "Step 11 of 14");
    browser.keys(&["?"]);
    browser.expect("document.querySelector('#help').open", true);
    browser.keys(&["?"]);
    browser.expect("document.querySelector('#help').open", false);
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn steps_and_the_bar_are_clicked() {
    let Some(mut browser) = Browser::start() else { return };
    let story = Story::usual();
    let (file, _) = story.page(&[]);
    browser.open(&file, "#s5");
    browser.expect(AT, "s5");
    browser.expect("document.querySelector('#s5').getBoundingClientRect().bottom < innerHeight", true);
    browser.click("#s3 .what", 0.5);
    browser.expect(AT, "s3");
    browser.click("#bar", 0.99);
    browser.expect(AT, "s14");
    browser.click("#bar", 0.25);
    browser.expect(AT, "s4");
    browser.hover("#bar", 0.35);
    browser.expect("document.querySelector('#bar').title", "5 · edit_file a.rs +1 −1 1.0 s");
    browser.click("#on", 0.5);
    browser.expect(AT, "s5");
    // A button that was clicked does not take the keys for itself.
    browser.keys(&[" "]);
    browser.expect("document.body.classList.contains('playing')", true);
    browser.keys(&[" "]);
    browser.expect("document.body.classList.contains('playing')", false);
    browser.keys(&[":", "5", "Enter"]);
    browser.expect(AT, "s5");
    browser.click("#turn-on", 0.5);
    browser.expect(AT, "s7");
    browser.click(".turns li:last-child a", 0.1);
    browser.expect(AT, "s12");
    browser.size(400, 700);
    browser.expect("document.documentElement.scrollWidth <= 400", true);
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn a_link_into_a_long_log_leads_there() {
    let Some(mut browser) = Browser::start() else { return };
    let mut story = Story::new();
    for number in 0..1600 {
        story.said("user_message", &"line\n".repeat(number % 17));
    }
    let (file, _) = story.page(&[]);
    browser.open(&file, "#s1500");
    browser.expect(AT, "s1500");
    let place = "(() => { const { top, bottom } = document.querySelector('.current').getBoundingClientRect(); \
                 return top >= 0 && bottom < innerHeight - document.querySelector('#player').offsetHeight; })()";
    browser.expect(place, true);
    browser.keys(&[":", "9", "0", "Enter"]);
    browser.expect(AT, "s90");
    browser.expect(place, true);
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn it_plays_at_its_speed() {
    let Some(mut browser) = Browser::start() else { return };
    let story = Story::usual();
    let (file, _) = story.page(&[]);
    browser.open(&file, "#s10");
    // A second each, as the log has it: at this speed much less.
    browser.keys(&["+", "+", "+"]);
    browser.expect("document.querySelector('#speed').value", "8");
    browser.keys(&[" "]);
    browser.expect("document.querySelector('#play').getAttribute('aria-pressed')", "true");
    browser.expect(AT, "s14");
    browser.expect("document.querySelector('#play').getAttribute('aria-pressed')", "false");
    browser.keys(&["-", "-", "-", "-", " ", " "]);
    browser.expect("document.querySelector('#play').getAttribute('aria-pressed')", "false");
    browser.expect(AT, "s1");
    browser.keys(&["i"]);
    browser.expect("document.querySelector('#toast').textContent", "No wait longer than 5 s");
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn it_finds_filters_and_folds() {
    let Some(mut browser) = Browser::start() else { return };
    let story = Story::usual();
    let (file, _) = story.page(&[]);
    browser.open(&file, "");
    browser.keys(&["/", "L", "o", "O", "k", "Enter"]);
    browser.expect("document.querySelector('#hits').textContent", "1 of 2");
    browser.keys(&["n"]);
    browser.expect(AT, "s3");
    browser.keys(&["N"]);
    browser.expect(AT, "s1");
    browser.expect("CSS.highlights.get('found').size", 1);
    browser.keys(&["Escape", "/", "s", "u", "c", "h", "Enter"]);
    browser.expect(AT, "s6");
    browser.expect("document.querySelector('#s6 details').open", true);
    browser.keys(&["Enter"]);
    browser.expect("document.querySelector('#s6 details').open", false);
    browser.keys(&["Escape", "z"]);
    browser.expect("document.querySelectorAll('.step details[open]').length", 0);
    let filter = |browser: &mut Browser, value: &str| {
        let set = "const filter = document.querySelector('#filter'); filter.value = value; filter.dispatchEvent(new Event('change'))";
        browser.value(&format!("(value => {{ {set} }})({})", json!(value)));
    };
    for (value, wanted) in [
        ("edit", "s5 s8 s9 s13"),
        ("bad", "s6 s9"),
        ("talk", "s1 s3 s7 s11 s12 s14"),
        ("call", "s4 s5 s6 s8 s9 s13"),
        ("file:1", "s9 s13"),
    ] {
        filter(&mut browser, value);
        browser.expect(SHOWN, wanted);
    }
    browser.keys(&["g", "l"]);
    browser.expect(AT, "s13");
    filter(&mut browser, "all");
    browser.keys(&["s"]);
    browser.expect(SHOWN, "s1 s2 s3 s4 s5 s6 s7 s8 s9 s12 s13 s14");
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn files_are_shown_as_they_are_at_the_playhead() {
    let Some(mut browser) = Browser::start() else { return };
    let story = Story::usual();
    let (file, _) = story.page(&[]);
    browser.open(&file, "#s5");
    browser.keys(&["F"]);
    let whole = "document.querySelector('#whole').textContent";
    browser.expect(whole, "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n");
    browser.keys(&["t"]);
    browser.expect(whole, "@@ -1,3 +1,3 @@\n one\n-two\n-three\n+2\n+3\n");
    browser.keys(&["g"]);
    browser.expect("document.querySelector('#since').textContent", "Not changed up to step 1.");
    browser.keys(&["G"]);
    // Nobody read this one before it was changed.
    let since = "After 1 change, at step 14. The log does not tell the whole file, so each by itself.";
    browser.expect("document.querySelector('#since').textContent", since);
    browser.expect("document.querySelectorAll('#whole ins').length", 2);
    browser.keys(&["F"]);
    browser.expect("document.querySelector('#panel').hidden", true);
    assert_eq!(browser.problems(), [""; 0]);
}

/// What a log may hold against those who look at it.
const HOSTILE: &str = "</pre></script><script>window.pwned = 1</script><img src=x onerror='pwned=1'>\
    {{title}} {% x %} ${x} <!-- --> &lt; &#60;b&#62; \u{1b}[31mred\u{1b}[m \u{202e}evil\u{2066} \
    [a](javascript:pwned=1) ![b](javascript:pwned=1) <javascript:pwned=1> <style>*{display:none}</style>\n\
    ]]> <template><svg onload=pwned=1> <base href=//x> <meta http-equiv=refresh content='0;url=//x'>";

#[test]
fn hostile_text_stays_text() {
    let Some(mut browser) = Browser::start() else { return };
    let mut story = Story::new();
    for kind in ["user_message", "assistant_message", "assistant_thinking", HOSTILE] {
        story.said(kind, HOSTILE);
    }
    story.call(HOSTILE, json!({ HOSTILE: HOSTILE, "path": HOSTILE }), HOSTILE, false);
    story.call("write_file", json!({ "path": HOSTILE, "content": HOSTILE }), HOSTILE, true);
    story.call("bash", json!({ "command": HOSTILE }), HOSTILE, true);
    story.row(json!({ "type": "title_generated", "title": HOSTILE }));
    story.row(json!({ "type": "agent_notice", "kind": HOSTILE, "message": HOSTILE }));
    story.row(json!({ "type": "subagent_spawned", "subagent_id": HOSTILE, "task": HOSTILE, "model": HOSTILE }));
    story.row(json!({ "type": "subagent_completed", "subagent_id": HOSTILE, "status": HOSTILE, "error": HOSTILE }));
    story.row(json!({ "type": "tool_result", "call_id": "of nothing", "content": HOSTILE }));
    story.store(HOSTILE, None);
    let file = story.world.sandbox.root().join("page.html");
    story.world.ends(0, "replay", &["--html", file.to_str().unwrap(), ID]);
    browser.open(&file, "");
    browser.expect("document.querySelectorAll('.step').length", 12);
    browser.keys(&["z", "F", "G"]);
    for none in [
        "img",
        "main script",
        "main style",
        "base",
        "svg[onload]",
        "template",
        "[href^=javascript i]",
        "main meta",
        "[style]:not(#head):not(html)",
        "iframe",
    ] {
        browser.expect(&format!("document.querySelectorAll({}).length", json!(none)), 0);
    }
    browser.expect("document.querySelectorAll('script').length", 2);
    browser.expect("window.pwned === undefined", true);
    browser.expect("document.body.textContent.includes('\u{202e}')", false);
    browser.expect(
        "document.querySelector('#s1 .said').textContent.includes('{{title}} {% x %} ${x} <!-- --> &lt; &#60;b&#62;')",
        true,
    );
    browser.expect("document.querySelector('h1').textContent.startsWith('</pre></script>')", true);
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn it_is_read_and_printed_without_script() {
    let Some(mut browser) = Browser::start() else { return };
    let story = Story::usual();
    let (file, _) = story.page(&[]);
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": true }));
    browser.open(&file, "");
    let document = browser.call("DOM.getDocument", json!({ "depth": 0 }));
    let node = json!({ "nodeId": document["root"]["nodeId"] });
    let html = browser.call("DOM.getOuterHTML", node)["outerHTML"].as_str().unwrap().to_owned();
    assert!(html.contains("id=\"player\" aria-label=\"Player\" hidden"), "the player is of no use without script");
    for text in ["First, look at the cache", "<del>-two\n</del>", "no such thing", "1.2k in, 56 out"] {
        assert!(html.contains(text), "{text}");
    }
    let pdf = browser.call("Page.printToPDF", json!({}));
    assert!(pdf["data"].as_str().unwrap().starts_with("JVBERi0"), "no PDF");
    browser.call("Emulation.setScriptExecutionDisabled", json!({ "value": false }));
    browser.open(&file, "");
    browser.call("Emulation.setEmulatedMedia", json!({ "media": "print" }));
    browser.expect("getComputedStyle(document.querySelector('#player')).display", "none");
    // What is folded is on paper.
    browser.expect("document.querySelector('#s6 pre.out').checkVisibility({ contentVisibilityAuto: false })", true);
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn a_page_needs_nothing_else() {
    let page = Story::usual().text(&[]);
    for never in [" src=", "url(", "@import", "<link", "style=", "unsafe-"] {
        assert!(!page.contains(never), "{never}");
    }
    assert!(page.contains("content=\"default-src &#39;none&#39;; style-src &#39;sha256-"));
    assert_eq!(page, Story::usual().text(&[]), "the same log, another page");
}

#[test]
fn secrets_and_homes_stay_behind() {
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let mut story = Story::new();
    let home = story.world.sandbox.home();
    let text = format!("one\n  {token}\nlast");
    story.said("user_message", &format!("use {token}, **{token}**"));
    story.said("assistant_message", &format!("`{token}` [{token}](https://x.org/{token}) {text}"));
    story.call("write_file", json!({ "path": format!("/home/ann/{token}"), "content": text }), &text, true);
    story.call("login", json!({ "password": "hunter2-Xk9vTq81LmZp", "args": [{ "x": token }] }), &text, true);
    story.row(json!({ "type": "tool_call", "id": "d", "name": "edit_file", "arguments": { "path": "a" } }));
    let diff = json!({ "diff": { "old_text": "", "new_text": text } });
    story.row(json!({ "type": "tool_result", "call_id": "d", "content": "", "success": true, "metadata": diff }));
    story.row(json!({ "type": "later", "x": { "y": token, &token: 1 } }));
    story.row(json!({ "type": "subagent_spawned", "subagent_id": token, "task": "x", "model": token }));
    story.said("user_message", &format!("{}/notes", home.display()));
    let (file, said) = story.page(&[]);
    let page = std::fs::read_to_string(file).unwrap();
    assert!(!page.contains(&token) && !page.contains("hunter2"), "a secret is in the page");
    assert_eq!(said, "2 secrets are redacted (assigned-secret, github-token); --no-redact keeps them\n");
    let (file, said) = story.page(&["--no-redact"]);
    let page = std::fs::read_to_string(file).unwrap();
    assert!(page.contains(&token) && page.contains("hunter2") && said.is_empty(), "{said}");
}

#[test]
fn the_files_of_the_capture_are_with_the_others() {
    let Some(mut browser) = Browser::start() else { return };
    let story = Story::usual();
    let (file, _) = story.page(&[]);
    browser.open(&file, "");
    let none = "What a command changed is not in the log, and there is no capture.";
    browser.expect("document.querySelector('#beside').textContent", none);
    browser.keys(&["F"]);
    browser.expect("document.querySelector('#beside-note').textContent", none);
    story.store("A story", Some(&story.world.mbox));
    story.world.ends(0, "replay", &["--html", file.to_str().unwrap(), ID]);
    browser.open(&file, "");
    browser.expect("document.querySelector('.files a[href=\"#u1\"]').textContent", "image");
    browser.keys(&["F"]);
    browser.expect("document.querySelector('#file optgroup').label", "Not in the log");
    let pick =
        "const pick = document.querySelector('#file'); pick.value = '4'; pick.dispatchEvent(new Event('change'))";
    browser.value(&format!("(() => {{ {pick} }})()"));
    browser.expect("document.querySelector('#whole').textContent.includes('+55')", true);
    assert_eq!(browser.problems(), [""; 0]);
}

#[test]
fn what_only_the_capture_knows_is_there() {
    let story = Story::usual();
    story.store("A story", Some(&story.world.mbox));
    let (page, _) = story.world.ends(0, "replay", &["--html", "-", ID]);
    assert!(page.contains("<h2>Not in the log</h2>") && page.contains("src/deep/numbers"), "{page}");
    assert!(page.contains("diff --git a/src/deep/numbers b/src/deep/numbers"));
}

#[test]
fn some_of_the_steps_make_a_page() {
    let page = Story::usual().text(&["--start", "8", "--end", "9"]);
    assert_eq!(page.matches("<article").count(), 2);
    assert!(page.contains("8 to 9 of 14") && page.contains("id=\"s8\"") && page.contains("id=\"s9\""));
    // What was done to a file before counts.
    assert!(page.contains(r"-two\n-three\n+2\n+3"), "{page}");
    assert_eq!(Story::new().text(&[]).matches("<article").count(), 0);
    let story = Story::usual();
    story.store("A story", None);
    let (text, _) = story.world.ends(0, "replay", &["--plain", "--start", "8", "--end", "9", ID]);
    assert_eq!(text.lines().filter(|line| line.starts_with('#')).count(), 2, "{text}");
}

#[test]
fn what_is_long_is_clipped() {
    let mut story = Story::new();
    story.call("bash", json!({ "command": "yes" }), &"yes\n".repeat(5000), true);
    let page = story.text(&[]);
    assert!(page.contains("3000 more lines are in the log") && page.matches("yes\n").count() < 2100);
}

#[test]
fn nothing_stays_of_a_page_that_is_interrupted() {
    use std::os::unix::process::ExitStatusExt as _;
    let mut story = Story::new();
    for number in 0..20_000 {
        story.said("user_message", &format!("{number} {}", "words ".repeat(40)));
    }
    story.store("A long story", None);
    let dir = story.world.sandbox.root().join("pages");
    std::fs::create_dir(&dir).unwrap();
    let mut command = story.world.sandbox.command("git-glue-replay");
    command.arg("--html").arg(dir.join("page.html")).arg(ID).stderr(std::process::Stdio::null());
    let mut child = command.spawn().unwrap();
    let files = || std::fs::read_dir(&dir).unwrap().count();
    while files() == 0 {
        assert!(child.try_wait().unwrap().is_none(), "it ended too early");
        std::thread::sleep(Duration::from_millis(1));
    }
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(Signal::SIGINT as i32));
    assert_eq!(files(), 0, "something is left behind");
}

#[test]
fn a_file_is_replaced_whole_or_not_at_all() {
    let story = Story::usual();
    story.store("A story", None);
    let dir = story.world.sandbox.root().join("pages");
    std::fs::create_dir(&dir).unwrap();
    let file = dir.join("page.html");
    std::fs::write(&file, "old").unwrap();
    let link = dir.join("link");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    story.world.ends(0, "replay", &["--html", link.to_str().unwrap(), ID]);
    assert!(std::fs::read_to_string(&file).unwrap().starts_with("<!doctype html>"));
    assert!(link.is_symlink());
    let (_, said) = story.world.ends(2, "replay", &["--html", dir.to_str().unwrap(), ID]);
    assert!(said.contains("is a directory"), "{said}");
    let (_, said) = story.world.ends(1, "replay", &["--html", dir.join("none/page").to_str().unwrap(), ID]);
    assert!(said.contains("cannot write") && said.contains("pages/none/page: ") && !said.contains(".glue-"), "{said}");
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2, "something is left behind");
    story.world.ends(2, "replay", &["--no-redact", ID]);
}
