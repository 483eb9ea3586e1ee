//! Writes HTML such that nothing foreign becomes markup: what is markup stands in the source of this program, everything
//! else is text or the value of an attribute.

use std::io::{self, Write};

use crate::audit::{Layout, escape};

/// A page that is being written.
pub(super) struct Html<'a> {
    out: &'a mut dyn Write,
    /// Bytes so far.
    pub(super) written: u64,
}

/// A tag's attributes. One without a value has an empty one.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

impl<'a> Html<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Html<'a> {
        Html { out, written: 0 }
    }

    /// Markup, which can only be ours.
    pub(super) fn raw(&mut self, markup: &'static str) -> io::Result<()> {
        self.put(markup)
    }

    /// Text, foreign or not. What would move, reorder or hide is spelled out.
    pub(super) fn text(&mut self, text: &str) -> io::Result<()> {
        self.escaped(&escape(text.as_bytes(), Layout::Text))
    }

    /// An element's start.
    pub(super) fn open(&mut self, name: &'static str, attributes: Attributes) -> io::Result<()> {
        self.put("<")?;
        self.put(name)?;
        for (name, value) in attributes {
            self.put(" ")?;
            self.put(name)?;
            self.put("=\"")?;
            self.escaped(&escape(value.as_bytes(), Layout::Line))?;
            self.put("\"")?;
        }
        self.put(">")
    }

    /// An element's end.
    pub(super) fn close(&mut self, name: &'static str) -> io::Result<()> {
        self.put("</")?;
        self.put(name)?;
        self.put(">")
    }

    /// An element with nothing but text in it.
    pub(super) fn element(&mut self, name: &'static str, attributes: Attributes, text: &str) -> io::Result<()> {
        self.open(name, attributes)?;
        self.text(text)?;
        self.close(name)
    }

    /// A span with a class.
    pub(super) fn span(&mut self, class: &'static str, text: &str) -> io::Result<()> {
        self.element("span", &[("class", class)], text)
    }

    /// Text with its lines as they are.
    pub(super) fn pre(&mut self, class: &'static str, text: &str) -> io::Result<()> {
        self.open("pre", &[("class", class)])?;
        // A newline right behind the tag is none: without this one, the text's first could be lost.
        self.put("\n")?;
        self.text(text)?;
        self.close("pre")
    }

    /// JSON within a script element, where nothing but `<` could end it.
    pub(super) fn json(&mut self, json: &serde_json::Value) -> io::Result<()> {
        let text = json.to_string();
        for (number, part) in text.split('<').enumerate() {
            self.put(if number == 0 { "" } else { "\\u003c" })?;
            self.put(part)?;
        }
        Ok(())
    }

    fn escaped(&mut self, text: &str) -> io::Result<()> {
        let mut rest = text;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            self.put(&rest[..at])?;
            self.put(match rest.as_bytes()[at] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &rest[at + 1..];
        }
        self.put(rest)
    }

    fn put(&mut self, text: &str) -> io::Result<()> {
        self.written += text.len() as u64;
        self.out.write_all(text.as_bytes())
    }
}

#[cfg(test)]
pub(super) fn written(write: impl FnOnce(&mut Html) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut Html::new(&mut out)).unwrap();
    String::from_utf8(out).unwrap()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_text() {
        let text = "</p><script>'x' & \"y\"\u{202e}\x1b[31m\n";
        let wanted = "<p title=\"a&quot; b=&#39;\\n\">&lt;/p&gt;&lt;script&gt;&#39;x&#39; &amp; &quot;y&quot;\\u{202e}\\x1b[31m\n</p>";
        assert_eq!(written(|html| html.element("p", &[("title", "a\" b='\n")], text)), wanted);
        let json = serde_json::json!({ "a": "</script><!--" });
        assert_eq!(written(|html| html.json(&json)), r#"{"a":"\u003c/script>\u003c!--"}"#);
    }
}
