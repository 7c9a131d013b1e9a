//! Every file that a comment or a page cites exists, and so does every cited section.
//!
//! A citation is a markdown link, or a word that ends like a file name, in a comment or in a page outside of its code blocks.
//! It is a path from the root of the repository or from the folder of the citing file. A name without a folder is that of the
//! only such page in `docs/`, or of any source file.
//!
//! What follows the name of a design page is one of its headings, as in `docs/design/channel.md, Lists`. What follows the name of an
//! API document is a number at the start of a line, or other words of it: `docs/contract/signing.txt, 1.2.3 and 1.2.4`. In
//! `functions/<family>/src/lib.rs` the placeholder means any name; so do `{family}` and `*`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// How the name of a cited file ends.
const ENDINGS: [&str; 15] =
    ["md", "txt", "rs", "py", "yaml", "yml", "json", "jsonl", "toml", "html", "css", "js", "mjs", "sh", "svg"];

/// Names that look like citations, each with the reason why the repository has no such file.
const NO_CITATIONS: [(&str, &str); 3] = [
    (".local/demo.json", "`cargo run -p local` writes it"),
    ("demo.json", "the same, within its folder"),
    ("imports/employees.jsonl", "an example of a key in the uploads bucket"),
];

/// Every text file of the repository by its path, except what `.gitignore` names.
struct Repository {
    files: BTreeMap<String, String>,
    folders: BTreeSet<String>,
}

impl Repository {
    fn read() -> Self {
        let ignored = std::fs::read_to_string(Path::new(ROOT).join(".gitignore")).unwrap();
        let ignored: BTreeSet<&str> = ignored.lines().map(|line| line.trim_matches('/')).chain([".git"]).collect();
        let mut repository = Self { files: BTreeMap::new(), folders: BTreeSet::new() };
        repository.add(Path::new(ROOT), "", &ignored);
        assert!(repository.files.contains_key("README.md"));
        repository
    }

    fn add(&mut self, folder: &Path, path: &str, ignored: &BTreeSet<&str>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            let path = format!("{path}{name}");
            if ignored.contains(name.as_str()) || ignored.iter().any(|pattern| fits(pattern, &path)) {
                continue;
            }
            if entry.path().is_dir() {
                self.add(&entry.path(), &format!("{path}/"), ignored);
                self.folders.insert(path);
            } else {
                // Pictures have no text, but can be cited.
                let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
                self.files.insert(path, text);
            }
        }
    }

    /// The file that a citation in this folder means.
    fn resolve(&self, cited: &str, folder: &str) -> Option<&str> {
        let absolute = [normalised("", cited), normalised(folder, cited)];
        let exact = absolute.iter().find_map(|path| self.files.get_key_value(path)).map(|(path, _)| path.as_str());
        if exact.is_some() {
            return exact;
        }
        if cited.contains(['*', '<', '{']) {
            let patterns = absolute.map(|path| with_wildcards(&path));
            return self.files.keys().find(|file| patterns.iter().any(|pattern| fits(pattern, file))).map(String::as_str);
        }
        let mut named = self.files.keys().filter(|file| file.rsplit('/').next() == Some(cited));
        if !cited.ends_with(".md") && !cited.ends_with(".txt") {
            return named.next().map(String::as_str);
        }
        let mut pages = named.filter(|file| file.starts_with("docs/"));
        let page = pages.next()?;
        pages.next().is_none().then_some(page)
    }

    /// Whether a link of this file leads to nothing.
    fn is_broken(&self, link: &str, file: &str) -> bool {
        let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
        if target.contains(':') {
            return false;
        }
        let path = if target.is_empty() { file.to_owned() } else { normalised(folder_of(file), target) };
        let text = self.files.get(&path);
        let is_there = text.is_some() || self.folders.contains(path.trim_end_matches('/'));
        let is_heading = || headings(text.map_or("", String::as_str)).iter().any(|heading| slug(heading) == anchor);
        !is_there || !anchor.is_empty() && !is_heading()
    }

    /// The first section cited behind the name of this file that the file does not have.
    fn missing_section<'a>(&self, file: &str, behind: &'a str) -> Option<&'a str> {
        let text = &self.files[file];
        let list = behind.strip_prefix('`').unwrap_or(behind).strip_prefix(", ")?;
        let ends = [list.find([')', ';', '`', ':']), list.find(". ")];
        let end = ends.into_iter().flatten().min().unwrap_or(list.len());
        // The list may go on in the next line.
        let mut rest = list[..end].trim_end_matches(['.', ',']).trim_end_matches(" and");
        // A lower-case word goes on with the sentence.
        while rest.starts_with(|first: char| !first.is_ascii_lowercase()) {
            let first = rest.split(", ").flat_map(|part| part.split(" and ")).next()?;
            let section = if file.ends_with(".md") {
                headings(text).into_iter().filter(|heading| begins_with(rest, heading)).max_by_key(|heading| heading.len())
            } else if first.starts_with(|digit: char| digit.is_ascii_digit()) {
                let is_first = |line: &str| {
                    line.strip_prefix(first)
                        .is_some_and(|rest| !rest.starts_with(|next: char| next == '.' || next.is_ascii_digit()))
                };
                text.lines().any(is_first).then_some(first)
            } else {
                text.contains(first).then_some(first)
            };
            let Some(section) = section else { return Some(first) };
            rest = &rest[section.len()..];
            rest = rest.strip_prefix(", ").or_else(|| rest.strip_prefix(" and ")).unwrap_or_default();
        }
        None
    }

    /// What is wrong with the citations of a file, and the names of [`NO_CITATIONS`] that it has.
    fn check(&self, file: &str, wrong: &mut Vec<String>, excused: &mut BTreeSet<&'static str>) {
        for (number, line) in prose(file, &self.files[file]) {
            let mut complain = |what: String| wrong.push(format!("{file}:{number}: {what}"));
            if file.ends_with(".md") {
                let links = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
                links.filter(|link| self.is_broken(link, file)).for_each(|link| complain(format!("link to {link}")));
            }
            for (cited, behind) in citations(line) {
                if let Some((name, _)) = NO_CITATIONS.iter().find(|(name, _)| *name == cited) {
                    excused.insert(name);
                    continue;
                }
                let Some(found) = self.resolve(cited, folder_of(file)) else {
                    complain(format!("{cited} does not exist"));
                    continue;
                };
                let has_sections = found.starts_with("docs/design/") || found.starts_with("docs/contract/");
                if let Some(section) = has_sections.then(|| self.missing_section(found, behind)).flatten() {
                    complain(format!("{found} has no {section}"));
                }
            }
        }
    }
}

