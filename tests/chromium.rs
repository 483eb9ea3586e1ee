//! A browser without a window, to look at pages as people do: with keys and clicks. It is spoken to over two pipes, in
//! JSON that ends with a NUL (`--remote-debugging-pipe` of the DevTools protocol).

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Nothing takes longer, or it has failed.
const LONGEST: Duration = Duration::from_secs(30);

/// A browser with one page. It ends when it is dropped.
pub(crate) struct Browser {
    process: Child,
    requests: ChildStdin,
    answers: Receiver<Value>,
    /// What the browser told without being asked.
    events: Vec<Value>,
    session: Option<String>,
    number: u64,
    /// Where it keeps what it keeps.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts a browser; none where this machine has none, which is said.
    pub(crate) fn start() -> Option<Browser> {
        let program = chromium()?;
        let profile = tempfile::tempdir().unwrap();
        // The pipes have to be 3 and 4. As root it runs without a sandbox or not at all; its pages are our own.
        let script = "exec \"$0\" --headless --no-sandbox --disable-gpu --no-first-run --disable-extensions \
                      --disable-background-networking --disable-component-update --disable-dev-shm-usage \
                      --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<&0 4>&1 </dev/null >/dev/null 2>&1";
        let mut process = Command::new("/bin/sh")
            .args(["-c", script])
            .arg(program)
            .arg(profile.path())
            .env("HOME", profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (requests, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (send, answers) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(stdout).split(0).map_while(Result::ok) {
                let Ok(message) = serde_json::from_slice::<Value>(&message) else { continue };
                if send.send(message).is_err() {
                    break;
                }
            }
        });
        let (events, session) = (Vec::new(), None);
        let mut browser = Browser { process, requests, answers, events, session, number: 0, _profile: profile };
        let targets = browser.call("Target.getTargets", json!({}));
        let page = targets["targetInfos"].as_array().unwrap().iter().find(|target| target["type"] == "page").unwrap();
        let attached = json!({ "targetId": page["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attached);
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        browser.call("Page.setLifecycleEventsEnabled", json!({ "enabled": true }));
        browser.size(1280, 900);
        Some(browser)
    }

    /// Asks for something, and waits for the answer.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.number += 1;
        let mut request = json!({ "id": self.number, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            request["sessionId"] = session.as_str().into();
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        let end = Instant::now() + LONGEST;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let mut answer = self.answers.recv_timeout(left).unwrap_or_else(|error| panic!("{method}: {error}"));
            if answer["id"] == self.number {
                assert!(answer.get("error").is_none(), "{method}: {}", answer["error"]);
                return answer["result"].take();
            }
            self.events.push(answer);
        }
    }

    /// Goes to a file, at a fragment such as `#s3`, and waits until it is there.
    pub(crate) fn open(&mut self, file: &Path, fragment: &str) {
        // Between two fragments of one file nothing would be loaded.
        for url in ["about:blank".to_owned(), format!("file://{}{fragment}", file.display())] {
            let loader = self.call("Page.navigate", json!({ "url": url }))["loaderId"].take();
            let is_loaded = |event: &Value| {
                event["method"] == "Page.lifecycleEvent"
                    && event["params"]["name"] == "load"
                    && event["params"]["loaderId"] == loader
            };
            let end = Instant::now() + LONGEST;
            while !self.events.iter().any(is_loaded) {
                let event = self.answers.recv_timeout(end.saturating_duration_since(Instant::now()));
                self.events.push(event.expect("the page is loaded"));
            }
        }
    }

    pub(crate) fn size(&mut self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", size);
    }

    /// What a JavaScript expression is on the page.
    #[track_caller]
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let asked = json!({ "expression": expression, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", asked);
        assert!(answer.get("exceptionDetails").is_none(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    /// Waits until an expression is that.
    #[track_caller]
    pub(crate) fn expect(&mut self, expression: &str, wanted: impl Into<Value>) {
        let (wanted, end) = (wanted.into(), Instant::now() + Duration::from_secs(10));
        loop {
            let value = self.value(expression);
            if value == wanted {
                return;
            }
            assert!(Instant::now() < end, "{expression} is {value}, not {wanted}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Presses keys, one after the other: characters, or names such as `Escape`.
    pub(crate) fn keys(&mut self, keys: &[&str]) {
        for key in keys {
            let text = match *key {
                "Enter" => "\r",
                key if key.chars().count() == 1 => key,
                _ => "",
            };
            let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
            self.call("Input.dispatchKeyEvent", json!({ "type": kind, "key": key, "text": text }));
            self.call("Input.dispatchKeyEvent", json!({ "type": "keyUp", "key": key }));
        }
    }

    /// Clicks on an element, that far into it: 0.5 of its width is its middle.
    #[track_caller]
    pub(crate) fn click(&mut self, selector: &str, across: f64) {
        self.mouse(&["mouseMoved", "mousePressed", "mouseReleased"], selector, across);
    }

    /// Moves the pointer onto an element, that far into it.
    #[track_caller]
    pub(crate) fn hover(&mut self, selector: &str, across: f64) {
        self.mouse(&["mouseMoved"], selector, across);
    }

    #[track_caller]
    fn mouse(&mut self, kinds: &[&str], selector: &str, across: f64) {
        let place = format!(
            "(() => {{ const box = document.querySelector({}).getBoundingClientRect(); \
             return [box.left + box.width * {across}, box.top + Math.min(box.height / 2, 20)]; }})()",
            json!(selector)
        );
        let place = self.value(&place);
        for kind in kinds {
            let mut event = json!({ "type": kind, "x": place[0], "y": place[1] });
            if *kind != "mouseMoved" {
                (event["button"], event["clickCount"]) = ("left".into(), 1.into());
            }
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// What went wrong or went out since the browser was started: errors, what a policy forbade, requests.
    pub(crate) fn problems(&mut self) -> Vec<String> {
        self.value("1");
        let is_problem = |event: &&Value| match event["method"].as_str().unwrap_or_default() {
            "Log.entryAdded" | "Runtime.exceptionThrown" | "Runtime.consoleAPICalled" => true,
            "Network.requestWillBeSent" => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                event["params"]["type"] != "Document" || !(url.starts_with("file:") || url == "about:blank")
            }
            _ => false,
        };
        self.events.iter().filter(is_problem).map(Value::to_string).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its other processes end with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[allow(clippy::print_stderr, reason = "a test that is skipped says so")]
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let found = names.iter().find_map(|name| dirs.iter().map(|dir| dir.join(name)).find(|program| program.is_file()));
    if found.is_none() {
        eprintln!("skipped: this machine has no chromium");
    }
    found
}
