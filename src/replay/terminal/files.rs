//! The files: which ones were changed, what has become of one up to the playhead, and which ones the capture says were
//! changed by something that the log does not tell.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Player;
use super::body::{self, Look};
use super::diff::counts;
use super::log::Log;
use super::text::{Breaks, Page, brief, cut};
use super::theme::{ACCENT, BAD, BOLD, CHOSEN, DIM, GOOD, PLAIN, WARN};
use crate::audit::{Layout, escape};
use crate::replay::{Difference, Step, Unseen, UnseenFile, unseen};
use crate::session::{Capture, Error, Source, counted};

/// The view of files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    /// Which one of the list is chosen.
    pub(super) cursor: usize,
    top: usize,
}

/// A file of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// One that the log tells of: its name, how often it has been changed up to the playhead, and in all.
    Told(String, usize, usize),
    /// One that only the capture tells of: its place there.
    Unseen(usize),
}

/// What the capture says beside the log; found out when the files are looked at.
#[derive(Debug, Default)]
pub(super) enum Beside {
    #[default]
    NotAsked,
    /// There is no capture.
    None,
    Failed(String),
    Known(Unseen),
}

/// More steps of one file are not shown one by one.
const MOST_STEPS: usize = 50;

impl Player {
    /// Compares the log with the capture, once all of the log is known and somebody looks.
    pub(super) fn compare(&mut self) -> bool {
        if self.files.is_none() || !self.log.is_read || !matches!(self.beside, Beside::NotAsked) {
            return false;
        }
        self.beside = self.compared();
        true
    }

    fn compared(&self) -> Beside {
        let Some(session) = &self.log.conversation.session else { return Beside::None };
        let capture = match Capture::open(Source::Session(session.clone())) {
            Ok(capture) => capture,
            Err(Error::NoCapture { .. }) => return Beside::None,
            Err(error) => return Beside::Failed(error.to_string()),
        };
        match unseen(capture, &self.log.conversation, &self.log.timeline) {
            Ok(unseen) => Beside::Known(unseen),
            Err(error) => Beside::Failed(error.to_string()),
        }
    }

    /// The list of files as it is now.
    pub(super) fn items(&self) -> Vec<Item> {
        let told = self.log.timeline.files().iter().filter_map(|file| {
            let changes = self.log.changed_by(&file.path);
            let so_far = changes.iter().filter(|&&step| step <= self.at).count();
            Some(changes.len()).filter(|&all| all > 0).map(|all| Item::Told(file.path.clone(), so_far, all))
        });
        let unseen = match &self.beside {
            Beside::Known(unseen) => unseen.files.len(),
            _ => 0,
        };
        told.chain((0..unseen).map(Item::Unseen)).collect()
    }

    /// The file under the cursor, if the log tells of it.
    pub(super) fn chosen_file(&self) -> Option<String> {
        let files = self.files?;
        match self.items().get(files.cursor) {
            Some(Item::Told(path, ..)) => Some(path.clone()),
            _ => None,
        }
    }

    pub(super) fn draw_files(&mut self, area: Rect, buffer: &mut Buffer) {
        let (items, height) = (self.items(), usize::from(area.height));
        let Some(files) = &mut self.files else { return };
        files.cursor = files.cursor.min(items.len().saturating_sub(1));
        let rows = rows(&items, &self.beside);
        let place = rows.iter().position(|(item, _)| *item == Some(files.cursor)).unwrap_or(0);
        files.top = files.top.clamp((place + 1).saturating_sub(height.max(1)), place);
        if files.cursor == 0 {
            files.top = 0;
        }
        let (top, cursor) = (files.top, files.cursor);
        let shown: Vec<_> = rows.into_iter().skip(top).take(height).collect();
        for ((item, row), y) in shown.iter().zip(area.y..) {
            buffer.set_line(area.x, y, row, area.width);
            if *item == Some(cursor) {
                buffer.set_style(Rect { y, height: 1, ..area }.intersection(area), CHOSEN);
            }
        }
        self.areas.items = shown.into_iter().map(|(item, _)| item).collect();
    }

    /// What has become of the chosen file.
    pub(super) fn file_page(&mut self, width: usize) -> Page {
        let mut page = Page::new(width);
        let item = self.files.and_then(|files| self.items().into_iter().nth(files.cursor));
        match (item, &self.beside) {
            (Some(Item::Told(path, so_far, all)), _) => {
                told(&mut page, &mut self.log, &self.look, (&path, so_far, all), self.at);
            }
            (Some(Item::Unseen(number)), Beside::Known(unseen)) => {
                if let Some(file) = unseen.files.get(number) {
                    beside(&mut page, file, &self.look);
                }
            }
            _ => page.text("No file was changed, as far as the log tells.", 0, Breaks::Words, 2, |_| DIM),
        }
        page
    }
}

