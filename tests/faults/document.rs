//! The tables of `docs/faults.md`.

use std::fmt::Write;

use crate::Seen;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md");
const RULE: &str = "| --- | --- | --- |";

/// The document, line by line, and what it should say.
pub struct Document {
    text: String,
    wanted: String,
    /// Rows are replaced, in place of compared.
    writes: bool,
}

impl Document {
    pub fn read() -> Self {
        let text = std::fs::read_to_string(PATH).unwrap();
        Self {
            wanted: text.clone(),
            text,
            writes: std::env::var("FAULTS").is_ok_and(|value| value == "write"),
        }
    }

    /// Returns whether the document has this fault, with this outcome.
    pub fn compare(&mut self, section: &str, name: &str, seen: &Seen) -> Result<(), String> {
        let row = format!("| {name} | {} | {} |", seen.caller, seen.server);
        // A reason as long as one may be.
        let row = row.replace(&"r".repeat(123), "rrr…");
        let mut rows = self.rows(section);
        let start = format!("| {name} | ");
        let old = rows.iter().position(|row| row.starts_with(&start));
        if self.writes {
            match old {
                Some(old) => rows[old] = row,
                None => rows.push(row),
            }
            self.set_rows(section, &rows);
            return Ok(());
        }
        match old.map(|old| &rows[old]) {
            Some(old) if *old == row => Ok(()),
            Some(old) => Err(format!("documented: {old}\nseen:       {row}")),
            None => Err(format!("not documented: {row}")),
        }
    }

    /// Says which faults there are in a section, in their order.
    pub fn keep(&mut self, section: &str, names: &[String]) {
        let rows = self.rows(section);
        let ordered: Vec<_> = names
            .iter()
            .filter_map(|name| {
                let start = format!("| {name} | ");
                rows.iter().find(|row| row.starts_with(&start)).cloned()
            })
            .collect();
        self.set_rows(section, &ordered);
    }

    /// Checks that every row stands for a fault, in order; or writes the document.
    pub fn finish(self) -> Result<(), String> {
        if self.text == self.wanted {
            return Ok(());
        }
        if self.writes {
            std::fs::write(PATH, self.wanted).map_err(|error| error.to_string())
        } else {
            Err("docs/faults.md has rows without a test, or out of order".to_owned())
        }
    }

    fn rows(&self, section: &str) -> Vec<String> {
        self.table(section).lines().map(str::to_owned).collect()
    }

    /// The rows under a heading.
    fn table(&self, section: &str) -> &str {
        let heading = format!("\n## {section}\n");
        let start = self.wanted.find(&heading).expect("the section is there");
        let (_, below) = self.wanted.split_at(start);
        let (_, below) = below.split_once(RULE).expect("it has a table");
        let below = &below[1..];
        let rows = below
            .split_inclusive('\n')
            .take_while(|line| line.starts_with('|'));
        &below[..rows.map(str::len).sum()]
    }

    fn set_rows(&mut self, section: &str, rows: &[String]) {
        let old = self.table(section);
        let start = old.as_ptr() as usize - self.wanted.as_ptr() as usize;
        let range = start..start + old.len();
        let new = rows.iter().fold(String::new(), |mut text, row| {
            let _ = writeln!(text, "{row}");
            text
        });
        self.wanted.replace_range(range, &new);
    }
}