fn folder_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// A path from the root, without `.` and `..`.
fn normalised(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// `functions/*/src/lib.rs` of `functions/<family>/src/lib.rs`.
fn with_wildcards(cited: &str) -> String {
    let mut pieces = cited.split(['<', '{']);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |pattern, piece| pattern + "*" + piece.split_once(['>', '}']).map_or("", |(_, rest)| rest))
}

/// Whether a path fits a pattern, in which `*` is any part of a name.
fn fits(pattern: &str, path: &str) -> bool {
    let Some((begin, rest)) = pattern.split_once('*') else { return pattern == path };
    path.strip_prefix(begin).is_some_and(|path| {
        let name = path.find('/').unwrap_or(path.len());
        (0..=name).filter(|at| path.is_char_boundary(*at)).any(|at| fits(rest, &path[at..]))
    })
}

fn headings(page: &str) -> Vec<&str> {
    page.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim()).collect()
}

/// The anchor that GitHub gives to a heading.
fn slug(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

fn begins_with(text: &str, heading: &str) -> bool {
    text.strip_prefix(heading).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// The lines of a file, with their numbers, that people read: its comments, or a page without its code blocks.
fn prose<'a>(file: &str, text: &'a str) -> Vec<(usize, &'a str)> {
    let name = file.rsplit('/').next().unwrap();
    let (mut is_block, mut lines) = (false, Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let read = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
            "md" => {
                let is_fence = line.trim_start().starts_with("```");
                is_block ^= is_fence;
                (!is_block && !is_fence).then_some(line)
            }
            "py" => {
                let quotes = line.matches("\"\"\"").count();
                let was_block = is_block;
                is_block ^= quotes % 2 == 1;
                if was_block || quotes > 0 { Some(line) } else { comment(line, "#") }
            }
            "rs" | "js" | "mjs" => comment(line, "//"),
            "yaml" | "yml" | "toml" | "sh" | "" => comment(line, "#"),
            "css" => comment(line, "/*"),
            "html" => comment(line, "<!--").or_else(|| comment(line, "{#")),
            _ => None,
        };
        lines.extend(read.map(|read| (number, read)));
    }
    lines
}

/// What is behind a mark that begins a line or follows a space.
fn comment<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let mut begins = line.match_indices(mark).map(|(at, _)| at);
    let begin = begins.find(|at| line[..*at].chars().next_back().is_none_or(char::is_whitespace))?;
    Some(&line[begin..])
}

