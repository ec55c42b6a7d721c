//! Imports run downwards: the table of layers in ARCHITECTURE.md, held against the paths in src,
//! and no circles among the files of any crate.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::source::{self, SourceFile, Token};

/// The section of ARCHITECTURE.md that has the table of layers.
const SECTION: &str = "## Layers";

/// Crates whose files must not form a circle.
const CRATES: &[&str] = &["src", "xtask/src", "benches/src", "soak/src"];

type Path = Vec<String>;

#[test]
fn imports_run_downwards() {
    let layers = Layers::parse(&source::read("ARCHITECTURE.md"));
    let faults = layers.faults(&Crate::read("src"));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn files_form_no_circle() {
    let faults: Vec<_> = CRATES
        .iter()
        .flat_map(|folder| {
            let circles = Crate::read(folder).circles();
            circles
                .into_iter()
                .map(move |circle| format!("{folder}: {circle}"))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The layers, lowest first, each with the layers that it may import.
struct Layers(Vec<(String, BTreeSet<String>)>);

impl Layers {
    /// Reads the table: names of layers, then `nothing`, `all above`, or the names of those that
    /// they may import.
    fn parse(document: &str) -> Self {
        let (_, section) = document
            .split_once(SECTION)
            .expect("a section about layers");
        let rows = section
            .lines()
            .skip_while(|line| !line.starts_with("| ---"))
            .skip(1)
            .take_while(|line| line.starts_with('|'));
        let mut layers: Vec<(String, BTreeSet<String>)> = Vec::new();
        for row in rows {
            let cells: Vec<_> = row.split('|').map(str::trim).collect();
            let above: BTreeSet<_> = layers.iter().map(|(name, _)| name.clone()).collect();
            let allowed = match cells[2] {
                "nothing" => BTreeSet::new(),
                "all above" => above.clone(),
                names => quoted(names).collect(),
            };
            assert!(
                allowed.is_subset(&above),
                "a row imports only rows above: {row}"
            );
            layers.extend(quoted(cells[1]).map(|name| (name, allowed.clone())));
        }
        assert!(!layers.is_empty(), "the table of layers has rows");
        Self(layers)
    }

    fn faults(&self, krate: &Crate) -> Vec<String> {
        let allowed: BTreeMap<_, _> = self.0.iter().map(|(name, rest)| (name, rest)).collect();
        let mut faults = BTreeSet::new();
        for layer in krate.children(&[]) {
            if !allowed.contains_key(&layer) {
                faults.insert(format!("`{layer}` is not in the table of layers"));
            }
        }
        for (layer, _) in &self.0 {
            if !krate.modules.contains_key(&vec![layer.clone()]) {
                faults.insert(format!("the layer `{layer}` is not in src"));
            }
        }
        for module in krate.modules.values() {
            let Some(layer) = module.path.first() else {
                continue; // lib.rs is above all layers.
            };
            let Some(allowed) = allowed.get(layer) else {
                continue;
            };
            for import in &module.imports {
                let Some(imported) = import.first() else {
                    continue;
                };
                let shown = format!("{} imports crate::{}", module.file, import.join("::"));
                if !krate.modules.contains_key(&vec![imported.clone()]) {
                    faults.insert(format!("{shown}: name the layer that has it"));
                } else if imported != layer && !allowed.contains(imported) {
                    faults.insert(format!("{shown}, which is not below `{layer}`"));
                }
            }
        }
        faults.into_iter().collect()
    }
}

/// The words in backticks.
fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The modules of one crate, by path; the path of the crate's root is empty.
struct Crate {
    modules: BTreeMap<Path, Module>,
}

struct Module {
    path: Path,
    file: String,
    /// Paths from the crate's root that the file names, in imports and elsewhere.
    imports: BTreeSet<Path>,
    /// Names that imports bring into the module, with the path of each.
    names: BTreeMap<String, Path>,
}

impl Crate {
    fn read(folder: &str) -> Self {
        Self::of(folder, &source::below(folder, &[".rs"]))
    }

    fn of(folder: &str, files: &[SourceFile]) -> Self {
        let parents: BTreeSet<_> = files
            .iter()
            .filter_map(|file| module_path(file.path.strip_prefix(folder)?))
            .collect();
        let mut modules: BTreeMap<Path, Module> = BTreeMap::new();
        for file in files {
            let Some(mut path) = file.path.strip_prefix(folder).and_then(module_path) else {
                continue;
            };
            // Files of a folder without a module of its own are that module, one for each target.
            if path.len() > 1 && !parents.contains(&path[..path.len() - 1]) {
                path.pop();
            }
            let module = Module::read(path.clone(), file);
            match modules.entry(path) {
                Entry::Vacant(place) => drop(place.insert(module)),
                Entry::Occupied(mut other) => {
                    other.get_mut().imports.extend(module.imports);
                    other.get_mut().names.extend(module.names);
                }
            }
        }
        let mut krate = Self { modules };
        krate.resolve();
        krate
    }

    /// Follows names that a module itself imports, so that `super::Name` is the path where `Name`
    /// is.
    fn resolve(&mut self) {
        let resolved: Vec<BTreeSet<Path>> = self
            .modules
            .values()
            .map(|module| {
                module
                    .imports
                    .iter()
                    .map(|path| self.follow(path))
                    .collect()
            })
            .collect();
        for (module, imports) in self.modules.values_mut().zip(resolved) {
            module.imports.extend(imports);
        }
    }

    fn follow(&self, path: &Path) -> Path {
        let mut path = path.clone();
        // Names lead to names; more steps than this would be a circle of them.
        for _ in 0..8 {
            let depth = self.module_of(&path).len();
            // What the root exports is named by its layer, which is another test's matter.
            let exports = (depth > 0).then(|| &self.modules[&path[..depth]].names);
            let target = path.get(depth).and_then(|name| exports?.get(name));
            let Some(target) = target.filter(|target| **target != path) else {
                break;
            };
            path = [target, &path[depth + 1..]].concat();
        }
        path
    }

    /// The longest beginning of the path that is a module.
    fn module_of<'a>(&self, path: &'a [String]) -> &'a [String] {
        let lengths = (0..=path.len()).rev();
        let mut beginnings = lengths.map(|length| &path[..length]);
        beginnings
            .find(|beginning| self.modules.contains_key(*beginning))
            .unwrap_or_default()
    }

    fn children(&self, parent: &[String]) -> Vec<String> {
        let paths = self.modules.keys();
        paths
            .filter(|path| path.len() == parent.len() + 1 && path.starts_with(parent))
            .map(|path| path[parent.len()].clone())
            .collect()
    }

    /// Circles among modules with the same parent, each taken with everything below it.
    fn circles(&self) -> Vec<String> {
        // From each parent, which of its children names which other.
        let mut edges: BTreeMap<&[String], BTreeMap<&str, BTreeSet<&str>>> = BTreeMap::new();
        for module in self.modules.values() {
            for import in &module.imports {
                let (from, to) = (&module.path[..], self.module_of(import));
                let shared = from
                    .iter()
                    .zip(to)
                    .take_while(|(one, other)| one == other)
                    .count();
                if let (Some(one), Some(other)) = (from.get(shared), to.get(shared)) {
                    let siblings = edges.entry(&from[..shared]).or_default();
                    siblings.entry(one).or_default().insert(other);
                }
            }
        }
        edges
            .iter()
            .flat_map(|(parent, siblings)| {
                siblings.keys().filter_map(move |start| {
                    let circle = circle(siblings, start)?;
                    // Each circle is found from each of its modules; the first one counts.
                    circle
                        .iter()
                        .all(|other| *other >= *start)
                        .then(|| format!("{}: {}", parent.join("::"), circle.join(" → ")))
                })
            })
            .collect()
    }
}

/// The shortest way from a module back to itself.
fn circle<'a>(
    edges: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    start: &&'a str,
) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![*start]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in edges.get(way[way.len() - 1]).into_iter().flatten() {
                let way = [&way[..], &[*next]].concat();
                if next == start {
                    return Some(way);
                }
                if seen.insert(*next) {
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}

/// The module that a file is, by its path below the crate's folder; none for a file of tests.
fn module_path(file: &str) -> Option<Path> {
    let path = file.trim_start_matches('/').strip_suffix(".rs")?;
    let mut parts: Path = path.split('/').map(str::to_owned).collect();
    if parts.iter().any(|part| part == "tests") {
        return None;
    }
    let is_folder = parts.last().is_some_and(|name| name == "mod");
    let is_root = parts.len() == 1 && ["lib", "main"].contains(&parts[0].as_str());
    if is_folder || is_root {
        parts.pop();
    }
    Some(parts)
}

impl Module {
    fn read(path: Path, file: &SourceFile) -> Self {
        let mut module = Self {
            path,
            file: file.path.clone(),
            imports: BTreeSet::new(),
            names: BTreeMap::new(),
        };
        module.scan(&without_tests(&source::tokens(&file.text)));
        module
    }

    fn scan(&mut self, tokens: &[Token<'_>]) {
        // The inline modules that enclose a token, each with the depth of its braces.
        let mut inline: Vec<(String, usize)> = Vec::new();
        let (mut depth, mut at) = (0, 0);
        while at < tokens.len() {
            let here = || -> Path {
                let names = inline.iter().map(|(name, _)| name.clone());
                self.path.iter().cloned().chain(names).collect()
            };
            match tokens[at..] {
                [Token::Word("mod"), Token::Word(name), Token::Mark('{'), ..] => {
                    depth += 1;
                    inline.push((name.to_owned(), depth));
                    at += 2;
                }
                [Token::Mark('{'), ..] => depth += 1,
                [Token::Mark('}'), ..] => {
                    inline.pop_if(|(_, opened)| *opened == depth);
                    depth = depth.saturating_sub(1);
                }
                [Token::Word("use"), ..] => {
                    let here = here();
                    at += 1;
                    let mut paths = Vec::new();
                    tree(tokens, &mut at, &[], &mut paths);
                    for (path, name) in paths {
                        // A name without a beginning is a dependency's, or a module's that is
                        // below.
                        if let Some(path) = from_root(&here, &path) {
                            self.names.insert(name, path.clone());
                            self.imports.insert(path);
                        } else if inline.is_empty() {
                            let below = [&here[..], &path].concat();
                            self.names.insert(name, below);
                        }
                    }
                    continue;
                }
                [Token::Word("crate" | "super" | "self"), Token::Path, ..] => {
                    let here = here();
                    let mut paths = Vec::new();
                    tree(tokens, &mut at, &[], &mut paths);
                    let paths = paths.into_iter();
                    self.imports
                        .extend(paths.filter_map(|(path, _)| from_root(&here, &path)));
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
    }
}

/// Reads a path, or a tree of them as imports have it, each with the name that it brings.
fn tree(tokens: &[Token<'_>], at: &mut usize, before: &[String], paths: &mut Vec<(Path, String)>) {
    let mut path = before.to_vec();
    loop {
        match tokens.get(*at) {
            Some(Token::Mark('{')) => {
                *at += 1;
                while *at < tokens.len() && tokens[*at] != Token::Mark('}') {
                    tree(tokens, at, &path, paths);
                    *at += usize::from(tokens.get(*at) == Some(&Token::Mark(',')));
                }
                *at += 1;
                return;
            }
            Some(Token::Word(name)) => {
                path.push((*name).to_owned());
                *at += 1;
            }
            _ => *at += 1, // A star, or what no path of ours has.
        }
        match tokens.get(*at) {
            Some(Token::Path) => *at += 1,
            Some(Token::Word("as")) => {
                let name = match tokens.get(*at + 1) {
                    Some(Token::Word(name)) => (*name).to_owned(),
                    _ => String::new(),
                };
                *at += 2;
                paths.push((path, name));
                return;
            }
            _ => {
                let name = path.iter().rfind(|name| *name != "self");
                let name = name.cloned().unwrap_or_default();
                paths.push((path, name));
                return;
            }
        }
    }
}

/// The path from the crate's root that a path in a module means, if it begins in this crate.
fn from_root(module: &[String], path: &[String]) -> Option<Path> {
    let mut base = match path.first()?.as_str() {
        "crate" => Path::new(),
        "self" | "super" => module.to_vec(),
        _ => return None,
    };
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        match first.as_str() {
            "crate" | "self" => {}
            "super" => drop(base.pop()),
            _ => break,
        }
        rest = after;
    }
    base.extend(rest.iter().cloned());
    // `use super::name::{self}` names the module itself.
    base.pop_if(|last| last == "self");
    Some(base)
}

/// Leaves out the items that are compiled for tests alone.
fn without_tests<'a>(tokens: &[Token<'a>]) -> Vec<Token<'a>> {
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if let Some(end) = test_attribute(&tokens[at..]) {
            at += end + item(&tokens[at + end..]);
        } else {
            kept.push(tokens[at]);
            at += 1;
        }
    }
    kept
}

/// The length of an attribute `#[cfg(… test …)]` that the tokens begin with.
fn test_attribute(tokens: &[Token<'_>]) -> Option<usize> {
    let [Token::Mark('#'), Token::Mark('['), Token::Word("cfg"), ..] = tokens else {
        return None;
    };
    let end = tokens.iter().position(|token| *token == Token::Mark(']'))?;
    let holds = |word| tokens[..end].contains(&Token::Word(word));
    (holds("test") && !holds("not")).then_some(end + 1)
}

/// The length of an item: to its semicolon, or to the end of its braces.
fn item(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark(';') if depth == 0 => return at + 1,
            Token::Mark('{') => depth += 1,
            Token::Mark('}') if depth == 1 => return at + 1,
            Token::Mark('}') => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::{Crate, Layers, SourceFile};

    const DRAWING: &str = "## Layers\n\n| layers | import | are |\n| --- | --- | --- |\n\
        | `low`, `beside` | nothing | x |\n| `middle` | `low` | y |\n| `high` | all above | z |\n";

    fn krate(files: &[(&str, &str)]) -> Crate {
        let files: Vec<_> = files
            .iter()
            .map(|(path, text)| SourceFile {
                path: format!("src/{path}"),
                text: (*text).to_owned(),
            })
            .collect();
        Crate::of("src", &files)
    }

    fn faults(middle: &str) -> Vec<String> {
        let rest = [
            ("lib.rs", "use high::X;"),
            ("low.rs", ""),
            ("beside.rs", ""),
            ("high.rs", ""),
        ];
        let files = [
            &rest[..],
            &[("middle/mod.rs", middle), ("middle/part.rs", "")],
        ]
        .concat();
        Layers::parse(DRAWING).faults(&krate(&files))
    }

    #[test]
    fn an_upward_import_is_a_fault_in_every_way_to_write_it() {
        for upward in [
            "use crate::high::X;",
            "use crate::{low::A, high::{self}};",
            "pub(crate) use super::high as h;",
            "fn f() -> crate::high::X { todo!() }",
            "fn f() { super::high::f() }",
            "mod inner { use super::super::high::X; }",
            "use crate::beside::X;",
            "use crate::X;",
        ] {
            assert_eq!(faults(upward).len(), 1, "{upward}: {:?}", faults(upward));
        }
    }

    #[test]
    fn imports_downwards_and_in_tests_are_none() {
        for fine in [
            "use crate::low::X;\nuse self::part::Y;\nuse super::low;",
            "// crate::high::X\n/// [`X`](crate::high::X)\nconst A: &str = \"crate::high\";",
            "#[cfg(test)]\nmod tests { use crate::high::X; fn f() { {} } }",
            "#[cfg(test)]\nuse crate::high::X;",
            "mod inner { use super::part::Y; }\nuse high::Z;",
        ] {
            assert_eq!(faults(fine), [""; 0], "{fine}");
        }
    }

    #[test]
    fn a_module_that_the_table_lacks_is_a_fault_and_so_is_one_that_src_lacks() {
        let faults = Layers::parse(DRAWING).faults(&krate(&[("low.rs", ""), ("other.rs", "")]));
        assert_eq!(faults.len(), 4, "{faults:?}");
    }

    #[test]
    fn circles_are_found_through_folders_and_through_names() {
        let circles = |files: &[(&str, &str)]| krate(files).circles();
        let one = [
            ("a.rs", "use crate::b::X;"),
            ("b/mod.rs", ""),
            ("b/c.rs", "use crate::a;"),
        ];
        assert_eq!(circles(&one), [": a → b → a"]);
        let parent = ("m/mod.rs", "mod a; mod b; use a::A; pub use b::B;");
        let by_name = [
            parent,
            ("m/a.rs", "use super::B;"),
            ("m/b.rs", "use super::A;"),
        ];
        assert_eq!(circles(&by_name), ["m: a → b → a"]);
        let none = [
            parent,
            ("m/a.rs", "use super::{A, B};"),
            ("m/b.rs", "use super::Own;"),
        ];
        assert_eq!(circles(&none), [""; 0]);
    }
}
