//! docs/contracts.md: every number that the tree uses has a row, every row has tests, and no number
//! stands where users read.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::source::{self, SourceFile};

const DOCUMENT: &str = "docs/contracts.md";

/// Set to write the column of tests.
const UPDATE: &str = "UPDATE_CONTRACTS";

/// Folders whose tests and comments name rules.
const FOLDERS: &[&str] = &["src", "tests", "examples", "soak", "fuzz", "npm"];

/// The numbers that a text names, each as a range.
type Ranges = Vec<(u32, u32)>;

#[test]
fn numbers_have_rows_and_rows_have_tests() {
    let tests = tests_by_number();
    let document = source::read(DOCUMENT);
    let rows: BTreeSet<u32> = document.lines().filter_map(row).collect();
    let mut faults = Vec::new();
    for file in sources() {
        for (first, last) in numbers(&file.text) {
            let unknown = [first, last]
                .into_iter()
                .filter(|number| !rows.contains(number));
            faults.extend(unknown.map(|number| {
                format!("{}: contract {number} has no row in {DOCUMENT}", file.path)
            }));
        }
    }
    if std::env::var_os(UPDATE).is_some() {
        let updated: String = document.lines().map(|line| updated(line, &tests)).collect();
        fs::write(source::root().join(DOCUMENT), updated).expect("the document can be written");
    } else {
        faults.extend(
            document
                .lines()
                .filter_map(|line| fault_of_row(line, &tests)),
        );
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_number_stands_where_users_read() {
    let documented = |file: &SourceFile| {
        let is_public = !file.path.contains("tests");
        let comments = doc_comments(&file.text);
        (is_public && !numbers(&comments).is_empty()).then(|| file.path.clone())
    };
    let mut faults: Vec<_> = sources().iter().filter_map(documented).collect();
    let readable = source::below(".", &[".md", ".d.ts"]).into_iter();
    let readable = readable.filter(|file| file.path != DOCUMENT);
    faults.extend(
        readable
            .filter(|file| !numbers(&file.text).is_empty())
            .map(|file| file.path),
    );
    let advice = "state the rule in words; its number belongs into a plain comment";
    assert!(faults.is_empty(), "{}: {advice}", faults.join(", "));
}

fn sources() -> Vec<SourceFile> {
    let endings = [".rs", ".js", ".mjs", ".ts"];
    FOLDERS
        .iter()
        .flat_map(|folder| source::below(folder, &endings))
        .collect()
}

/// The files of tests that name each number.
fn tests_by_number() -> BTreeMap<u32, BTreeSet<String>> {
    let mut tests: BTreeMap<u32, BTreeSet<String>> = BTreeMap::new();
    for file in sources().iter().filter(|file| file.path.contains("tests")) {
        for number in numbers(&file.text)
            .into_iter()
            .flat_map(|(first, last)| first..=last)
        {
            tests.entry(number).or_default().insert(file.path.clone());
        }
    }
    tests
}

/// The number of a row of the document.
fn row(line: &str) -> Option<u32> {
    line.strip_prefix("| ")?.split(' ').next()?.parse().ok()
}

/// The row with the tests as they are; other lines as they were.
fn updated(line: &str, tests: &BTreeMap<u32, BTreeSet<String>>) -> String {
    let files = row(line).and_then(|number| tests.get(&number));
    match (files, line.trim_end_matches('|').rsplit_once('|')) {
        (Some(files), Some((rest, _))) => {
            let files: Vec<_> = files.iter().map(|file| format!("`{file}`")).collect();
            format!("{rest}| {} |\n", files.join(", "))
        }
        _ => format!("{line}\n"),
    }
}

fn fault_of_row(line: &str, tests: &BTreeMap<u32, BTreeSet<String>>) -> Option<String> {
    let number = row(line)?;
    let Some(files) = tests.get(&number) else {
        return Some(format!("no test names contract {number}"));
    };
    let cells: Vec<_> = line.split('|').collect();
    let named: Vec<_> = cells.get(4)?.split('`').skip(1).step_by(2).collect();
    let gone = named.iter().find(|file| !files.contains(**file));
    match gone {
        Some(file) => Some(format!(
            "contract {number}: {file} does not name it; {UPDATE}=1 mends it"
        )),
        None => named
            .is_empty()
            .then(|| format!("contract {number} names no tests; {UPDATE}=1 does")),
    }
}

/// The text of the documentation comments alone.
fn doc_comments(text: &str) -> String {
    let lines = text.lines().map(str::trim_start);
    let lines = lines.filter(|line| line.starts_with("///") || line.starts_with("//!"));
    lines.collect::<Vec<_>>().join("\n")
}

/// Reads `contract 41`, `contracts 1 to 3, 8 and 9` and names of tests such as
/// `…_contracts_69_and_75`.
fn numbers(text: &str) -> Ranges {
    let mut ranges = Ranges::new();
    // A list may go on in the next line of a comment.
    let text: Vec<_> = text.lines().map(without_marker).collect();
    let text = text.join(" ").to_lowercase();
    for (at, _) in text.match_indices("contract") {
        let named = text[at + "contract".len()..].trim_start_matches('s');
        let (mut found, mut is_range) = (Ranges::new(), false);
        for word in named.split([' ', '_', ',']) {
            let digits = word
                .find(|next: char| !next.is_ascii_digit())
                .unwrap_or(word.len());
            match (word[..digits].parse(), word) {
                (Ok(number), _) => match found.last_mut() {
                    Some((_, last)) if is_range => *last = number,
                    _ => found.push((number, number)),
                },
                (_, "" | "and") => {}
                (_, "to") if !is_range => {
                    is_range = true;
                    continue;
                }
                _ => break,
            }
            // Behind the number, the sentence ends.
            if !word.is_empty() && word != "and" && digits < word.len() {
                break;
            }
            is_range &= word.is_empty();
        }
        ranges.append(&mut found);
    }
    ranges
}

fn without_marker(line: &str) -> &str {
    let line = line.trim();
    let markers = ["///", "//!", "//", "*"];
    let text = markers
        .iter()
        .find_map(|marker| line.strip_prefix(marker))
        .unwrap_or(line);
    text.trim()
}

#[test]
fn numbers_are_read_in_every_way_they_are_written() {
    for (text, expected) in [
        ("(contract 41).", &[(41, 41)][..]),
        (
            "// Contracts 18, 22 to\n    // 24 and 31: x",
            &[(18, 18), (22, 24), (31, 31)],
        ),
        ("contracts 1 to 17, and 22 to 37)", &[(1, 17), (22, 37)]),
        ("fn queued_contracts_69_and_75() {", &[(69, 69), (75, 75)]),
        ("fn contract_47_a_type() of 3", &[(47, 47)]),
        ("fn a_page_contracts_35_to_37()", &[(35, 37)]),
        ("contracts that hold, contract addresses, 5", &[]),
    ] {
        assert_eq!(numbers(text), expected, "{text}");
    }
}
