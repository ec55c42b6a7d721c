//! The tests, part by part, and their summary.

mod counts;
mod parts;
mod runtime;

use std::fmt::Write;
use std::time::{Duration, Instant};

use crate::process::{self, Result};
use crate::setup;
use crate::workspace::Workspace;
use counts::Counts;
use parts::{PARTS, Part, Stage};

/// Runs the parts that the arguments name, after installing the tools that each lacks.
///
/// # Errors
/// If the arguments fit no part, or a part failed or ran no test.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<()> {
    let parts = chosen(arguments)?;
    let mut stage = Stage::new(workspace);
    let results: Vec<_> = parts
        .iter()
        .map(|part| PartResult::of(part, &mut stage))
        .collect();
    drop(stage);
    print!("{}", summary(&results));
    let ran = results.iter().any(|result| result.left_out.is_none());
    if ran && results.iter().all(PartResult::passed) {
        Ok(())
    } else {
        Err("tests failed".into())
    }
}

/// A line for every part, for the usage text.
pub fn describe_parts() -> String {
    PARTS.iter().fold(String::new(), |mut text, part| {
        let half = if part.native { "  (--native)" } else { "" };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {:<8} {}{half}", part.name, part.about);
        text
    })
}

fn chosen(arguments: &[String]) -> Result<Vec<&'static Part>> {
    let native_only = arguments.iter().any(|argument| argument == "--native");
    let names: Vec<_> = arguments
        .iter()
        .filter(|argument| *argument != "--native")
        .collect();
    if let Some(unknown) = names
        .iter()
        .find(|name| PARTS.iter().all(|part| part.name != name.as_str()))
    {
        return Err(format!("no part `{unknown}`; the parts are\n{}", describe_parts()).into());
    }
    Ok(PARTS
        .iter()
        .filter(|part| part.native || !native_only)
        .filter(|part| names.is_empty() || names.iter().any(|name| *name == part.name))
        .collect())
}

/// Result of one part.
struct PartResult {
    name: &'static str,
    counts: Counts,
    took: Duration,
    /// Reason of a failure that the counts alone do not show.
    broken: Option<String>,
    /// Reason why an optional part did not run.
    left_out: Option<String>,
}

impl PartResult {
    fn of(part: &'static Part, stage: &mut Stage) -> Self {
        process::say(&format!("{}: {}", part.name, part.about));
        let start = Instant::now();
        let set_up = setup::ensure(stage.workspace, part.needs);
        if let (Err(error), true) = (&set_up, part.optional) {
            return Self {
                name: part.name,
                counts: Counts::default(),
                took: start.elapsed(),
                broken: None,
                left_out: Some(error.to_string()),
            };
        }
        let ran = set_up.and_then(|()| (part.run)(stage));
        let (counts, broken) = match ran {
            Ok((counts, succeeded)) => {
                let broken = match (counts, succeeded) {
                    (Counts { failed: 0, .. }, false) => Some("its runner failed"),
                    (
                        Counts {
                            passed: 0,
                            failed: 0,
                        },
                        true,
                    ) => Some("ran no test"),
                    _ => None,
                };
                (counts, broken.map(str::to_owned))
            }
            Err(error) => (Counts::default(), Some(error.to_string())),
        };
        Self {
            name: part.name,
            counts,
            took: start.elapsed(),
            broken,
            left_out: None,
        }
    }

    fn passed(&self) -> bool {
        self.broken.is_none() && self.counts.failed == 0
    }
}

/// Prints a table of the parts, with the total as its last line. A broken part counts as a failure.
fn summary(results: &[PartResult]) -> String {
    let mut text = format!(
        "\n{:<8} {:>7} {:>7} {:>8}\n",
        "part", "passed", "failed", "seconds"
    );
    let mut total = Counts::default();
    for result in results {
        let broken = result.broken.as_ref();
        let reason = match (broken, &result.left_out) {
            (Some(reason), _) => format!("  {reason}"),
            (None, Some(reason)) => format!("  left out: {reason}"),
            (None, None) => String::new(),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<8} {:>7} {:>7} {:>8.1}{reason}",
            result.name,
            result.counts.passed,
            result.counts.failed,
            result.took.as_secs_f64(),
        );
        total.add(result.counts);
        total.failed += usize::from(broken.is_some());
    }
    let _ = writeln!(text, "\n{} passed, {} failed", total.passed, total.failed);
    text
}

#[cfg(test)]
mod tests {
    use super::{Counts, Duration, PartResult, chosen, summary};

    fn result(passed: usize, failed: usize, broken: Option<&str>) -> PartResult {
        PartResult {
            name: "part",
            counts: Counts { passed, failed },
            took: Duration::from_millis(1500),
            broken: broken.map(str::to_owned),
            left_out: None,
        }
    }

    #[test]
    fn the_last_line_is_the_total_and_counts_a_broken_part() {
        let text = summary(&[result(3, 1, None), result(0, 0, Some("ran no test"))]);
        assert_eq!(text.lines().last(), Some("3 passed, 2 failed"));
        assert!(
            text.contains("part           3       1      1.5\n"),
            "{text}"
        );
        assert!(text.contains("1.5  ran no test\n"), "{text}");
    }

    #[test]
    fn a_part_that_was_left_out_says_why_and_fails_nothing() {
        let left_out = PartResult {
            left_out: Some("no server".to_owned()),
            ..result(0, 0, None)
        };
        assert!(left_out.passed());
        let text = summary(&[result(3, 0, None), left_out]);
        assert!(text.contains("1.5  left out: no server\n"), "{text}");
        assert_eq!(text.lines().last(), Some("3 passed, 0 failed"));
    }

    #[test]
    fn a_part_without_a_passed_test_has_not_passed() {
        assert!(result(1, 0, None).passed());
        assert!(!result(1, 1, None).passed());
        assert!(!result(0, 0, Some("ran no test")).passed());
    }

    #[test]
    fn arguments_choose_the_parts() {
        let names = |arguments: &[&str]| -> Option<Vec<&str>> {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            let parts = chosen(&arguments).ok()?;
            Some(parts.iter().map(|part| part.name).collect())
        };
        let native = names(&["--native"]).unwrap();
        assert!(
            native.contains(&"core") && !native.contains(&"page"),
            "{native:?}"
        );
        assert!(names(&[]).unwrap().len() > native.len());
        assert_eq!(names(&["sdk"]), Some(vec!["sdk"]));
        assert_eq!(names(&["nothing"]), None);
    }
}
