//! Links between the project's documents lead somewhere.

use std::path::{Component, Path, PathBuf};

use crate::source::{self, SourceFile};

#[test]
fn documents_have_no_dead_links() {
    let faults: Vec<_> = source::below(".", &[".md"])
        .iter()
        .flat_map(|document| {
            let dead = targets(&document.text).filter(|target| is_dead(document, target));
            let shown: Vec<_> = dead
                .map(|target| format!("{}: {target}", document.path))
                .collect();
            shown
        })
        .collect();
    assert!(faults.is_empty(), "dead links:\n{}", faults.join("\n"));
}

/// The targets of links of the form `[text](target)`, outside of code.
fn targets(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    prose.flat_map(|prose| {
        let links = prose.split("](").skip(1);
        links.filter_map(|rest| Some(rest.split_once(')')?.0))
    })
}

/// Returns true if a target within the project is missing. rustdoc checks links to items itself.
fn is_dead(document: &SourceFile, target: &str) -> bool {
    let is_elsewhere = target.contains("://") || target.starts_with("mailto:");
    if is_elsewhere || target.contains("::") {
        return false;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = match path {
        "" => document.path.clone(),
        path => {
            let folder = Path::new(&document.path).parent().unwrap_or(Path::new(""));
            let Some(file) = normal(&folder.join(path)) else {
                return true;
            };
            file
        }
    };
    if !source::root().join(&file).exists() {
        return true;
    }
    !heading.is_empty()
        && !source::read(&file)
            .lines()
            .any(|line| anchor(line) == heading)
}

/// The path without `..`; none if it leaves the project.
fn normal(path: &Path) -> Option<String> {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => normal.pop().then_some(())?,
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    Some(normal.to_string_lossy().replace('\\', "/"))
}

/// The anchor that a heading gets, such as `add-an-event`.
fn anchor(line: &str) -> String {
    let Some(heading) = line.strip_prefix('#') else {
        return String::new();
    };
    let heading = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = heading
        .chars()
        .filter(|next| next.is_alphanumeric() || [' ', '-', '_'].contains(next));
    kept.map(|next| if next == ' ' { '-' } else { next })
        .collect()
}

#[test]
fn dead_links_are_found() {
    let document = SourceFile {
        path: "docs/faults.md".to_owned(),
        text: String::new(),
    };
    for alive in [
        "../README.md",
        "recovery.md",
        "https://example.com",
        "crate::Config",
        "../examples/node",
    ] {
        assert!(!is_dead(&document, alive), "{alive}");
    }
    for dead in [
        "README.md",
        "../../README.md",
        "recovery.md#nowhere",
        "#nowhere",
    ] {
        assert!(is_dead(&document, dead), "{dead}");
    }
    assert!(!is_dead(&document, "recovery.md#after-a-loss"));
    let text = "[a](b.md) and [c](d)\n```\n[no](link)\n```\n![e](f.png)";
    assert_eq!(targets(text).collect::<Vec<_>>(), ["b.md", "d", "f.png"]);
}
