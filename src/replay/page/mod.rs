//! A session as one page that needs nothing else: no network, no server. Without script it is to be read and printed; with
//! it, the same elements are what is played.
//!
//! | file | holds |
//! |---|---|
//! | `html` | the only way to the page: foreign text cannot become markup |
//! | `clean` | secrets and homes, out of the texts before they are shown |
//! | `step`, `call`, `diff`, `markdown`, `clip` | one step |
//! | `files` | the files, and all that was done to each so far |
//! | `frame` | what is around the steps |
//! | `page.css`, `player.html`, `script/` | how it looks, what it is steered with, what that does |
//!
//! It is written step by step: a log of any size becomes a page with little in memory. What is long is clipped, and said so
//! in its place.

mod call;
mod clean;
mod clip;
mod diff;
mod files;
mod frame;
mod html;
mod markdown;
mod step;

use std::io::{self, Write};
use std::ops::Range;

use self::clean::Clean;
use self::files::Files;
use self::html::Html;
use self::step::{On, Shown};
use super::{Act, Beside, Kind, Pace, Recovery, Step, Timeline};
use crate::audit::Redactor;
use crate::session::{Conversation, Meta};

/// What becomes a page.
#[derive(Debug)]
pub struct Page<'a> {
    /// The log.
    pub conversation: &'a Conversation,
    /// What is known of its session.
    pub meta: &'a Meta,
    /// The log's steps, all of them.
    pub timeline: &'a Timeline,
    /// Where the capture differs from the log.
    pub beside: &'a Beside,
    /// The steps to be shown, from 0.
    pub steps: Range<usize>,
}

/// The turns' prompts, with their steps from 1.
struct Outline(Vec<(usize, String)>);

impl Page<'_> {
    /// Writes the page; how large it is, in bytes. With a redactor, what that finds is not in it.
    ///
    /// # Errors
    /// When the log cannot be read, or the page not be written.
    pub fn write(&self, redactor: Option<&mut Redactor>, out: &mut dyn Write) -> io::Result<u64> {
        let (mut html, mut clean) = (Html::new(out), Clean(redactor));
        let (mut files, mut outline) = (Files::default(), Outline(Vec::new()));
        frame::head(&mut html, self, &mut clean)?;
        let pace = self.write_steps(&mut html, &mut clean, &mut files, &mut outline)?;
        if self.steps.is_empty() {
            html.element("p", &[("class", "note")], "The log is empty.")?;
        }
        frame::unseen(&mut html, self.beside.files(), &mut clean)?;
        html.raw("</main>\n")?;
        frame::contents(&mut html, &outline, &files, self.beside, &mut clean)?;
        frame::tail(&mut html, &files, pace, &clean)?;
        Ok(html.written)
    }

    fn write_steps(
        &self,
        html: &mut Html,
        clean: &mut Clean,
        files: &mut Files,
        outline: &mut Outline,
    ) -> io::Result<Pace> {
        let (mut recovery, mut times, mut turn) = (Recovery::default(), Vec::new(), None);
        for number in 0..self.steps.end {
            let Some(mark) = self.timeline.mark(number) else { break };
            // What was done to files before the first step that is shown counts.
            let is_shown = number >= self.steps.start;
            if !is_shown && !mark.is_change() {
                continue;
            }
            let Some(mut step) = Step::read(self.conversation, self.timeline, number)? else { break };
            let changes = recovery.changes(self.conversation, self.timeline, &step)?;
            let mut shown = Vec::new();
            for mut change in changes {
                clean.change(&mut change);
                let hunks = change.hunks();
                shown.push(Shown { file: files.take(number + 1, &change, &hunks), hunks, change });
            }
            if !is_shown {
                continue;
            }
            let agent = step.agent.as_ref().and_then(|id| self.timeline.agent(id)).map(|agent| agent.number);
            let paths = self.paths(&step, clean);
            clean.step(&mut step);
            times.push(step.at);
            let now = Some(self.timeline.turn_of(number));
            if now != turn {
                html.raw(if turn.is_some() { "</section>\n" } else { "" })?;
                let here = now.flatten();
                frame::turn(html, here, here.and_then(|turn| self.timeline.turns().get(turn)))?;
                turn = now;
            }
            if mark.kind() == Kind::Prompt && step.agent.is_none() {
                outline.0.push((number + 1, prompt(&step.act)));
            }
            step::step(html, &step, mark, On { paths: &paths, changes: &shown, agent })?;
        }
        html.raw(if turn.is_some() { "</section>\n" } else { "" })?;
        Ok(Pace::of(times))
    }

    /// The files that a step is about, as they are shown.
    fn paths(&self, step: &Step, clean: &mut Clean) -> Vec<String> {
        let Act::Call { call, .. } = &step.act else { return Vec::new() };
        self.timeline.files_of(call).into_iter().map(|(_, path)| clean.text(&path).into_owned()).collect()
    }
}

/// A prompt in a line.
fn prompt(act: &Act) -> String {
    match act {
        Act::Prompt(text) if text.trim().is_empty() => "(empty)".into(),
        Act::Prompt(text) => clip::first_line(text, 90),
        _ => "(not to be read)".into(),
    }
}
