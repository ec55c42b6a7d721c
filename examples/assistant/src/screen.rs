//! The terminal: the conversation, and the levels of both devices below it.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};

use openai_realtime_ws::audio::Level;

/// Width of a meter, in characters.
const WIDTH: usize = 20;

/// The terminal.
pub struct Screen {
    has_meters: bool,
    /// Set in the middle of a line of the conversation.
    is_within_line: bool,
}

impl Screen {
    /// Creates a screen, which shows meters only where there is a terminal.
    pub fn new() -> Self {
        Self {
            has_meters: std::io::stdout().is_terminal(),
            is_within_line: false,
        }
    }

    /// Writes the next part of the line that is being written.
    pub fn add(&mut self, begin: &str, text: &str) {
        if !self.is_within_line {
            self.clear_meters();
            print!("{begin}");
            self.is_within_line = true;
        }
        print!("{text}");
        flush();
    }

    /// Ends the line that is being written.
    pub fn end_line(&mut self) {
        if std::mem::take(&mut self.is_within_line) {
            println!();
        }
    }

    /// Writes a line of its own.
    pub fn line(&mut self, line: &str) {
        self.end_line();
        self.clear_meters();
        println!("{line}");
    }

    /// Shows the levels of the microphone and the loudspeaker, in dBFS.
    pub fn meters(&self, microphone: f32, loudspeaker: f32) {
        if self.has_meters && !self.is_within_line {
            print!(
                "\r\x1b[Kyou {} model {}",
                meter(microphone),
                meter(loudspeaker)
            );
            flush();
        }
    }

    fn clear_meters(&self) {
        if self.has_meters {
            print!("\r\x1b[K");
        }
    }
}

fn flush() {
    // A terminal that is gone shows nothing.
    let _ = std::io::stdout().flush();
}

/// Draws a level: empty at -60 dBFS, full at 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // A small number.
fn meter(level: f32) -> String {
    let full = ((level.max(Level::SILENCE) + 60.0) / 60.0).clamp(0.0, 1.0);
    let filled = (full * 20.0).round() as usize;
    let mut meter = String::new();
    for place in 0..WIDTH {
        let _ = meter.write_char(if place < filled { '#' } else { '.' });
    }
    meter
}

#[cfg(test)]
mod tests {
    use super::meter;

    #[test]
    fn a_meter_shows_60_decibels() {
        assert_eq!(meter(0.0), "####################");
        assert_eq!(meter(-30.0), "##########..........");
        assert_eq!(meter(-100.0), "....................");
    }
}
