//! Numbers of passed and failed tests, from the closing lines of the test runners.

/// Tests that passed and tests that failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub passed: usize,
    pub failed: usize,
}

impl Counts {
    /// Adds the counts of a runner's closing line. libtest and wasm-bindgen's runner print
    /// `test result: ok. 3 passed; 0 failed; …`, Node's prints `ℹ pass 3` and `ℹ fail 0`.
    pub fn read(&mut self, line: &str) {
        if let Some(result) = line.strip_prefix("test result: ") {
            self.passed += number_before(result, " passed;");
            self.failed += number_before(result, " failed;");
        } else if let Some(count) = line.strip_prefix("ℹ ") {
            match count.split_once(' ') {
                Some(("pass", number)) => self.passed += number.parse().unwrap_or(0),
                Some(("fail", number)) => self.failed += number.parse().unwrap_or(0),
                _ => {}
            }
        }
    }

    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let number = text
        .split_once(word)
        .and_then(|(before, _)| before.rsplit(' ').next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Counts;

    fn read(lines: &str) -> Counts {
        let mut counts = Counts::default();
        lines.lines().for_each(|line| counts.read(line));
        counts
    }

    #[test]
    fn libtest_lines_add_up() {
        let counts = read(
            "running 2 tests\n\
             test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
             test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 filtered out; finished in 0.02s\n",
        );
        assert_eq!(
            counts,
            Counts {
                passed: 15,
                failed: 1
            }
        );
    }

    #[test]
    fn node_lines_count() {
        let counts =
            read("✔ a turn (12ms)\nℹ tests 5\nℹ suites 0\nℹ pass 4\nℹ fail 1\nℹ skipped 0\n");
        assert_eq!(
            counts,
            Counts {
                passed: 4,
                failed: 1
            }
        );
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(
            read("test passed; 7 failed;\nℹ pass\npass 3\n"),
            Counts::default()
        );
    }
}