/// The names of files in a line, each with what follows it. What begins with `/` is an address.
fn citations(line: &str) -> Vec<(&str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_./*<>{}-".contains(c);
    let mut found = Vec::new();
    let mut at = 0;
    for word in line.split(|c: char| !is_part(c)) {
        let cited = word.trim_end_matches(['.', '-', '>', '*']);
        let (stem, ending) = cited.rsplit_once('.').unwrap_or_default();
        if ENDINGS.contains(&ending) && !stem.is_empty() && !stem.ends_with('/') && !cited.starts_with('/') {
            found.push((cited, &line[at + cited.len()..]));
        }
        at += word.len();
        at += line[at..].chars().next().map_or(0, char::len_utf8);
    }
    found
}

#[test]
fn every_cited_file_and_section_exists() {
    let repository = Repository::read();
    let (mut wrong, mut excused) = (Vec::new(), BTreeSet::new());
    // The links of templates lead to pages of the API, not to files.
    for file in repository.files.keys().filter(|file| !file.starts_with("functions/ops/templates/")) {
        repository.check(file, &mut wrong, &mut excused);
    }
    assert!(wrong.is_empty(), "{} citations are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(excused, NO_CITATIONS.iter().map(|(name, _)| *name).collect(), "NO_CITATIONS holds a name that no file has");
}

/// The names in backticks that have four words or more: those of tests, as pages quote them.
fn quoted_names(line: &str) -> impl Iterator<Item = &str> {
    let is_name = |quoted: &&str| {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        quoted.split('_').count() >= 4 && quoted.split('_').all(is_word)
    };
    line.split('`').skip(1).step_by(2).filter(is_name)
}

#[test]
fn every_quoted_test_name_exists() {
    let repository = Repository::read();
    let is_page = |file: &str| file.ends_with(".md");
    let sources = repository.files.iter().filter(|(file, _)| !is_page(file));
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let names: BTreeSet<&str> = sources.flat_map(|(_, text)| text.split(|c: char| !is_part(c))).collect();
    let mut missing = Vec::new();
    for (file, text) in repository.files.iter().filter(|(file, _)| is_page(file)) {
        for (number, line) in prose(file, text) {
            let unknown = quoted_names(line).filter(|name| !names.contains(name));
            missing.extend(unknown.map(|name| format!("{file}:{number}: {name}")));
        }
    }
    assert!(missing.is_empty(), "nothing has these names:\n{}", missing.join("\n"));
}

#[test]
fn wrong_citations_are_found() {
    let page = "# Lists\n\n## Envelope and codes\n\n### `local`\n";
    let files = [
        ("docs/design/channel.md", page),
        ("docs/contract/signing.txt", "1.2 通用接口\n1.2.3 验证码图片\n"),
        ("docs/quirks.md", ""),
        ("functions/channel/src/lib.rs", ""),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut repository = Repository { files: files.into(), folders: ["docs/design".to_owned()].into() };
    let mut wrong = |file: &str, text: &str| {
        repository.files.insert(file.to_owned(), text.to_owned());
        let mut wrong = Vec::new();
        repository.check(file, &mut wrong, &mut BTreeSet::new());
        repository.files.remove(file);
        wrong
    };
    for good in [
        "//! (docs/design/channel.md, Lists) and channel.md, Envelope and codes, Lists. More (of it).",
        "//! docs/contract/signing.txt, 1.2 通用接口, 1.2.3 and",
        "// See docs/contract/signing.txt, 1.2.3 and 验证码图片; functions/*/src/lib.rs, functions/<family>/src/{file}.rs, lib.rs.",
        "let x = \"missing.md\";\n// quirks.md, which says why",
        "//! GET /docs/openapi/{family}.json and https://example.com/missing.html",
    ] {
        assert_eq!(wrong("shared/src/a.rs", good), Vec::<String>::new(), "{good}");
    }
    for (bad, what) in [
        ("//! document 000_1.txt", "000_1.txt does not exist"),
        ("// channel.md, Envelopes", "docs/design/channel.md has no Envelopes"),
        ("// docs/contract/signing.txt, 1.2.3 and 1.3", "docs/contract/signing.txt has no 1.3"),
        ("// functions/*/lib.rs", "functions/*/lib.rs does not exist"),
    ] {
        assert_eq!(wrong("shared/src/a.rs", bad), [format!("shared/src/a.rs:1: {what}")], "{bad}");
    }
    let page =
        "[a](quirks.md) [b](design/channel.md#envelope-and-codes) [c](design/) [d](#here)\n## Here\n```\n[x](no.md)\n```\n";
    assert_eq!(wrong("docs/page.md", page), Vec::<String>::new());
    let page = "[a](design/channel.md#lost)\n[b](lost/)\n";
    assert_eq!(
        wrong("docs/page.md", page),
        ["docs/page.md:1: link to design/channel.md#lost", "docs/page.md:2: link to lost/"]
    );
    assert_eq!(
        wrong("a.py", "\"\"\"Reads lost.md.\"\"\"\nx = 'lost.md'  # lost.py\n"),
        ["a.py:1: lost.md does not exist", "a.py:2: lost.py does not exist",]
    );
}
