//! What meta.json is told of the events: how many messages there are, and the title.

use crate::log::fields::{Field, Fields};
use crate::session::{Conversation, Error, LONGEST_ROW, Meta, Rows, Session, now};

use super::fill::Filled;

/// What there is to tell.
#[derive(Debug, Default)]
pub(super) struct Tally {
    messages: u64,
    title: Option<(String, Title)>,
    /// The title is in meta.json.
    is_told: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Title {
    First,
    Better,
    OfThePerson,
}

impl Tally {
    /// The title that the person gave, if that is all.
    pub(super) fn titled(title: Option<String>) -> Tally {
        Tally { title: title.map(|title| (title, Title::OfThePerson)), ..Tally::default() }
    }

    /// That of a whole conversation.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn of(session: &Session) -> Result<Tally, Error> {
        let mut tally = Tally::default();
        let (file, path, _) = match Conversation::settled(session) {
            Err(Error::NoConversation { .. }) => return Ok(tally),
            settled => settled?,
        };
        let mut rows = Rows::new(file, 0, LONGEST_ROW).shortening();
        while let Some(row) = rows.advance().map_err(Error::io("read", &path))? {
            let Ok(fields) = Fields::of(row.bytes) else { continue };
            let title = fields.text(Field::Title).map(|title| title.into_owned());
            tally.add_event(&fields.text(Field::Type).unwrap_or_default(), title);
        }
        Ok(tally)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.messages == 0 && !self.has_title()
    }

    /// Whether there is a title that was not told yet.
    pub(super) fn has_title(&self) -> bool {
        self.title.is_some() && !self.is_told
    }

    pub(super) fn title_is_told(&mut self, is_told: bool) {
        self.is_told = is_told;
    }

    pub(super) fn count(&mut self, row: &Filled) {
        self.add_event(&row.kind, row.title.clone());
    }

    fn add_event(&mut self, kind: &str, title: Option<String>) {
        if matches!(kind, "user_message" | "assistant_message") {
            self.messages += 1;
        }
        if let Some(title) = title.filter(|_| kind.starts_with("title_")) {
            let better = kind == "title_reevaluated";
            self.title = Some((title, if better { Title::Better } else { Title::First }));
        }
    }

    pub(super) fn add(&mut self, other: Tally) {
        self.messages += other.messages;
        // What the person calls it counts for more than what a model does.
        if !matches!(self.title, Some((_, Title::OfThePerson))) && other.title.is_some() {
            (self.title, self.is_told) = (other.title, false);
        }
    }

    /// Adds to what meta.json says.
    pub(super) fn put(&self, meta: &mut Meta) {
        if self.messages > 0 {
            meta.message_count = meta.message_count.map(|count| count + self.messages);
        }
        if self.has_title() {
            self.put_title(meta);
        }
    }

    /// Brings meta.json up to what the whole conversation says. Of a fork, it may know of more.
    pub(super) fn mend(&self, meta: &mut Meta) {
        meta.message_count = meta.message_count.map(|count| count.max(self.messages));
        if self.title.as_ref().is_some_and(|(title, _)| meta.title.as_ref() != Some(title)) {
            self.put_title(meta);
        }
    }

    pub(super) fn put_title(&self, meta: &mut Meta) {
        let Some((title, kind)) = &self.title else { return };
        let by_person = *kind == Title::OfThePerson;
        if !by_person && meta.title_source.as_deref() == Some("user") {
            return;
        }
        meta.title = Some(title.clone());
        meta.title_source = Some(if by_person { "user" } else { "auto" }.to_owned());
        meta.title_state = Some(if *kind == Title::First { "provisional" } else { "stable" }.to_owned());
        if by_person {
            meta.title_renamed_at = Some(now());
        } else {
            meta.title_generation_count = Some(if *kind == Title::First { 1 } else { 2 });
            meta.title_generated_at = Some(now());
        }
    }
}
