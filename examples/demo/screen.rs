//! Output to the terminal.

use std::io::{self, IsTerminal, Stdout, Write};
use std::time::Duration;

use crate::Failure;
use crate::wav::RATE;

/// The width of the column with who speaks.
const MARGIN: usize = 9;

/// Bars of the level meter that a terminal shows at once, one for a piece of speech.
const BARS: usize = 40;

/// Bars on a line where lines cannot be redrawn.
const BARS_A_LINE: usize = 10;

/// The lowest level that is told apart, in dB of full scale.
const SILENCE: f64 = -99.0;

/// Output, line by line; on a terminal, some lines are redrawn.
pub struct Screen<W = Stdout> {
    out: W,
    redraws: bool,
    in_line: bool,
}

impl Screen {
    /// Standard output.
    pub fn new() -> Self {
        let out = io::stdout();
        Self {
            redraws: out.is_terminal(),
            in_line: false,
            out,
        }
    }
}

impl<W: Write> Screen<W> {
    /// Writes a line.
    pub fn line(&mut self, text: &str) -> Result<(), Failure> {
        self.end_line()?;
        self.put(&format!("{text}\n"))
    }

    /// Writes a line with a speaker, or with none, in the margin.
    pub fn row(&mut self, speaker: &str, text: &str) -> Result<(), Failure> {
        self.begin(speaker)?;
        self.stream(text)?;
        self.end_line()
    }

    /// Begins a line that [`stream`](Self::stream) goes on with.
    pub fn begin(&mut self, speaker: &str) -> Result<(), Failure> {
        self.end_line()?;
        self.in_line = true;
        self.put(&format!("{speaker:<MARGIN$}"))
    }

    /// Shows text as it comes, whatever is in it: control characters do not reach the terminal.
    pub fn stream(&mut self, text: &str) -> Result<(), Failure> {
        self.in_line = true;
        let shown = text.chars().filter(|c| *c == '\n' || !c.is_control());
        let shown: String = shown.collect();
        self.put(&shown.replace('\n', &format!("\n{:MARGIN$}", "")))
    }

    /// Ends a line that was begun.
    pub fn end_line(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.in_line) {
            self.put("\n")?;
        }
        Ok(())
    }

    /// Redraws the line. It must not get shorter, so that it covers what stood there.
    fn redraw(&mut self, text: &str) -> Result<(), Failure> {
        self.in_line = true;
        self.put(&format!("\r{:MARGIN$}{text}", ""))
    }

    fn put(&mut self, text: &str) -> Result<(), Failure> {
        let put = self.out.write_all(text.as_bytes());
        put.and_then(|()| self.out.flush())
            .map_err(|error| format!("could not write to standard output: {error}").into())
    }
}

/// A level meter: a bar for every piece of speech.
#[derive(Default)]
pub struct Meter {
    levels: Vec<f64>,
    samples: usize,
}

impl Meter {
    /// Shows the level of the next piece; the `last` one ends the meter.
    pub fn show<W: Write>(
        &mut self,
        screen: &mut Screen<W>,
        piece: &[i16],
        last: bool,
    ) -> Result<(), Failure> {
        self.levels.push(decibels(piece));
        self.samples += piece.len();
        if screen.redraws {
            screen.redraw(&self.line(0))?;
        } else if last || self.levels.len() == BARS_A_LINE {
            screen.row("", &self.line(BARS_A_LINE))?;
            self.levels.clear();
        }
        if last { screen.end_line() } else { Ok(()) }
    }

    fn line(&self, width: usize) -> String {
        let shown = self.levels.iter().rev().take(BARS).rev();
        let bars: String = shown.map(|level| bar(*level)).collect();
        let loudest = self.levels.iter().copied().fold(SILENCE, f64::max);
        let length = seconds(self.samples);
        format!("{bars:<width$} {length:>7}, loudest {loudest:>3.0} dB")
    }
}

/// A length in seconds, such as `1.4 s`.
#[allow(clippy::cast_precision_loss)] // Exact for a century of sound.
pub fn seconds(samples: usize) -> String {
    format!("{:.1} s", samples as f64 / f64::from(RATE))
}

