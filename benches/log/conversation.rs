//! A long conversation of version 1, as an agent that works on this repository would leave it behind.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Value, json};

/// What was made.
pub struct Made {
    pub bytes: u64,
    pub rows: u64,
    pub longest: usize,
}

/// Makes a conversation of one row that has at least `size` bytes. Its path, and how many it has.
pub fn one_row(path: &Path, size: u64) -> (String, u64) {
    let source = sources().concat();
    let text = source.repeat(usize::try_from(size).unwrap() / source.len() + 1);
    let row = json!({
        "schema_version": 1, "event_id": "s:1", "session_id": "s", "timestamp": "2026-08-12T09:00:00.200000Z",
        "type": "user_message", "sequence": 1, "text": text,
    });
    let row = format!("{row}\n");
    fs::write(path, &row).unwrap();
    (path.to_str().unwrap().to_owned(), row.len() as u64)
}

struct Log {
    id: String,
    out: BufWriter<File>,
    made: Made,
}

/// Makes a session in `folder` with at least `size` bytes of rows.
pub fn make(folder: &Path, size: u64) -> Made {
    fs::create_dir_all(folder).unwrap();
    let id = folder.file_name().unwrap().to_str().unwrap().to_owned();
    let meta = json!({
        "schema_version": 5, "id": id, "glue_version": "0.9.0", "transcript_schema_version": 1, "cwd": "/w",
        "model_ref": "anthropic/claude-sonnet-5", "start_time": "2026-08-12T09:00:00.000Z", "termination_status": "running",
    });
    fs::write(folder.join("meta.json"), meta.to_string()).unwrap();
    let out = BufWriter::with_capacity(1 << 20, File::create(folder.join("conversation.jsonl")).unwrap());
    let mut log = Log { id, out, made: Made { bytes: 0, rows: 0, longest: 0 } };
    let sources = sources();
    let mut turn = 0;
    while log.made.bytes < size {
        log.turn(turn, &sources);
        turn += 1;
    }
    log.row("assistant_message", json!({ "model_ref": MODEL, "text": LAST }));
    log.out.flush().unwrap();
    log.made
}

impl Log {
    /// A prompt, and ten times: a thought, a call, what came of it; then an answer.
    fn turn(&mut self, turn: usize, sources: &[String]) {
        let source = |step: usize| &sources[(turn * 7 + step * 3) % sources.len()];
        let lines = |text: &str, from: usize, count: usize| -> String {
            text.split_inclusive('\n').skip(from).take(count).collect()
        };
        let begin = if turn == 0 { FIRST } else { "" };
        self.row("user_message", json!({ "text": format!("{begin} {}", lines(source(0), 0, 6)) }));
        for step in 0..10 {
            let (text, id) = (source(step), format!("toolu_{turn:06}_{step}"));
            self.row("assistant_message", json!({ "model_ref": MODEL, "text": lines(text, 0, 4) }));
            let path = format!("src/part{step}/mod.rs");
            let (name, arguments, content, metadata) = match step % 5 {
                0 | 1 => {
                    let content = lines(text, 20, 180);
                    ("read_file", json!({ "path": path }), content, json!({ "path": path, "bytes": 4000 }))
                }
                2 => {
                    let (old, new) = (lines(text, 30, 12), lines(text, 60, 14));
                    let diff = json!({ "path": path, "old_text": text, "new_text": text });
                    let arguments = json!({ "path": path, "old_string": old, "new_string": new });
                    ("edit_file", arguments, format!("Applied edit to {path}"), json!({ "path": path, "diff": diff }))
                }
                3 => {
                    let arguments = json!({ "command": format!("cargo test {step}"), "timeout_seconds": 120 });
                    let content =
                        format!("{}Exit code: 0\n", "test some::name::of::a::test ... ok\n".repeat(40 + turn % 90));
                    ("bash", arguments, content, json!({ "exit_code": 0, "stdout_bytes": 1, "stderr_bytes": 0 }))
                }
                _ => {
                    let content = lines(text, 0, 30);
                    ("grep", json!({ "pattern": "fn", "path": "src" }), content, json!({ "match_count": 30 }))
                }
            };
            self.row("tool_call", json!({ "id": id, "name": name, "arguments": arguments }));
            let result = json!({ "call_id": id, "content": content, "success": true, "status": "completed",
                "summary": format!("{name} {path}"), "metadata": metadata });
            self.row("tool_result", result);
        }
        let tokens = json!({ "role": "main", "model_ref": MODEL, "input_tokens": 2210, "output_tokens": 340,
            "cache_read_tokens": 180_000, "turn_count": 11 });
        self.row("usage", tokens);
        self.row("assistant_message", json!({ "model_ref": MODEL, "text": lines(source(5), 0, 15) }));
    }

    fn row(&mut self, kind: &str, payload: Value) {
        self.made.rows += 1;
        let (id, sequence) = (&self.id, self.made.rows);
        let (minutes, seconds) = (sequence / 60 % 60, sequence % 60);
        let mut row = json!({
            "schema_version": 1, "event_id": format!("{id}:{sequence}"), "session_id": id,
            "timestamp": format!("2026-08-12T09:{minutes:02}:{seconds:02}.200000Z"), "type": kind, "sequence": sequence,
            "turn_id": format!("{id}:turn:1786525200200000"), "request_id": format!("{id}:request:1786525202010000"),
        });
        row.as_object_mut().unwrap().extend(payload.as_object().unwrap().clone());
        let mut row = row.to_string();
        row.push('\n');
        self.out.write_all(row.as_bytes()).unwrap();
        self.made.bytes += row.len() as u64;
        self.made.longest = self.made.longest.max(row.len());
    }
}

/// What the first prompt begins with, and what the last message says: no character of either is anywhere else, so that both
/// are drawn as they are, whatever was on the screen before.
pub const FIRST: &str = "①②③④";
pub const LAST: &str = "⑤⑥⑦⑧";

const MODEL: &str = "anthropic/claude-sonnet-5";

/// The files of this repository's source.
fn sources() -> Vec<String> {
    let (mut folders, mut sources) = (vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                sources.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    sources.sort();
    sources
}
