//! The player as a person meets it: keys and mouse in, a screen out.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::style::Color;

use super::*;
use crate::audit::hidden;

/// A player with a screen, a clock that only we turn, and hands.
struct Show {
    player: Player,
    terminal: Terminal<TestBackend>,
    now: Instant,
}

fn options() -> Options {
    Options {
        name: "s1".into(),
        start: 0,
        is_playing: false,
        speed: 1.0,
        idle: Duration::from_secs(2),
        is_colored: true,
    }
}

impl Show {
    fn of(log: &str) -> Show {
        Show::with(Conversation::spool(log.as_bytes()).unwrap(), options(), (120, 40))
    }

    fn with(conversation: Conversation, options: Options, (width, height): (u16, u16)) -> Show {
        let player = Player::new(conversation, &Meta::default(), options);
        let mut show =
            Show { player, terminal: Terminal::new(TestBackend::new(width, height)).unwrap(), now: Instant::now() };
        show.wait(0);
        show
    }

    /// Turns the clock on by milliseconds; then everything that has to be done is, and drawn.
    fn wait(&mut self, milliseconds: u64) -> &mut Show {
        self.now += Duration::from_millis(milliseconds);
        for _ in 0..100 {
            if !self.player.tick(self.now).wait.is_zero() {
                break;
            }
        }
        self.terminal.draw(|frame| self.player.draw(frame)).unwrap();
        self
    }

    fn press(&mut self, code: KeyCode) -> &mut Show {
        self.player.key(KeyEvent::new(code, KeyModifiers::NONE));
        self.wait(0)
    }

    fn keys(&mut self, keys: &str) -> &mut Show {
        keys.chars().for_each(|key| {
            self.press(if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) });
        });
        self
    }

    fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Show {
        self.player.mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE });
        self.wait(0)
    }

    fn click(&mut self, column: u16, row: u16) -> &mut Show {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row)
    }

    fn screen(&self) -> String {
        let buffer = self.terminal.backend().buffer();
        let mut screen = String::new();
        for row in buffer.area.rows() {
            let line: String = row.columns().map(|cell| buffer[(cell.x, cell.y)].symbol()).collect();
            writeln!(screen, "{}", line.trim_end()).unwrap();
        }
        screen
    }

    #[track_caller]
    fn shows(&mut self, text: &str) -> &mut Show {
        assert!(self.screen().contains(text), "no `{text}` in\n{}", self.screen());
        self
    }

    #[track_caller]
    fn lacks(&mut self, text: &str) -> &mut Show {
        assert!(!self.screen().contains(text), "`{text}` in\n{}", self.screen());
        self
    }

    /// The number of the step at the playhead, from 1.
    #[track_caller]
    fn is_at(&mut self, step: usize) -> &mut Show {
        assert_eq!(self.player.at + 1, step, "{}", self.screen());
        self
    }
}

/// Rows of a session, each a second after the one before.
#[derive(Default)]
struct Rows {
    text: String,
    count: u32,
}

