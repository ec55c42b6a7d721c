//! The guide to voice names a test for each fault that people report: each of them exists.

use std::fs;
use std::path::Path;

const GUIDE: &str = include_str!("../../docs/voice.md");

/// Rows of the guide's last table: the number of the fault, and the cell with its tests.
fn rows() -> Vec<(u32, &'static str)> {
    let row = |line: &'static str| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.parse().ok()?, cells.nth(1)?))
    };
    GUIDE.lines().filter_map(row).collect()
}

#[test]
fn every_fault_has_its_tests_or_a_reason() {
    let numbers: Vec<u32> = rows().iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<_>>());
    for (number, cell) in rows() {
        let mut names = 0;
        for file in cell.split("; ") {
            let quoted: Vec<&str> = file.split('`').skip(1).step_by(2).collect();
            let Some((path, tests)) = quoted
                .split_first()
                .filter(|(path, _)| Path::new(path).extension().is_some_and(|end| end == "rs"))
            else {
                continue;
            };
            let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path));
            let text = text.unwrap_or_else(|error| panic!("{number}: {path}: {error}"));
            for test in tests {
                // Rows of a suite have their connector as a parameter of the type.
                let is_there = ["(", "<"]
                    .iter()
                    .any(|end| text.contains(&format!("fn {test}{end}")));
                assert!(is_there, "{number}: no {test} in {path}");
            }
            names += 1;
        }
        assert!(
            names > 0 || cell.starts_with("None"),
            "{number} has no test and no reason"
        );
    }
}