/// The rows of the list, and which file each is of.
fn rows(items: &[Item], beside: &Beside) -> Vec<(Option<usize>, Line<'static>)> {
    let note = |text: String| (None, Line::styled(text, DIM));
    let mut rows = vec![note("changed, as the log tells".into())];
    let is_told = |item: &&Item| matches!(item, Item::Told(..));
    let count = items.iter().filter(is_told).count();
    for (number, item) in items.iter().enumerate() {
        match (item, beside) {
            (Item::Told(path, so_far, all), _) => {
                let style = if *so_far == 0 { DIM } else { PLAIN };
                let spans = vec![
                    Span::styled(format!("{:>7} ", format!("{so_far}/{all}")), if *so_far == 0 { DIM } else { ACCENT }),
                    Span::styled(brief(path), style),
                ];
                rows.push((Some(number), Line::from(spans)));
            }
            (Item::Unseen(unseen), Beside::Known(known)) => {
                if number == count {
                    rows.push((None, Line::default()));
                    rows.push((None, Line::styled("changed outside of the log", WARN)));
                }
                let Some(file) = known.files.get(*unseen) else { continue };
                let mut spans = match file.how {
                    Difference::Undone => vec![Span::styled("  undone ", WARN)],
                    _ => lines(file).to_vec(),
                };
                spans.push(Span::raw(format!(" {}", escape(&file.path, Layout::Line))));
                rows.push((Some(number), Line::from(spans)));
            }
            (Item::Unseen(_), _) => {}
        }
    }
    if count == 0 {
        rows.push(note("  none".into()));
    }
    match beside {
        Beside::NotAsked => rows.extend([note(String::new()), note("the capture comes when all is read".into())]),
        Beside::Failed(why) => rows.extend([note(String::new()), (None, Line::styled(brief(why), BAD))]),
        Beside::None => {
            let notes = ["", "What a command changed is not in the", "log, and there is no capture."];
            rows.extend(notes.map(|text| note(text.into())));
        }
        Beside::Known(unseen) if unseen.files.is_empty() => {
            let notes = ["", "The capture has nothing that the log", "does not tell."];
            rows.extend(notes.map(|text| note(text.into())));
        }
        Beside::Known(_) => {}
    }
    rows
}

/// All that was done to a file up to the playhead; where that is not known, one edit after another.
fn told(page: &mut Page, log: &mut Log, look: &Look, (path, so_far, all): (&str, usize, usize), playhead: usize) {
    let at = log.recovery.file_at(&log.conversation, &log.timeline, path, playhead);
    let Some(at) = log.said(at) else { return };
    let mut spans = vec![
        Span::styled(cut(&brief(path), page.width).into_owned(), BOLD),
        Span::styled(format!(" · {so_far} of {}", counted(all, "change", "changes")), DIM),
    ];
    let hunks = at.whole.as_ref().map(|text| text.hunks());
    if let Some(hunks) = &hunks {
        let (added, removed) = counts(hunks);
        spans.extend([Span::styled(format!("  +{added}"), GOOD), Span::styled(format!(" -{removed}"), BAD)]);
    }
    page.row(spans);
    let changed = log.changed_by(path);
    let steps: Vec<_> = changed.iter().take(12).map(|step| format!("#{}", step + 1)).collect();
    let more = if changed.len() > 12 { " …" } else { "" };
    let of = if changed.len() == 1 { "step" } else { "steps" };
    page.text(&format!("in {of} {}{more}", steps.join(" ")), 0, Breaks::Words, 2, |_| DIM);
    page.blank();
    if so_far == 0 {
        page.text(&format!("Not changed yet at step #{}.", playhead + 1), 0, Breaks::Words, 2, |_| DIM);
        return;
    }
    match hunks {
        Some(_) if at.whole.as_ref().is_some_and(|text| text.before.is_empty() && text.after.is_empty()) => {
            page.text("It is empty.", 0, Breaks::Words, 2, |_| DIM);
        }
        Some(hunks) if hunks.is_empty() => {
            page.text("As it was: nothing applied so far made a difference.", 0, Breaks::Words, 2, |_| DIM);
        }
        Some(hunks) => page.diff(&hunks, at.whole.as_ref(), look.form, true),
        None => {
            let text = "What it was at first is not recorded. One change after another:";
            page.text(text, 0, Breaks::Words, 3, |_| DIM);
            for step in at.steps.into_iter().rev().take(MOST_STEPS) {
                one(page, log, look, path, step);
            }
        }
    }
}

/// What one step did to a file.
fn one(page: &mut Page, log: &mut Log, look: &Look, path: &str, step: usize) {
    let Some(step) = log.step(step) else { return };
    let Step { number, .. } = step;
    for change in log.changes(&step).iter().filter(|change| change.path == path) {
        page.blank();
        page.row(vec![Span::styled(format!("step #{}", number + 1), ACCENT)]);
        body::change(page, change, look.form);
    }
}

/// The lines that the capture adds and removes.
fn lines(file: &UnseenFile) -> [Span<'static>; 2] {
    [Span::styled(format!("  +{}", file.added), GOOD), Span::styled(format!(" -{}", file.removed), BAD)]
}

/// What the capture says of a file.
fn beside(page: &mut Page, file: &UnseenFile, look: &Look) {
    let path = escape(&file.path, Layout::Line);
    let mut spans = vec![Span::styled(path.into_owned(), BOLD)];
    if file.how != Difference::Undone {
        spans.extend(lines(file));
    }
    page.row(spans);
    page.text(file.how.why(), 0, Breaks::Words, 4, |_| WARN);
    page.blank();
    page.diff(&String::from_utf8_lossy(&file.diff), None, look.form, true);
}
