//! The order of the modules: layers in the domain, and no import circle in any crate.
//!
//! The tests read `use` items and paths that begin with `crate` or `super`. An import of a re-exported name counts as an import of the file
//! that defines it. Unit tests do not count. A parent may import from its children: it assembles them.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::repository::{root, sources};

/// The layers of `shared/src`: a file imports from its own folder and from the lines before its own.
const LAYERS: [&[&str]; 7] = [
    &["error"],
    &["values"],
    &["crypto"],
    &["storage", "outbound"],
    &["runtime"],
    &["channel", "signing", "jobboard", "hris"],
    &["staff"],
];

const CRATES: [&str; 10] = [
    "shared",
    "functions/lambda",
    "functions/channel",
    "functions/signing",
    "functions/jobboard",
    "functions/hris",
    "functions/ops",
    "local",
    "client",
    "bench",
];

/// A path of names, from the root of the crate.
type Names = Vec<String>;

/// The files of one crate by the module that each is.
struct Modules(BTreeMap<Names, String>);

impl Modules {
    fn of(package: &str) -> Self {
        let folder = root().join(package).join("src");
        let files = sources(&format!("{package}/src")).into_iter().map(|(path, text)| {
            let path = path.strip_prefix(&folder).unwrap().with_extension("");
            let mut module: Names = path.iter().map(|name| name.to_str().unwrap().to_owned()).collect();
            if module.last().is_some_and(|name| ["mod", "lib", "main"].contains(&name.as_str())) {
                module.pop();
            }
            (module, code(&text))
        });
        Self(files.filter(|(module, _)| module.first().is_none_or(|name| name != "bin")).collect())
    }

    /// The module that a path leads to; `None` outside the crate.
    fn resolve(&self, path: &[String]) -> Option<Names> {
        let length = (0..=path.len()).rev().find(|length| self.0.contains_key(&path[..*length]))?;
        let (module, rest) = path.split_at(length);
        let Some(name) = rest.first() else { return Some(module.to_vec()) };
        let exported = imports(&self.0[module]).into_iter().find(|import| import.exported.as_ref() == Some(name));
        let target = exported.and_then(|import| absolute(self, module, &import.path));
        match target {
            Some(target) if target.as_slice() != path => self.resolve(&target),
            _ => Some(module.to_vec()),
        }
    }

    /// The modules that each module imports from.
    fn edges(&self) -> BTreeMap<Names, BTreeSet<Names>> {
        let targets = |module: &Names, text: &str| {
            let paths = imports(text).into_iter().map(|import| import.path).chain(inline(text));
            let resolved = paths.filter_map(|path| self.resolve(&absolute(self, module, &path)?));
            resolved.filter(|target| !target.starts_with(module)).collect()
        };
        self.0.iter().map(|(module, text)| (module.clone(), targets(module, text))).collect()
    }
}

/// The path from the root of the crate, if it leads into the crate.
fn absolute(modules: &Modules, module: &[String], path: &[String]) -> Option<Names> {
    match path.first()?.as_str() {
        "crate" | "$crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let up = path.iter().take_while(|name| *name == "super").count();
            Some([module.get(..module.len().checked_sub(up)?)?, &path[up..]].concat())
        }
        _ => {
            let child = [module, &path[..1]].concat();
            modules.0.contains_key(&child).then(|| [module, path].concat())
        }
    }
}

/// The text of a file without comments, strings and unit tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.map(|line| line.split('"').step_by(2).collect::<Vec<_>>().join("\"\"") + "\n").collect()
}

struct Import {
    path: Names,
    /// The name under which a `pub use` hands it on.
    exported: Option<String>,
}

/// The `use` items, each name by itself.
fn imports(code: &str) -> Vec<Import> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("use ") {
        // The item begins a line, after its visibility.
        let visibility = code[..at].rsplit('\n').next().unwrap().trim();
        if ["", "pub", "pub(crate)", "pub(super)"].contains(&visibility) {
            let tree = code[at + "use ".len()..].split(';').next().unwrap();
            let exported = !visibility.is_empty();
            found.extend(expand(tree).into_iter().map(|(path, name)| Import { path, exported: exported.then_some(name) }));
        }
    }
    found
}

