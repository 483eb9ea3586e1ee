//! What the model said, with its markdown as markup. HTML in it is text, links lead to the web and to mail only, and
//! pictures are links: nothing is loaded.

use std::io;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::html::Html;

/// Deeper than that, structure is dropped: a browser gives up on it, and nobody reads it.
const DEEPEST: usize = 40;

/// Writes markdown.
pub(super) fn markdown(html: &mut Html, text: &str) -> io::Result<()> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    // The elements that are open; none for those that are dropped.
    let (mut open, mut is_head) = (Vec::new(), false);
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Start(tag) => {
                is_head = (is_head || matches!(tag, Tag::TableHead)) && !matches!(tag, Tag::TableRow);
                let element = if open.len() < DEEPEST { start(html, &tag, is_head)? } else { None };
                open.push(element);
            }
            Event::End(tag) => {
                is_head &= tag != TagEnd::TableHead;
                if let Some(element) = open.pop().flatten() {
                    html.close(element)?;
                }
            }
            Event::Text(text) | Event::Html(text) | Event::InlineHtml(text) => html.text(&text)?,
            Event::Code(code) | Event::InlineMath(code) | Event::DisplayMath(code) => {
                html.element("code", &[], &code)?;
            }
            Event::FootnoteReference(name) => html.text(&format!("[^{name}]"))?,
            Event::SoftBreak => html.raw("\n")?,
            Event::HardBreak => html.raw("<br>")?,
            Event::Rule => html.raw("<hr>")?,
            Event::TaskListMarker(is_done) => html.raw(if is_done { "☑ " } else { "☐ " })?,
        }
    }
    Ok(())
}

/// Opens the element of a tag, and tells which one.
fn start(html: &mut Html, tag: &Tag, is_head: bool) -> io::Result<Option<&'static str>> {
    let element = match tag {
        Tag::Paragraph | Tag::HtmlBlock => "p",
        // The page has its own two levels above.
        Tag::Heading { level: HeadingLevel::H1, .. } => "h3",
        Tag::Heading { level: HeadingLevel::H2, .. } => "h4",
        Tag::Heading { level: HeadingLevel::H3, .. } => "h5",
        Tag::Heading { .. } => "h6",
        Tag::BlockQuote(_) => "blockquote",
        Tag::CodeBlock(_) => {
            html.open("pre", &[("class", "code")])?;
            html.raw("\n")?;
            return Ok(Some("pre"));
        }
        Tag::List(Some(first)) => {
            html.open("ol", &[("start", &first.to_string())])?;
            return Ok(Some("ol"));
        }
        Tag::List(None) => "ul",
        Tag::Item => "li",
        Tag::Table(_) => "table",
        Tag::TableHead | Tag::TableRow => "tr",
        Tag::TableCell if is_head => "th",
        Tag::TableCell => "td",
        Tag::Emphasis => "em",
        Tag::Strong => "strong",
        Tag::Strikethrough => "s",
        Tag::Link { dest_url, .. } => return link(html, dest_url).map(Some),
        Tag::Image { dest_url, .. } => {
            html.span("image", "image ")?;
            return link(html, dest_url).map(Some);
        }
        _ => return Ok(None),
    };
    html.open(element, &[])?;
    Ok(Some(element))
}

/// A link that says where it leads, where it may lead there.
fn link(html: &mut Html, url: &str) -> io::Result<&'static str> {
    let lower = url.to_ascii_lowercase();
    if ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme)) {
        html.open("a", &[("href", url), ("title", url), ("rel", "noopener noreferrer nofollow")])?;
        return Ok("a");
    }
    html.open("span", &[("title", url)])?;
    Ok("span")
}

#[cfg(test)]
mod tests {
    use super::super::html::written;
    use super::*;

    fn shown(text: &str) -> String {
        written(|html| markdown(html, text))
    }

    #[test]
    fn structure_is_markup() {
        assert_eq!(shown("# A\n\n*b* `c<`"), "<h3>A</h3><p><em>b</em> <code>c&lt;</code></p>");
        assert_eq!(shown("```x\"\n<i>\n```"), "<pre class=\"code\">\n&lt;i&gt;\n</pre>");
        assert_eq!(shown("3. a\n4. b"), "<ol start=\"3\"><li>a</li><li>b</li></ol>");
        let table = "<table><tr><th>a</th></tr><tr><td>b</td></tr></table>";
        assert_eq!(shown("|a|\n|-|\n|b|"), table);
    }

    #[test]
    fn html_is_text_and_links_lead_to_the_web_only() {
        assert_eq!(shown("a <script>x</script>"), "<p>a &lt;script&gt;x&lt;/script&gt;</p>");
        assert_eq!(shown("<div onclick=x>"), "<p>&lt;div onclick=x&gt;</p>");
        for url in [
            "javascript:x",
            "JaVaScRiPt:x",
            "data:text/html,x",
            "file:///etc/passwd",
            "//x.org",
            "x",
            "&#106;avascript:x",
        ] {
            for text in
                [format!("[a]({url})"), format!("![a]({url})"), format!("[a]\n\n[a]: {url}"), format!("<{url}>")]
            {
                assert!(!shown(&text).contains("href"), "{text}");
            }
        }
        let link = "<a href=\"https://x.org/?a&amp;b\" title=\"https://x.org/?a&amp;b\" rel=\"noopener noreferrer nofollow\">a</a>";
        assert_eq!(shown("[a](https://x.org/?a&b)"), format!("<p>{link}</p>"));
        assert_eq!(shown("![a](https://x.org/?a&b)"), format!("<p><span class=\"image\">image </span>{link}</p>"));
    }

    #[test]
    fn what_is_too_deep_is_flat() {
        let deep = shown(&format!("{}x", "> ".repeat(5000)));
        assert_eq!(deep.matches("<blockquote>").count(), deep.matches("</blockquote>").count());
        assert!(deep.matches("<blockquote>").count() <= DEEPEST && deep.contains('x'));
    }
}
