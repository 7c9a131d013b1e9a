//! Reads the tags of a page. It accepts only what our templates write: each attribute once, its value between quotes or absent, and no text
//! within a script. Another page fails the test.

/// A tag with its attributes, and the text up to the next tag. The name of an end tag begins with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
}

impl Tag {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// The tags of a page, in order.
pub fn read(html: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    // The text before the first tag is empty in a page.
    for part in html.split('<').skip(1) {
        // A declaration, or the prolog of a picture.
        if part.starts_with(['!', '?']) {
            continue;
        }
        let (name, rest) = part.split_at(part.find([' ', '\n', '>']).unwrap_or_else(|| panic!("an unfinished tag: {part}")));
        let (attributes, rest) = attributes(rest);
        tags.push(Tag { name: name.to_owned(), attributes, text: decoded(rest) });
    }
    tags
}

fn attributes(mut rest: &str) -> (Vec<(String, String)>, &str) {
    let mut attributes: Vec<(String, String)> = Vec::new();
    loop {
        rest = rest.trim_start();
        if let Some(text) = rest.strip_prefix('>').or_else(|| rest.strip_prefix("/>")) {
            return (attributes, text);
        }
        let end = rest.find(['=', ' ', '\n', '>']).unwrap_or_else(|| panic!("an unfinished tag: {rest}"));
        let (name, after) = rest.split_at(end);
        let value = match after.strip_prefix('=') {
            None => {
                rest = after;
                ""
            }
            Some(quoted) => {
                let quote = quoted.chars().next().filter(|quote| "\"'".contains(*quote));
                let quote = quote.unwrap_or_else(|| panic!("no quotes: {rest}"));
                let (value, after) = quoted[1..].split_once(quote).unwrap_or_else(|| panic!("an unfinished tag: {rest}"));
                rest = after;
                value
            }
        };
        assert!(attributes.iter().all(|(own, _)| own != name), "{name} twice: {rest}");
        attributes.push((name.to_owned(), decoded(value)));
    }
}

/// The text of character references. Our templates write numbers alone.
pub fn decoded(text: &str) -> String {
    let mut parts = text.split('&');
    let mut decoded = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (reference, rest) = part.split_once(';').unwrap_or_else(|| panic!("a bare &: {text}"));
        let number = reference.strip_prefix('#').and_then(|number| number.parse().ok()).and_then(char::from_u32);
        decoded.push(number.unwrap_or_else(|| panic!("&{reference}; is of no template: {text}")));
        decoded.push_str(rest);
    }
    decoded
}

#[test]
fn tags_attributes_and_references_are_read() {
    let html = "<!DOCTYPE html>\n<a href=\"/x?a=1&#38;b=2\" hidden>A &#60;b&#62;</a><img src='x' />";
    let tag = |name: &str, attributes: &[(&str, &str)], text: &str| Tag {
        name: name.into(),
        attributes: attributes.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
        text: text.into(),
    };
    let expected =
        [tag("a", &[("href", "/x?a=1&b=2"), ("hidden", "")], "A <b>"), tag("/a", &[], ""), tag("img", &[("src", "x")], "")];
    assert_eq!(read(html), expected);
    for broken in ["<a href=x>", "<a a=\"1\" a=\"2\">", "<a>&nbsp;</a>", "<a href=\"x"] {
        assert!(std::panic::catch_unwind(|| read(broken)).is_err(), "{broken}");
    }
}