impl Rows {
    fn row(mut self, row: &str) -> Rows {
        let at = format!("2026-05-02T08:{:02}:{:02}Z", self.count / 60, self.count % 60);
        self.count += 1;
        writeln!(self.text, r#"{{"timestamp":"{at}",{row}}}"#).unwrap();
        self
    }

    fn prompt(self, text: &str) -> Rows {
        self.row(&format!(r#""type":"user_message","text":{}"#, serde_json::json!(text)))
    }

    fn answer(self, text: &str) -> Rows {
        self.row(&format!(r#""type":"assistant_message","text":{}"#, serde_json::json!(text)))
    }

    fn call(self, id: &str, name: &str, arguments: &str, result: &str) -> Rows {
        self.row(&format!(r#""type":"tool_call","id":"{id}","name":"{name}","arguments":{arguments}"#))
            .row(&format!(r#""type":"tool_result","call_id":"{id}",{result}"#))
    }
}

const OK: &str = r#""content":"ok","success":true,"status":"completed""#;

/// A session with something of everything: 14 steps, two turns.
fn session() -> String {
    let output: String = (1..=50).fold(String::new(), |text, number| text + &format!("line {number}\\n"));
    let rows = Rows::default()
        .prompt("Make a greeting")
        .row(r#""type":"assistant_thinking","text":"A thought""#)
        .answer("I will read it first.")
        .call("1", "read_file", r#"{"path":"a.txt"}"#, r#""content":"one\ntwo\nthree\n","metadata":{"bytes":14}"#)
        .call("2", "edit_file", r#"{"path":"a.txt","old_string":"two","new_string":"2"}"#, OK)
        .call("3", "bash", r#"{"command":"make all"}"#, &format!(r#""content":"{output}Exit code: 2""#))
        .row(r#""type":"usage","role":"main","input_tokens":1500,"output_tokens":200"#)
        .row(r#""schema_version":1,"event_id":"s:9","session_id":"s","sequence":9,"type":"user_message","text":"Go on""#)
        .row(r#""type":"subagent_spawned","subagent_id":"sub","task":"Look around","depth":0"#)
        .row(r#""type":"subagent_event","subagent_id":"sub","inner":{"type":"assistant_message","text":"Nothing there"}"#)
        .row(r#""type":"subagent_completed","subagent_id":"sub","status":"completed","duration_ms":1500"#)
        .call("4", "write_file", r#"{"path":"b.txt","content":"new\n"}"#, r#""content":"ok","summary":"Created b.txt""#)
        .row(r#""type":"usage","role":"main","input_tokens":500,"output_tokens":100"#)
        .row(r#""type":"file.write.diff","note":"of the future""#)
        .answer("Done.");
    rows.text + "{\"type\": torn\n"
}

#[test]
fn steps_and_turns_are_gone_through() {
    let mut show = Show::of(&session());
    show.is_at(1).shows("Make a greeting").shows("step 1/14").shows("turn 1/2").shows("tokens: turn 1.5k in, 200 out");
    show.keys("ll").is_at(3).shows("I will read it first.");
    show.press(KeyCode::Left).is_at(2).shows("A thought");
    show.keys("L")
        .is_at(7)
        .shows("Go on")
        .shows("turn 2/2")
        .shows("turn 500 in, 100 out")
        .shows("all 2.0k in, 300 out");
    show.keys("[").is_at(1);
    show.keys("h").is_at(1).shows("the first step");
    show.keys("G").is_at(14).shows("Damaged row");
    show.keys("h").keys("h").is_at(12).shows("of the future").keys("g").is_at(1);
    show.keys(":7\n").is_at(7).keys("#99\n").is_at(14).shows("there are 14 steps");
}

#[test]
fn the_list_goes_along_with_some_steps_before_and_behind() {
    let log = (1..=60).fold(Rows::default(), |rows, number| rows.answer(&format!("number {number}."))).text;
    let conversation = Conversation::spool(log.as_bytes()).unwrap();
    let mut show = Show::with(conversation, options(), (100, 15));
    show.shows("number 10.").lacks("number 11.").keys("lllllll").shows("number 10.").lacks("number 11.");
    show.keys("l").shows("number 11.").lacks("number 1.").keys(":40\n").shows("number 35.").shows("number 44.");
    show.keys("G").shows("number 60.").shows("number 51.").lacks("number 50.");
    show.keys("hhhhhhhh").shows("number 50.").lacks("number 60.").keys("g").shows("number 10.").lacks("number 11.");
}

#[test]
fn edits_and_failures_are_jumped_to() {
    let mut show = Show::of(&session());
    show.keys("t").is_at(5).shows("-two").shows("+2").shows("rebuilt from earlier steps");
    show.keys("t").is_at(11).shows("+new").keys("t").is_at(11).shows("no edit behind this step");
    show.keys("T").is_at(5).keys("e").is_at(6).shows("failed, exit code 2").shows("$ make all");
    show.keys("e").is_at(14).keys("E").is_at(6);
}

#[test]
fn long_results_are_folded_to_their_ends() {
    let mut show = Show::of(&session());
    show.keys("e").shows("line 1").shows("… 39 more lines").shows("Exit code: 2").lacks("line 20");
    show.keys("\n").shows("line 20").lacks("more lines").keys("\n").lacks("line 20");
    show.keys("z").shows("line 20").keys("jjjjjjjjj").lacks("$ make all").shows("more").keys("z").lacks("line 20");
}

#[test]
fn diffs_have_three_forms() {
    let mut show = Show::of(&session());
    show.keys("t").shows("@@ -1,3 +1,3 @@").shows("1 1  one");
    show.keys("d").shows("diffs: side by side").shows("2 -two").shows("│ 2 +2");
    show.keys("d").shows("diffs: whole file").lacks("@@").shows("3 3  three");
    show.keys("d").shows("@@ -1,3 +1,3 @@");
    show.keys("x").shows(r#""old_string": "two""#).shows("at byte").keys("x").lacks("old_string");
}

#[test]
fn texts_are_searched_for() {
    let mut show = Show::of(&session());
    show.keys("/LINE 23\n").is_at(6).shows("line 23");
    let buffer = show.terminal.backend().buffer();
    assert!(buffer.content.iter().any(|cell| cell.symbol() == "2" && cell.fg == Color::Yellow));
    show.keys("n").is_at(6).shows("search went around");
    show.keys("g/o").shows("/o").keys("n\n").is_at(4).keys("n").is_at(7);
    show.keys("N").is_at(4).keys("/nowhere\n").shows("not found: nowhere").is_at(4);
    show.press(KeyCode::Esc).lacks("/nowhere");
    // The names of JSON are no text.
    show.keys("/subagent_id\n").shows("not found");
    show.keys("/of the future\n").is_at(12).keys("/a thought\n").is_at(2).keys("/Nothing\n").is_at(9);
    show.keys("/two\n").is_at(4).keys("n").is_at(5).keys("N").is_at(4).keys("N").is_at(5).shows("went around");
}

#[test]
fn a_result_far_away_is_found_and_shown() {
    let rows = Rows::default().row(r#""type":"tool_call","id":"1","name":"slow","arguments":{}"#);
    let between = "{\"type\":\"usage\"}\n".repeat(70_000);
    let rest =
        Rows::default().row(r#""type":"tool_result","call_id":"1","content":"at long last""#).answer("So it is.");
    let mut show = Show::of(&(rows.text + &between + &rest.text));
    show.keys("/long last\n").is_at(1).shows("at long last").keys("x").shows(r#""content": "at long last""#);
}

#[test]
fn every_place_is_found_from_everywhere() {
    let mut show = Show::of(&session());
    let length = show.player.log.timeline.len();
    let searches: [(&str, &[usize]); 3] =
        [("o", &[2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14]), ("line 2", &[6]), ("two", &[4, 5])];
    for (needle, hits) in searches {
        show.keys(&format!("/{needle}\n"));
        for from in 1..=length {
            let next = hits.iter().find(|&&hit| hit > from).unwrap_or(&hits[0]);
            show.keys(&format!(":{from}\nn")).is_at(*next);
            let before = hits.iter().rfind(|&&hit| hit < from).unwrap_or(&hits[hits.len() - 1]);
            show.keys(&format!(":{from}\nN")).is_at(*before);
        }
    }
}

#[test]
fn only_some_steps_are_shown() {
    let mut show = Show::of(&session());
    show.keys("f").shows("prompts and answers").shows("a.txt");
    show.keys("jjjj\n").shows("only edits").is_at(5).lacks("Make a greeting").keys("l").is_at(11);
    show.press(KeyCode::Esc).shows("Make a greeting").lacks("only edits");
    show.keys("f").press(KeyCode::End).keys("k\n").shows("only a.txt").is_at(5).keys("h").is_at(4);
    show.press(KeyCode::Esc).keys("s").shows("subagents hidden").lacks("Nothing there").shows("Look around");
    show.keys("s").shows("Nothing there");
    let mut show = Show::of(&Rows::default().prompt("x").text);
    show.keys("fjjjj\n").shows("there are none: edits").is_at(1);
}

#[test]
fn files_are_shown_as_they_are_at_the_playhead() {
    let mut show = Show::of(&session());
    show.keys("F").shows("changed, as the log tells").shows("0/1 a.txt").shows("Not changed yet at step #1");
    show.shows("there is no capture");
    show.keys("t").is_at(5).shows("1/1 a.txt").shows("1 of 1 change  +1 -1").shows("-two");
    show.keys("j").shows("b.txt · 0 of 1").keys("t").is_at(11).shows("+new");
    show.keys("k\n").is_at(5).lacks("as the log tells");
    show.press(KeyCode::Tab).shows("as the log tells").press(KeyCode::Esc).lacks("as the log tells");
}

#[test]
fn a_session_plays_as_it_happened_but_not_boringly_slow() {
    let rows = Rows::default().prompt("1").answer("2").answer("3");
    let log = rows.text.clone() + &rows.text.replace("08:00", "09:00");
    let mut show = Show::of(&log);
    show.keys(" ").shows("▶").wait(999).is_at(1).wait(1).is_at(2).wait(1000).is_at(3);
    // An hour lies between them.
    show.wait(1999).is_at(3).wait(1).is_at(4);
    show.keys("+").shows("2×").wait(499).is_at(4).wait(1).is_at(5);
    show.keys(" ").lacks("▶").wait(5000).is_at(5);
    show.keys("  ").keys(" ").wait(5000).is_at(6).lacks("▶");
    show.keys(" ").is_at(1).shows("▶").keys("i").shows("5 s at most").keys("--").shows("0.5×");
}

#[test]
fn what_goes_back_from_the_end_waits_for_it() {
    let edit = |rows: Rows, id: &str| {
        rows.call(id, "edit_file", r#"{"path":"a","old_string":"1","new_string":"2"}"#, OK)
            .answer(&"x ".repeat(200_000))
    };
    let log = edit(edit(edit(Rows::default(), "1"), "2"), "3").text;
    for (keys, wanted) in [("GT", 5), ("Gh", 5), ("GTg", 1)] {
        let mut show = Show {
            player: Player::new(Conversation::spool(log.as_bytes()).unwrap(), &Meta::default(), options()),
            terminal: Terminal::new(TestBackend::new(120, 40)).unwrap(),
            now: Instant::now(),
        };
        show.player.tick(show.now);
        assert!(!show.player.log.is_read);
        keys.chars().for_each(|key| show.player.key(KeyEvent::new(KeyCode::Char(key), KeyModifiers::NONE)));
        show.wait(0).is_at(wanted);
    }
}

#[test]
fn subagents_are_told_apart() {
    let spawned = |id: &str, depth: u64| {
        format!(r#""type":"subagent_spawned","subagent_id":"{id}","task":"task of {id}","depth":{depth}"#)
    };
    let says = |id: &str| {
        let inner = format!(r#"{{"type":"assistant_message","text":"words of {id}"}}"#);
        format!(r#""type":"subagent_event","subagent_id":"{id}","inner":{inner}"#)
    };
    let rows = [spawned("x", 0), spawned("y", 0), says("y"), spawned("z", 1), says("z"), says("x")];
    let log = rows.iter().fold(Rows::default(), |rows, row| rows.row(row)).text;
    let mut show = Show::of(&log);
    show.keys("G").shows("agent 1, x").shows("1 ┌ agent 1: task of x").shows("2 ┌ agent 2: task of y");
    show.shows("3 │2 ● words of y").shows("4 │ ┌ agent 3: task of z").shows("5 │ │3 ● words of z");
    show.shows("6 │1 ● words of x");
}

#[test]
fn it_begins_where_it_was_told_to() {
    let conversation = Conversation::spool(session().as_bytes()).unwrap();
    let options = Options { start: 10, is_playing: true, speed: 4.0, ..options() };
    let mut show = Show::with(conversation, options, (120, 40));
    show.is_at(11).shows("▶").shows("4×").wait(600).is_at(12);
    let conversation = Conversation::spool(session().as_bytes()).unwrap();
    let options = Options { start: 98, ..self::options() };
    Show::with(conversation, options, (120, 40)).is_at(14).shows("there are 14 steps");
}

#[test]
fn a_log_that_grows_is_followed_from_its_end() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |text: &str| {
        use std::io::Write as _;
        std::fs::OpenOptions::new().append(true).open(file.path()).unwrap().write_all(text.as_bytes()).unwrap();
    };
    write(&Rows::default().prompt("1").answer("2").text);
    let conversation = Conversation::open(crate::session::Source::Path(file.path().to_owned())).unwrap();
    let mut show = Show::with(conversation, options(), (120, 40));
    write(&Rows::default().answer("3").text);
    show.wait(100).lacks("step 1/3").wait(300).shows("step 1/3");
    show.keys("ll").is_at(3);
    write(&Rows::default().row(r#""type":"tool_call","id":"1","name":"bash","arguments":{"command":"ls"}"#).text);
    show.wait(300).is_at(4).shows("no result").shows("⇣");
    write(&Rows::default().row(r#""type":"tool_result","call_id":"1","content":"there","success":true"#).text);
    show.wait(300).is_at(4).shows("there").lacks("no result");
    write(r#"{"type":"user_mess"#);
    show.wait(300).shows("the last row has no end");
    show.keys("h");
    write("age\",\"text\":\"5\"}\n");
    show.wait(300).is_at(3).shows("step 3/5");
}

#[test]
fn what_comes_later_of_earlier_steps_is_shown_at_once() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let write = |rows: Rows| {
        use std::io::Write as _;
        std::fs::OpenOptions::new().append(true).open(file.path()).unwrap().write_all(rows.text.as_bytes()).unwrap();
    };
    let edit = |id: &str, old: &str, new: &str| {
        let arguments = format!(r#"{{"path":"a","old_string":"{old}","new_string":"{new}"}}"#);
        format!(r#""type":"tool_call","id":"{id}","name":"edit_file","arguments":{arguments}"#)
    };
    let whole = r#""content":"one\ntwo\nthree\n","success":true"#;
    let rows = Rows::default().call("1", "read_file", r#"{"path":"a"}"#, whole);
    write(rows.row(&edit("2", "two", "TWO")).row(&edit("3", "three", "THREE")));
    let conversation = Conversation::open(crate::session::Source::Path(file.path().to_owned())).unwrap();
    let mut show = Show::with(conversation, Options { start: 3, ..options() }, (120, 40));
    show.wait(300).is_at(3).shows("-three").shows(" two");
    write(Rows::default().row(&format!(r#""type":"tool_result","call_id":"2",{OK}"#)));
    show.wait(300).is_at(3).shows("-three").shows(" TWO");
}

#[test]
fn a_log_that_is_replaced_or_cut_off_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("log.jsonl");
    let write = |text: &str| std::fs::write(&path, text).unwrap();
    let replace = |text: &str| {
        let other = dir.path().join("other");
        std::fs::write(&other, text).unwrap();
        std::fs::rename(other, &path).unwrap();
    };
    write(&Rows::default().prompt("1").answer("2").answer("3").text);
    let conversation = Conversation::open(crate::session::Source::Path(path.clone())).unwrap();
    let mut show = Show::with(conversation, options(), (120, 40));
    show.keys("l").is_at(2);
    replace(&Rows::default().prompt("one").answer("two").answer("three").text);
    show.wait(300).is_at(2).shows("two").shows("the log was replaced").lacks("the log is gone");
    show.keys("l").is_at(3);
    replace(&Rows::default().prompt("one").answer("two").answer("three").answer("four").text);
    show.wait(300).is_at(4).shows("four").shows("⇣");
    show.keys("h").is_at(3);
    replace(&Rows::default().prompt("one").answer("other").text);
    show.wait(300).is_at(2).shows("other").shows("the log was replaced");
    // In place, and shorter.
    write(&Rows::default().prompt("again").text);
    show.wait(300).is_at(1).shows("again").shows("step 1/1").shows("the log was cut off");
    // In place, and longer.
    write(&Rows::default().prompt("again and again").answer("more").text);
    show.wait(300).is_at(2).shows("again and again").shows("step 2/2").shows("the log was replaced");
    std::fs::remove_file(&path).unwrap();
    show.wait(300).shows("the log is gone").shows("again").wait(9000).shows("the log is gone");
    write(&Rows::default().prompt("new").text);
    show.wait(300).shows("new").lacks("the log is gone");
    write("");
    show.wait(300).shows("step 0/0").shows("Nothing is in this log.");
    write(&Rows::default().prompt("last").text);
    show.wait(300).is_at(1).shows("last");
}

#[test]
fn the_mouse_points_at_steps_and_scrubs() {
    let mut show = Show::of(&session());
    show.click(5, 4)
        .is_at(3)
        .mouse(MouseEventKind::ScrollDown, 5, 4)
        .is_at(4)
        .mouse(MouseEventKind::ScrollUp, 5, 4)
        .is_at(3);
    show.click(119, 38).is_at(14).mouse(MouseEventKind::Drag(MouseButton::Left), 0, 2).is_at(1);
    show.mouse(MouseEventKind::Drag(MouseButton::Left), 60, 9).is_at(8);
    show.mouse(MouseEventKind::Up(MouseButton::Left), 60, 9)
        .mouse(MouseEventKind::Drag(MouseButton::Left), 0, 9)
        .is_at(8);
    show.keys("ez").mouse(MouseEventKind::ScrollDown, 80, 9).lacks("$ make all");
    show.keys("F").click(5, 4).shows("b.txt · ").click(5, 30).shows("b.txt · ");
    show.keys("Ff").click(60, 20).lacks("prompts and answers");
}

#[test]
fn wishes_are_passed_on() {
    let mut show = Show::of(&session());
    show.keys("tyq");
    assert_eq!(show.player.wishes(), [Wish::Copy("git glue-replay --start 5 s1".into()), Wish::Quit]);
    assert_eq!(show.player.wishes(), []);
    show.player.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert_eq!(show.player.wishes(), [Wish::Quit]);
    show.keys("?").shows("these keys").keys("x").lacks("these keys");
}

#[test]
fn without_colours_there_are_none() {
    let conversation = Conversation::spool(session().as_bytes()).unwrap();
    let mut show = Show::with(conversation, Options { is_colored: false, ..options() }, (120, 40));
    for keys in ["t", "F", "?"] {
        let buffer = show.keys(keys).terminal.backend().buffer();
        assert!(buffer.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    }
}

#[test]
fn narrow_screens_have_the_step_alone() {
    let conversation = Conversation::spool(session().as_bytes()).unwrap();
    let mut show = Show::with(conversation, options(), (40, 12));
    show.lacks("A thought").keys("l").shows("A thought").keys("F").shows("a.txt").shows("Not changed yet");
}

#[test]
fn an_empty_log_is_shown_too() {
    let mut show = Show::of("");
    show.shows("step 0/0")
        .shows("Nothing is in this log.")
        .keys("lhLHtTeEnN/x\n:3\nzdxsi+-yF\nffgG ")
        .wait(5000)
        .shows("step 0/0");
}

/// What nothing on a screen may be.
#[track_caller]
fn nothing_hidden(show: &Show) {
    for cell in &show.terminal.backend().buffer().content {
        assert!(cell.symbol().chars().all(|ch| hidden(ch).is_none()), "{:?}", cell.symbol());
    }
}

#[test]
fn nothing_of_a_log_is_obeyed() {
    let evil = "\\u001b[2J\\u001b]0;t\\u0007\\u202e\\u009b\\u200b\\r\\n\\tx";
    let log = session().replace("one", evil).replace("a.txt", evil).replace("make", evil).replace("Go on", evil);
    let log = log.replace("sub\"", &format!("{evil}\"")).replace("future", evil).replace("torn", "\x1b[2J\u{9b}");
    let mut show = Show::of(&log);
    for _ in 0..14 {
        for keys in ["d", "x", "x", "F", "F", "z", "f", "\n", "l"] {
            show.keys(keys);
            nothing_hidden(&show);
        }
    }
}

#[test]
fn every_size_is_drawn() {
    let log = session();
    let widths = || (0..=12).chain([20, 40, 79, 80, 81, 120, 200]);
    let sizes = (0..=12).chain([24, 60]).flat_map(|height| widths().map(move |width| (width, height)));
    for (width, height) in sizes {
        let conversation = Conversation::spool(log.as_bytes()).unwrap();
        let mut show = Show::with(conversation, options(), (width, height));
        for keys in ["t", "d", "F", "?", "q", "f", "\n", "/x"] {
            show.keys(keys);
        }
    }
}

fn row() -> impl Strategy<Value = String> {
    let text = "[a-c\\n\\t 世\u{1b}\u{202e}]{0,60}";
    let id = || prop_oneof![Just("1"), Just("2"), Just("3")];
    let name = prop_oneof![Just("bash"), Just("edit_file"), Just("write_file"), Just("read_file"), Just("apply_patch")];
    let json = |text: String| serde_json::json!(text).to_string();
    prop_oneof![
        text.prop_map(move |text| format!(r#""type":"user_message","text":{}"#, json(text))),
        text.prop_map(move |text| format!(r#""type":"assistant_message","text":{}"#, json(text))),
        (id(), name, text, text).prop_map(move |(id, name, one, other)| {
            let (one, other) = (json(one), json(other));
            format!(
                r#""type":"tool_call","id":"{id}","name":"{name}","arguments":{{"path":"p{id}","command":{one},"content":{one},"old_string":{one},"new_string":{other},"input":{other}}}"#
            )
        }),
        (id(), text).prop_map(move |(id, text)| {
            format!(r#""type":"tool_result","call_id":"{id}","content":{}"#, json(text))
        }),
        id().prop_map(|id| format!(r#""type":"subagent_spawned","subagent_id":"{id}","task":"t""#)),
        id().prop_map(|id| {
            format!(r#""type":"subagent_event","subagent_id":"{id}","inner":{{"type":"tool_call","id":"{id}","name":"bash","arguments":{{}}}}"#)
        }),
        id().prop_map(|id| format!(r#""type":"subagent_completed","subagent_id":"{id}","duration_ms":7"#)),
        Just(r#""type":"new.type","x":[1]"#.to_owned()),
        Just("broken".to_owned()),
    ]
}

#[derive(Debug, Clone)]
enum Hand {
    Key(KeyCode),
    Mouse(MouseEventKind, u16, u16),
    Size(u16, u16),
    Wait(u64),
}

fn hand() -> impl Strategy<Value = Hand> {
    let keys: Vec<char> = " lhLH[]jkgG:#tTeE\nzdx/nNfsF+-iy?q1 9b\u{1b}\t".chars().collect();
    let key = prop::sample::select(keys).prop_map(|key| match key {
        '\n' => KeyCode::Enter,
        '\u{1b}' => KeyCode::Esc,
        '\t' => KeyCode::Tab,
        '\u{8}' => KeyCode::Backspace,
        key => KeyCode::Char(key),
    });
    let kind = prop::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
    ]);
    prop_oneof![
        6 => key.prop_map(Hand::Key),
        2 => (kind, 0..210_u16, 0..70_u16).prop_map(|(kind, x, y)| Hand::Mouse(kind, x, y)),
        1 => (1..200_u16, 1..60_u16).prop_map(|(width, height)| Hand::Size(width, height)),
        1 => (0..4000_u64).prop_map(Hand::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nothing_that_hands_do_makes_it_fall(
        rows in prop::collection::vec(row(), 0..20),
        hands in prop::collection::vec(hand(), 0..60),
    ) {
        let log = rows.iter().fold(Rows::default(), |all, row| all.row(row));
        let mut show = Show::of(&log.text);
        for hand in hands {
            match hand {
                Hand::Key(code) => {
                    show.press(code);
                }
                Hand::Mouse(kind, x, y) => {
                    show.mouse(kind, x, y);
                }
                Hand::Size(width, height) => {
                    show.terminal.backend_mut().resize(width, height);
                }
                Hand::Wait(milliseconds) => {
                    show.wait(milliseconds);
                }
            }
            nothing_hidden(&show);
        }
    }
}
