//! The way comments are written, as far as it can be counted.

use crate::source::{self, SourceFile};

/// Words that open a clause where a doc comment should name the thing.
const CLAUSES: &[&str] = &[
    "What", "Who", "How", "Whether", "Where", "When", "Why", "Which",
];

/// Widest line of code and comments, in characters.
const MAX_WIDTH: usize = 100;

/// Folders with Rust source.
const SOURCES: &[&str] = &[
    "src", "tests", "examples", "benches", "fuzz", "npm", "soak", "xtask",
];

/// Lines of code for each plain comment, at most: fewer comments leave a reader without the
/// reasons.
const MAX_CODE_PER_COMMENT: usize = 60;

/// Doc comments that may open with one of these words, in percent.
const MAX_CLAUSES: usize = 1;

#[test]
fn doc_comments_open_with_the_thing() {
    let mut openings = Vec::new();
    for file in all_sources() {
        let mut is_inside = false;
        for (number, line) in file.text.lines().enumerate() {
            let doc = doc_text(line);
            if let (Some(text), false) = (doc, is_inside) {
                openings.push((
                    format!("{}:{}: {text}", file.path, number + 1),
                    text.to_owned(),
                ));
            }
            is_inside = doc.is_some();
        }
    }
    let total = openings.len();
    let clauses: Vec<_> = openings
        .into_iter()
        .filter(|(_, text)| text.split_whitespace().next().is_some_and(is_clause))
        .map(|(place, _)| place)
        .collect();
    assert!(
        clauses.len() * 100 <= total * MAX_CLAUSES,
        "{} of {total} doc comments open with a clause, more than {MAX_CLAUSES} %:\n{}",
        clauses.len(),
        clauses.join("\n")
    );
}

#[test]
fn lines_wrap() {
    let mut wide = Vec::new();
    let scripts = SOURCES.iter().flat_map(|folder| {
        let files = source::below(folder, &[".js", ".mjs", ".cjs", ".ts"]);
        files
            .into_iter()
            .filter(|file| !file.path.ends_with("events.d.ts"))
    });
    let documents = source::below(".", &[".md"]);
    for file in all_sources().chain(scripts).chain(documents) {
        for (number, line) in file.text.lines().enumerate() {
            // Strings, patterns, addresses and rows of a table do not break.
            let is_whole = line.contains(['"', '|', '\'', '`'])
                || line.ends_with('\\')
                || line.trim_start().starts_with("/^")
                || line.contains("https://");
            if line.chars().count() > MAX_WIDTH && !is_whole {
                wide.push(format!("{}:{}", file.path, number + 1));
            }
        }
    }
    assert!(
        wide.is_empty(),
        "wider than {MAX_WIDTH} columns:\n{}",
        wide.join("\n")
    );
}

#[test]
fn comments_give_reasons_where_a_reader_would_stop() {
    let (mut code, mut comments) = (0, 0);
    for file in public_sources() {
        let mut was_comment = false;
        for line in file.text.lines().map(str::trim_start) {
            let is_doc = doc_text(line).is_some();
            let is_comment = line.starts_with("//") && !is_doc;
            // A comment of several lines is one.
            comments += usize::from(is_comment && !was_comment);
            code += usize::from(!line.is_empty() && !line.starts_with("//"));
            was_comment = is_comment;
        }
    }
    assert!(
        code <= comments * MAX_CODE_PER_COMMENT,
        "{code} lines of code have {comments} comments, fewer than one for {MAX_CODE_PER_COMMENT}"
    );
}

/// All Rust source.
fn all_sources() -> impl Iterator<Item = SourceFile> {
    let folders = SOURCES.iter();
    folders.flat_map(|folder| source::below(folder, &[".rs"]))
}

/// The library's own source, without its tests.
fn public_sources() -> impl Iterator<Item = SourceFile> {
    let files = source::below("src", &[".rs"]).into_iter();
    files
        .filter(|file| !file.path.contains("/tests"))
        .map(|file| SourceFile {
            text: file
                .text
                .split("\nmod tests {")
                .next()
                .unwrap_or_default()
                .to_owned(),
            ..file
        })
}

/// The text of a line of documentation.
fn doc_text(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let text = line
        .strip_prefix("///")
        .or_else(|| line.strip_prefix("//!"))?;
    Some(text.trim())
}

fn is_clause(word: &str) -> bool {
    CLAUSES.contains(&word)
}