/// A waiting time, such as `0.4 ms`, `85 ms` or `1.4 s`.
pub fn short(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.01 => format!("{:.1} ms", seconds * 1e3),
        ..1.0 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}

/// The mean level in dB of full scale.
#[allow(clippy::cast_precision_loss)]
fn decibels(samples: &[i16]) -> f64 {
    let square = |sample: &i16| (f64::from(*sample) / 32_768.0).powi(2);
    let mean = samples.iter().map(square).sum::<f64>() / samples.len().max(1) as f64;
    (10.0 * mean.log10()).max(SILENCE)
}

/// One of eight bars, 6 dB each.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // From 0 to 7.
fn bar(decibels: f64) -> char {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let height = (decibels / 6.0 + 8.0).clamp(0.0, 7.0);
    BARS[height as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(redraws: bool) -> Screen<Vec<u8>> {
        Screen {
            out: Vec::new(),
            redraws,
            in_line: false,
        }
    }

    fn text(screen: Screen<Vec<u8>>) -> String {
        String::from_utf8(screen.out).unwrap()
    }

    /// 100 ms of a square wave, whose mean level is its height.
    fn piece(decibels: f64) -> Vec<i16> {
        #[allow(clippy::cast_possible_truncation)]
        let height = (32_768.0 * 10_f64.powf(decibels / 20.0)) as i16;
        [height, -height].repeat(1_200)
    }

    #[test]
    fn levels_are_measured() {
        for level in [-6.0, -20.0, -60.0] {
            let measured = decibels(&piece(level));
            assert!((measured - level).abs() < 0.3, "{measured} for {level}");
        }
        assert!((decibels(&[]) - SILENCE).abs() < f64::EPSILON);
        let bars: String = [-99.0, -54.0, -47.0, -30.0, -11.0, -3.0, 0.0]
            .map(bar)
            .iter()
            .collect();
        assert_eq!(bars, "▁▁▁▄▇██");
    }

    #[test]
    fn a_terminals_meter_is_one_line() {
        let mut screen = screen(true);
        let mut meter = Meter::default();
        for n in 1..=60 {
            meter
                .show(
                    &mut screen,
                    &piece(if n > 30 { -3.0 } else { -100.0 }),
                    n == 60,
                )
                .unwrap();
        }
        let text = text(screen);
        assert_eq!(text.matches('\n').count(), 1);
        assert!(text.ends_with('\n'));
        let drawn: Vec<&str> = text.trim_end().split('\r').skip(1).collect();
        assert_eq!(drawn.len(), 60);
        assert!(
            drawn.is_sorted_by_key(|line| line.chars().count()),
            "a line got shorter"
        );
        assert_eq!(
            drawn[59],
            format!(
                "         {}{}   6.0 s, loudest  -3 dB",
                "▁".repeat(10),
                "█".repeat(30)
            )
        );
    }

    #[test]
    fn elsewhere_the_meter_is_a_line_a_second() {
        let mut screen = screen(false);
        let mut meter = Meter::default();
        for n in 1..=14 {
            meter.show(&mut screen, &piece(-10.0), n == 14).unwrap();
        }
        assert_eq!(
            text(screen),
            "         ▇▇▇▇▇▇▇▇▇▇   1.0 s, loudest -10 dB\n         ▇▇▇▇         1.4 s, loudest -10 dB\n"
        );
    }

    #[test]
    fn text_streams_and_cannot_steer_the_terminal() {
        let mut screen = screen(true);
        screen.begin("model").unwrap();
        screen.stream("Hel").unwrap();
        screen.stream("lo\n\x1b[2Jthere\r").unwrap();
        screen.line("Done").unwrap();
        assert_eq!(text(screen), "model    Hello\n         [2Jthere\nDone\n");
    }

    #[test]
    fn times_are_short() {
        assert_eq!(short(Duration::from_micros(85_900)), "86 ms");
        assert_eq!(short(Duration::from_micros(440)), "0.4 ms");
        assert_eq!(short(Duration::from_millis(1_440)), "1.4 s");
        assert_eq!(seconds(33_600), "1.4 s");
    }
}
