//! The part of Markdown that our own pages use, as HTML: headings, paragraphs, lists, tables, blocks of code, and within a line code, bold
//! text and links. The texts are ours, so nothing else has to be understood.

use std::fmt::Write as _;

/// The HTML of a text. Each heading below the title has an anchor.
pub fn html(text: &str) -> String {
    let mut html = String::new();
    for block in blocks(text) {
        let first = block.first().copied().unwrap_or_default();
        let _ = if let Some(title) = first.strip_prefix("# ") {
            writeln!(html, "<h1>{}</h1>", spans(title))
        } else if let Some(title) = first.strip_prefix("## ") {
            let id = escaped(&title.replace(' ', "-"));
            let anchor = format!("<a class=\"anchor\" href=\"#{id}\" aria-label=\"本节的链接\">#</a>");
            writeln!(html, "<h2 id=\"{id}\">{} {anchor}</h2>", spans(title))
        } else if let Some(language) = first.strip_prefix("```") {
            let class = if language.is_empty() { "answer" } else { "shell" };
            let lines = block.iter().skip(1).filter(|line| !line.starts_with("```")).copied().collect::<Vec<_>>();
            writeln!(html, "<pre class=\"code {class}\" tabindex=\"0\">{}</pre>", escaped(&lines.join("\n")))
        } else if first.starts_with("- ") {
            let items = block.iter().map(|line| format!("<li>{}</li>", spans(line.trim_start_matches("- "))));
            writeln!(html, "<ul>{}</ul>", items.collect::<String>())
        } else if first.starts_with("1. ") {
            let items =
                block.iter().map(|line| format!("<li>{}</li>", spans(line.split_once(". ").map_or("", |(_, item)| item))));
            writeln!(html, "<ol>{}</ol>", items.collect::<String>())
        } else if first.starts_with('|') {
            writeln!(html, "{}", table(&block))
        } else {
            writeln!(html, "<p>{}</p>", spans(&block.concat()))
        };
    }
    html
}

/// A text within a cell of a table in Markdown.
pub fn cell(text: &str) -> String {
    text.replace('|', r"\|").replace('\n', " ")
}

/// Lines between empty lines. A block of code may contain empty lines.
fn blocks(text: &str) -> Vec<Vec<&str>> {
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    let mut is_code = false;
    for line in text.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        match blocks.last_mut() {
            Some(block) if !line.trim().is_empty() || is_code => block.push(line),
            _ => blocks.push(Vec::new()),
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// On a narrow screen each cell is a line behind the name of its column, so the cells know it.
fn table(lines: &[&str]) -> String {
    let cells = |line: &&str| line.trim_matches('|').split('|').map(|cell| spans(cell.trim())).collect::<Vec<_>>();
    let names = lines.first().map(cells).unwrap_or_default();
    let head: String = names.iter().map(|name| format!("<th>{name}</th>")).collect();
    let row = |line: &&str| {
        let cells = cells(line).into_iter().zip(&names).map(|(cell, name)| format!("<td data-column=\"{name}\">{cell}</td>"));
        format!("<tr>{}</tr>", cells.collect::<String>())
    };
    let body: String = lines.iter().skip(2).map(row).collect();
    format!("<div class=\"table stacked\"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")
}

/// The parts of a line. Nothing is nested.
fn spans(line: &str) -> String {
    let pieces = line.split('`').enumerate().map(|(index, piece)| {
        let piece = escaped(piece);
        if index % 2 == 1 { format!("<code>{piece}</code>") } else { links(&bold(&piece)) }
    });
    pieces.collect()
}

fn bold(text: &str) -> String {
    let pieces = text
        .split("**")
        .enumerate()
        .map(|(index, piece)| if index % 2 == 1 { format!("<strong>{piece}</strong>") } else { piece.to_owned() });
    pieces.collect()
}

fn links(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some((before, label, target, after)) = link(rest) {
        let _ = write!(html, "{before}<a href=\"{target}\">{label}</a>");
        rest = after;
    }
    html + rest
}

/// The text before a link, its label, its target, and the text behind it.
fn link(text: &str) -> Option<(&str, &str, &str, &str)> {
    let (head, tail) = text.split_once("](")?;
    let (before, label) = head.rsplit_once('[')?;
    let (target, after) = tail.split_once(')')?;
    Some((before, label, target, after))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::html;

    #[test]
    fn each_part_has_its_element() {
        let text = "# A\n\nB `<c>` and **d**, [e](/f) [g](/h).\nnext\n\n## I j\n\n- k\n- l\n\n1. s\n2. t\n\n| m | n |\n|---|---|\n| o | `p` |\n\n```sh\nq\n\nr\n```\n";
        let expected = "<h1>A</h1>\n\
            <p>B <code>&lt;c&gt;</code> and <strong>d</strong>, <a href=\"/f\">e</a> <a href=\"/h\">g</a>.next</p>\n\
            <h2 id=\"I-j\">I j <a class=\"anchor\" href=\"#I-j\" aria-label=\"本节的链接\">#</a></h2>\n\
            <ul><li>k</li><li>l</li></ul>\n\
            <ol><li>s</li><li>t</li></ol>\n\
            <div class=\"table stacked\"><table><thead><tr><th>m</th><th>n</th></tr></thead>\
            <tbody><tr><td data-column=\"m\">o</td><td data-column=\"n\"><code>p</code></td></tr></tbody></table></div>\n\
            <pre class=\"code shell\" tabindex=\"0\">q\n\nr</pre>\n";
        assert_eq!(html(text), expected);
    }
}
