//! `git glue-show`: what is known of one session, a diffstat, the head of its patch.

use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Seek};

use serde_json::{Value, json};

use super::painted::Painter;
use super::series::{self, Step};
use super::summary::{Summary, one_line};
use super::{Common, Exit, Failure, Program, Style, Ui, pager};
use crate::patch::Lines;
use crate::session::{Capture, Error, Latest, Older, Sidecar, Source, Store, Warning};

/// Show one session: what is known of it, a diffstat, the head of its patch
///
/// The diffstat has one part for each commit of the sandbox, and one each for what was staged and what was not committed.
/// Then come the first 40 lines of the patch; `git glue-diff` shows all of it.
///
/// On a terminal, the result goes through git's pager. Everything that the sandbox sent is shown escaped there: it cannot move the cursor, nor reorder what you read.
#[derive(Debug, clap::Parser)]
#[command(name = "git-glue-show", bin_name = "git glue-show", version)]
pub struct Args {
    /// Session id, a unique prefix of one, `latest`, a path to a session or an mbox file, or `-` for standard input
    #[arg(value_name = "id", default_value = "latest")]
    id: OsString,

    #[command(flatten)]
    common: Common,
}

/// How much of the patch is shown.
const LINES: usize = 40;

impl Program for Args {
    fn common(&self) -> &Common {
        &self.common
    }

    fn run(self, ui: &mut Ui) -> Result<Exit, Failure> {
        let source = Store::from_env().resolve(&self.id, Latest::Session)?;
        let summary = match &source {
            Source::Session(session) => Some(Summary::of(session)),
            Source::Path(_) | Source::Stdin => None,
        };
        let capture = match Capture::open(source) {
            Ok(capture) => Some(capture),
            Err(Error::NoCapture { .. }) => None,
            // What is known of the session is worth showing all the same.
            Err(error) if summary.is_some() => {
                ui.warn(error.to_string());
                None
            }
            Err(error) => return Err(error.into()),
        };
        let steps = capture.as_ref().map(series::steps).transpose().unwrap_or_else(|failure| {
            ui.warn(failure.message);
            None
        });
        if ui.json {
            ui.object(object(summary.as_ref(), capture.as_ref(), steps.as_deref()))?;
            return Ok(Exit::Done);
        }
        pager::start(ui)?;
        rows(ui, summary.as_ref(), capture.as_ref())?;
        for step in steps.iter().flatten() {
            ui.line("")?;
            step.show(ui)?;
        }
        if let Some(capture) = capture {
            ui.line("")?;
            ui.styled(Style::Dim, format!("--- patch (first {LINES} lines) ---"))?;
            ui.line("")?;
            head(ui, capture.file)?;
        }
        Ok(Exit::Done)
    }
}

fn rows(ui: &mut Ui, summary: Option<&Summary>, capture: Option<&Capture>) -> Result<(), Failure> {
    let id = summary.map(|summary| &summary.id).or(capture.map(|capture| &capture.id));
    ui.styled(Style::Bold, format!("Session {}", one_line(id.map_or("", String::as_str))))?;
    ui.line("")?;
    let mut rows = Rows(Vec::new());
    if let Some(summary) = summary {
        rows.session(summary);
    }
    if let Some(sidecar) = capture.and_then(|capture| capture.sidecar.as_ref()) {
        rows.sidecar(sidecar, summary.is_none());
    }
    match capture {
        Some(capture) => rows.capture(capture),
        None => rows.add("patch", Some(summary.map_or("-".into(), |summary| summary.patch().replace("patch=", "")))),
    }
    for (key, value) in rows.0 {
        ui.styled(Style::Dim, format!("  {key:<11}"))?;
        ui.line(format!(" {}", one_line(&value)))?;
    }
    Ok(())
}

