//! What a frontmatter holds: a mapping of keys to texts, numbers and lists, in the order of the text.

use std::borrow::Cow;

use super::frontmatter::written;

/// The text of a key or a value; borrowed from the document where it stands there as it is.
pub type Text<'a> = Cow<'a, str>;

/// The value of a top-level key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string.
    Text(Text<'a>),
    /// An integer of any size, as its shortest decimal form. Only `schema_version` is one.
    Number(String),
    /// A list.
    List(Vec<Item<'a>>),
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item<'a> {
    /// A string.
    Text(Text<'a>),
    /// `[]`, the empty list.
    Empty,
    /// `key: value` pairs, one level deep.
    Pairs(Vec<(Text<'a>, Inner<'a>)>),
    /// The same, as the text that they are written as; only in an index.
    Written(&'a str),
}

/// The value of a pair in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inner<'a> {
    /// A string.
    Text(Text<'a>),
    /// `[]`, the empty list.
    Empty,
}

/// Keys and their values, each key once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mapping<'a>(pub Vec<(Text<'a>, Value<'a>)>);

impl<'a> Mapping<'a> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// The value of a key, where it is a text or a number.
    pub fn scalar(&self, key: &str) -> Option<&str> {
        self.get(key)?.scalar()
    }

    /// The entries of a key, where it is a list.
    pub fn list(&self, key: &str) -> Option<&[Item<'a>]> {
        match self.get(key)? {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Mapping<'static> {
        Mapping(self.0.into_iter().map(|(key, value)| (owned(key), value.into_owned())).collect())
    }

    /// Gives a key a value: in its place if it is there, at the end if not.
    pub fn set(&mut self, key: &'a str, value: Value<'a>) {
        match self.0.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key.into(), value)),
        }
    }
}

fn owned(text: Text<'_>) -> Text<'static> {
    Cow::Owned(text.into_owned())
}

impl Value<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Value::Text(text) => Value::Text(owned(text)),
            Value::Number(digits) => Value::Number(digits),
            Value::List(items) => Value::List(items.into_iter().map(Item::into_owned).collect()),
        }
    }

    /// The text or number; `None` for a list.
    pub fn scalar(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            Value::Number(digits) => Some(digits),
            Value::List(_) => None,
        }
    }
}

impl<'a> Item<'a> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Item<'static> {
        let inner = |value: Inner<'_>| match value {
            Inner::Text(text) => Inner::Text(owned(text)),
            Inner::Empty => Inner::Empty,
        };
        match self {
            Item::Text(text) => Item::Text(owned(text)),
            Item::Empty => Item::Empty,
            pairs => {
                let pairs = pairs.pairs().into_owned().into_iter();
                Item::Pairs(pairs.map(|(key, value)| (owned(key), inner(value))).collect())
            }
        }
    }

    /// The text; `None` for anything else.
    pub fn text(&self) -> Option<&str> {
        match self {
            Item::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether the entry is pairs.
    pub fn is_pairs(&self) -> bool {
        matches!(self, Item::Pairs(_) | Item::Written(_))
    }

    /// The entry's pairs; none where it is no pairs.
    pub fn pairs(&self) -> Cow<'_, [(Text<'a>, Inner<'a>)]> {
        match self {
            Item::Pairs(pairs) => Cow::Borrowed(pairs),
            Item::Written(entry) => Cow::Owned(written::pairs(entry)),
            _ => Cow::Borrowed(&[]),
        }
    }

    /// The value of a key, where the entry is pairs.
    pub fn get(&self, key: &str) -> Option<Inner<'_>> {
        match self {
            Item::Pairs(pairs) => pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.borrowed()),
            Item::Written(entry) => written::get(entry, key),
            _ => None,
        }
    }

    /// The text of a key, where the entry is pairs and that is a text.
    pub fn get_text(&self, key: &str) -> Option<Text<'_>> {
        match self.get(key)? {
            Inner::Text(text) => Some(text),
            Inner::Empty => None,
        }
    }
}

impl Inner<'_> {
    fn borrowed(&self) -> Inner<'_> {
        match self {
            Inner::Text(text) => Inner::Text(Cow::Borrowed(text)),
            Inner::Empty => Inner::Empty,
        }
    }

    /// The text; `None` for `[]`.
    pub fn text(&self) -> Option<&str> {
        match self {
            Inner::Text(text) => Some(text),
            Inner::Empty => None,
        }
    }
}
