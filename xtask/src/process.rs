//! Child processes: run to the end, read, streamed line by line, or kept as a service.

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Time that a service has to end on its own.
const GRACE: Duration = Duration::from_secs(5);

/// Every failure here is for a person to judge, so an error is a text.
pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Runs a command to its end with its output on the terminal.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .map_err(|error| cannot_start(command, &error))?;
    check(command, status)
}

/// Runs a command to its end and returns what it wrote to standard output.
pub fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::null())
        .output()
        .map_err(|error| cannot_start(command, &error))?;
    check(command, output.status)?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Runs a command to its end and passes its standard output on; `on_line` sees every line of it.
pub fn tee(command: &mut Command, mut on_line: impl FnMut(&str)) -> Result<ExitStatus> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| cannot_start(command, &error))?;
    if let Some(output) = child.stdout.take() {
        each_line(output, |line| {
            println!("{line}");
            on_line(line);
            ControlFlow::Continue(())
        });
    }
    Ok(child.wait()?)
}

/// Goes through all results, also after a failure, and names every failure on a line of its own.
pub fn all(results: impl Iterator<Item = Result<()>>) -> Result<()> {
    let failures: Vec<_> = results
        .filter_map(Result::err)
        .map(|error| error.to_string())
        .collect();
    if failures.is_empty() {
        Ok(())
    } else {
        Err(failures.join("\n").into())
    }
}

/// A process that runs in the background until this value is dropped.
pub struct Service(Child);

impl Service {
    /// Starts the command and waits until `on_line` has seen the line that says it is ready.
    ///
    /// A command with a piped standard input is later asked to end by closing it, and has a moment
    /// to tidy up. Any other command is killed.
    ///
    /// # Errors
    /// If the process cannot be started, or ends before it is ready.
    pub fn start(
        command: &mut Command,
        on_line: impl FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Self> {
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| cannot_start(command, &error))?;
        let output = child.stdout.take();
        let service = Self(child);
        let rest = output.and_then(|output| each_line(output, on_line));
        let Some(mut rest) = rest else {
            return Err(format!("`{}` ended before it was ready", line_of(command)).into());
        };
        // A full pipe would block the process.
        std::thread::spawn(move || std::io::copy(&mut rest, &mut std::io::sink()));
        Ok(service)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if self.0.stdin.take().is_some() {
            let start = Instant::now();
            while start.elapsed() < GRACE && matches!(self.0.try_wait(), Ok(None)) {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        // Both fail only if the process has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Feeds lines to `on_line` until it breaks off, then returns the unread rest. At the end of the
/// output there is none.
fn each_line<R: std::io::Read>(
    output: R,
    mut on_line: impl FnMut(&str) -> ControlFlow<()>,
) -> Option<BufReader<R>> {
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    while output
        .read_until(b'\n', &mut line)
        .is_ok_and(|read| read > 0)
    {
        let text = String::from_utf8_lossy(&line);
        if on_line(text.trim_end_matches(['\r', '\n'])).is_break() {
            return Some(output);
        }
        line.clear();
    }
    None
}

/// Finds the path of a program as the shell does.
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// Puts a folder in front of a command's search path for programs.
pub fn prepend_path(command: &mut Command, folder: &Path) -> Result<()> {
    let inherited = std::env::var_os("PATH").unwrap_or_default();
    let set_before = command.get_envs().find(|(name, _)| *name == "PATH");
    let current = set_before
        .and_then(|(_, value)| value)
        .unwrap_or(&inherited);
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(current));
    let joined = std::env::join_paths(folders)?;
    command.env("PATH", joined);
    Ok(())
}

/// Prints the present step to standard error, between the outputs of the commands.
pub fn say(what: &str) {
    // Lines that were written before belong above this one.
    let _ = std::io::stdout().flush();
    eprintln!("==> {what}");
}

fn check(command: &Command, status: ExitStatus) -> Result<()> {
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{}` failed ({status})", line_of(command)).into())
    }
}

fn cannot_start(command: &Command, error: &std::io::Error) -> String {
    format!("cannot start `{}`: {error}", line_of(command))
}

/// Returns the command as a person would type it.
pub fn line_of(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Command, ControlFlow, Path, Service, Stdio, find, prepend_path, read, tee};

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    fn until_ready(line: &str) -> ControlFlow<()> {
        if line == "ready" {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    #[test]
    fn a_service_runs_until_it_is_dropped() {
        let script = "echo starting; echo ready; exec sleep 600";
        let mut service = Service::start(&mut shell(script), until_ready).unwrap();
        assert!(service.0.try_wait().unwrap().is_none(), "it runs");
        let id = service.0.id().to_string();
        drop(service);
        assert!(
            read(Command::new("kill").args(["-0", &id])).is_err(),
            "it is gone"
        );
    }

    #[test]
    fn a_service_with_input_may_tidy_up_when_it_is_dropped() {
        let file = std::env::temp_dir().join(format!("xtask-tidy-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let mut command = shell("echo ready; cat; rm \"$FILE\"");
        command.env("FILE", &file).stdin(Stdio::piped());
        drop(Service::start(&mut command, until_ready).unwrap());
        assert!(!file.exists());
    }

    #[test]
    fn a_service_that_ends_too_early_is_an_error() {
        let error = Service::start(&mut shell("echo starting"), until_ready).err();
        let text = error.map(|error| error.to_string());
        assert_eq!(
            text.as_deref(),
            Some("`sh -c echo starting` ended before it was ready")
        );
    }

    #[test]
    fn every_line_of_a_command_is_seen_also_the_last_without_an_end() {
        let mut lines = Vec::new();
        let status = tee(&mut shell("printf 'one\\r\\ntwo'; exit 3"), |line| {
            lines.push(line.to_owned());
        });
        assert_eq!(status.unwrap().code(), Some(3));
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn folders_are_put_before_the_path_one_after_the_other() {
        let mut command = shell("echo $PATH");
        prepend_path(&mut command, Path::new("/first")).unwrap();
        prepend_path(&mut command, Path::new("/second")).unwrap();
        let path = read(&mut command).unwrap();
        assert!(path.starts_with("/second:/first:"), "{path}");
        assert!(find("sh").is_some() && find("no such program").is_none());
    }
}