/// Rows that have something to say, in their order.
struct Rows(Vec<(&'static str, String)>);

impl Rows {
    fn add(&mut self, key: &'static str, value: Option<String>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.0.push((key, value));
        }
    }

    fn session(&mut self, summary: &Summary) {
        let meta = match &summary.meta {
            Ok(meta) => meta,
            Err(damage) => return self.add("damaged", Some(damage.to_string())),
        };
        self.add("started", meta.start_time.clone());
        self.add("closed", meta.runtime_closed_at.clone().or(meta.end_time.clone()));
        self.add("status", Some(meta.status().to_owned()));
        self.add("title", Some(summary.title()));
        self.add("directory", Some(meta.cwd.clone()));
        // Sessions that a capture made know of no model.
        let model = Some(meta.model());
        self.add("model", model.filter(|model| model != "unknown/unknown"));
        self.add("runtime", Some(meta.runtime().to_owned()));
        self.add("sandbox", meta.sandbox_id.clone());
        self.add("bootstrap", meta.runtime_bootstrap_sha.clone());
        for problem in &meta.problems {
            self.add("damaged", Some(format!("meta.json: {problem}")));
        }
    }

    /// What meta.json has said is not said again.
    fn sidecar(&mut self, sidecar: &Sidecar, alone: bool) {
        if alone {
            self.add("title", sidecar.title.clone());
            self.add("runtime", Some(sidecar.runtime_id.clone()));
            self.add("sandbox", sidecar.sandbox_id.clone());
        }
        if !self.0.iter().any(|(key, _)| *key == "bootstrap") {
            self.add("bootstrap", sidecar.bootstrap_sha.clone());
        }
        self.add("captured", Some(sidecar.captured_at.clone()));
        self.add("older", sidecar.older.as_ref().map(|older| format!("no newer capture: {}", older.reason)));
        self.add("head tree", sidecar.head_tree.clone());
        self.add("index tree", sidecar.index_tree.clone());
        self.add("work tree", sidecar.worktree_tree.clone());
    }

    fn capture(&mut self, capture: &Capture) {
        let path = capture.path.as_ref().map_or("standard input".into(), |path| path.display().to_string());
        let truncated = if capture.truncated { ", truncated" } else { "" };
        self.add("patch", Some(format!("{path} ({} bytes{truncated})", capture.size)));
        for warning in capture.sidecar.iter().flat_map(|sidecar| &sidecar.warnings) {
            self.add("warning", Some(whole(warning)));
        }
        for problem in &capture.problems {
            self.add("warning", Some(problem.to_string()));
        }
    }
}

/// A warning with all of its paths: our messages name the first of them, others' may name none.
fn whole(warning: &Warning) -> String {
    const NAMED: usize = 3;
    let (first, rest) = warning.paths.split_at(warning.paths.len().min(NAMED));
    let message = &warning.message;
    match (message.contains(&first.join(", ")), rest) {
        (true, []) => message.clone(),
        (true, rest) => format!("{message}; also {}", rest.join(", ")),
        (false, _) => format!("{message}: {}", warning.paths.join(", ")),
    }
}

fn object(summary: Option<&Summary>, capture: Option<&Capture>, steps: Option<&[Step]>) -> Value {
    json!({
        "session": summary.map(Summary::to_json),
        "capture": capture.map(|capture| json!({
            "id": capture.id,
            "path": capture.path.as_ref().map(|path| path.to_string_lossy()),
            "size_bytes": capture.size,
            "truncated": capture.truncated,
            "older": capture.sidecar.as_ref().and_then(|sidecar| sidecar.older.as_ref()).map(Older::to_map),
            "sidecar": capture.sidecar.as_ref().map(Sidecar::to_map),
            "warnings": capture.sidecar.iter().flat_map(|s| &s.warnings).map(|w| w.to_map()).collect::<Vec<_>>(),
            "problems": capture.problems.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })),
        "entries": steps.map(|steps| steps.iter().map(Step::to_json).collect::<Vec<_>>()),
    })
}

/// The first lines of the patch, without the headers that only programs read.
fn head(ui: &mut Ui, mut file: File) -> Result<(), Failure> {
    const LONGEST: usize = 1000;
    let failed = |error: std::io::Error| Failure::new(Exit::Failed, "io", format!("cannot read the capture: {error}"));
    file.rewind().map_err(failed)?;
    let mut lines = Lines::new(BufReader::new(file));
    let (mut shown, mut painter) = (0, Painter::default());
    while shown < LINES && lines.advance(LONGEST).map_err(failed)? {
        let mut line = lines.line().to_vec();
        line.truncate(LONGEST);
        line.push(b'\n');
        painter.advance(&line);
        if painter.long_header(&line).is_none() {
            painter.show(ui, &line)?;
            shown += 1;
        }
    }
    Ok(())
}