/// `a::{b, c::d as e}` as the paths `a::b` and `a::c::d`, each with the name that it gets.
fn expand(tree: &str) -> Vec<(Names, String)> {
    let names =
        |path: &str| path.split("::").map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect::<Names>();
    let Some((prefix, group)) = tree.split_once('{') else {
        let (path, alias) = tree.split_once(" as ").unwrap_or((tree, ""));
        let mut path = names(path);
        if path.len() > 1 && path.last().is_some_and(|name| name == "self") {
            path.pop();
        }
        let name = if alias.is_empty() { path.last().cloned().unwrap_or_default() } else { alias.trim().to_owned() };
        return vec![(path, name)];
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for c in group.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match c {
            ',' if depth == 0 => parts.push(String::new()),
            c => parts.last_mut().unwrap().push(c),
        }
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| expand(&format!("{prefix}{part}"))).collect()
}

/// Paths within expressions and types that begin with `crate` or `super`.
fn inline(code: &str) -> Vec<Names> {
    let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':' || c == '$';
    let words = code
        .split(|c| !is_path(c))
        .filter(|word| ["crate::", "$crate::", "super::"].iter().any(|begin| word.starts_with(begin)));
    words.map(|word| word.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect()).collect()
}

/// A circle, if there is one: each module imports from the next, the last from the first.
fn circle(edges: &BTreeMap<Names, BTreeSet<Names>>) -> Option<Vec<String>> {
    fn visit(at: &Names, edges: &BTreeMap<Names, BTreeSet<Names>>, path: &mut Vec<Names>, done: &mut BTreeSet<Names>) -> bool {
        if let Some(begin) = path.iter().position(|module| module == at) {
            path.drain(..begin);
            return true;
        }
        if !done.contains(at) {
            path.push(at.clone());
            if edges.get(at).into_iter().flatten().any(|next| visit(next, edges, path, done)) {
                return true;
            }
            path.pop();
            done.insert(at.clone());
        }
        false
    }
    let (mut path, mut done) = (Vec::new(), BTreeSet::new());
    let found = edges.keys().any(|module| visit(module, edges, &mut path, &mut done));
    found.then(|| path.iter().map(|module| module.join("::")).collect())
}

fn layer(module: &Names) -> Option<usize> {
    let folder = module.first()?;
    Some(LAYERS.iter().position(|layer| layer.contains(&folder.as_str())).unwrap_or_else(|| panic!("{folder} is in no layer")))
}

#[test]
fn each_layer_of_the_domain_imports_from_those_before_it() {
    let edges = Modules::of("shared").edges();
    assert!(edges.values().map(BTreeSet::len).sum::<usize>() > 300, "the imports are not found");
    for (module, targets) in &edges {
        for target in targets.iter().filter(|target| target.first() != module.first()) {
            assert!(layer(target) < layer(module), "{} imports from {}", module.join("::"), target.join("::"));
        }
    }
}

#[test]
fn no_crate_has_an_import_circle() {
    for package in CRATES {
        assert_eq!(circle(&Modules::of(package).edges()), None, "{package}");
    }
}

#[test]
fn imports_are_found_in_every_form() {
    let files = [
        ("", "pub mod a;\npub mod b;\n"),
        ("a", "use super::b::{self, Deep as Other, c::{X, Y}};\nuse std::fmt;\n"),
        ("b", "mod c;\npub use c::Deep;\nfn f() { crate::a::g(); }\n"),
        ("b::c", "pub struct Deep;\npub(crate) use super::super::a::Z;\n// use crate::b::c;\n"),
    ];
    let names = |module: &str| module.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect::<Names>();
    let modules = Modules(files.map(|(module, text)| (names(module), code(text))).into());
    let edges = modules.edges();
    let expected = [("", vec![]), ("a", vec!["b", "b::c"]), ("b", vec!["a"]), ("b::c", vec!["a"])];
    let expected = expected.map(|(module, targets)| (names(module), targets.into_iter().map(names).collect()));
    assert_eq!(edges, BTreeMap::from(expected));
    assert_eq!(circle(&edges), Some(vec!["a".to_owned(), "b".to_owned()]));
}
