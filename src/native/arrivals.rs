//! Messages in the bytes that arrive, counted on their way to tungstenite.
//!
//! tungstenite clears its read buffer before every look at the stream, which costs more than
//! reading a small message does. [`Arrivals`] knows if a look is needed: no whole message is left
//! in tungstenite's buffer, so only the stream can have the next one.

/// Counter of the messages that are whole. It follows the heads of the frames (RFC 6455, section
/// 5.2) and checks nothing: tungstenite does.
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// Messages and control frames that arrived and were not returned.
    whole: usize,
    /// The head of the present frame, as far as it has arrived.
    head: [u8; 10],
    head_len: usize,
    /// Bytes of the present frame that are missing, once its head is known.
    missing: Option<u64>,
    /// Set if a head has come that tungstenite may not have seen. It refuses a length that is too
    /// large before the rest arrives.
    new_head: bool,
}

impl Arrivals {
    /// Notes bytes that tungstenite was given.
    #[inline]
    pub(super) fn arrived(&mut self, mut bytes: &[u8]) {
        loop {
            // Most frames arrive whole, and their heads need not be put together.
            while self.head_len == 0
                && let Some([first, second, a, b]) = bytes.first_chunk()
            {
                let length = match *second {
                    126 => 4 + usize::from(u16::from_be_bytes([*a, *b])),
                    short @ ..126 => 2 + usize::from(short),
                    _ => break,
                };
                let Some(rest) = bytes.get(length..) else {
                    break;
                };
                self.whole += usize::from(is_last(*first));
                bytes = rest;
            }
            if bytes.is_empty() {
                return;
            }
            bytes = self.take_piece(bytes);
        }
    }

    /// Takes bytes of the present frame, and returns those behind it.
    fn take_piece<'b>(&mut self, mut bytes: &'b [u8]) -> &'b [u8] {
        let missing = loop {
            if let Some(missing) = self.missing {
                break missing;
            }
            let Some((byte, rest)) = bytes.split_first() else {
                return bytes;
            };
            bytes = rest;
            self.missing = self.take_head(*byte);
            self.new_head = self.missing.is_some();
        };
        let here = usize::try_from(missing).map_or(bytes.len(), |all| all.min(bytes.len()));
        let missing = missing - here as u64;
        self.missing = Some(missing);
        if missing == 0 {
            self.end_frame();
        }
        bytes.get(here..).unwrap_or_default()
    }

    /// Notes that tungstenite returned a message.
    pub(super) fn returned(&mut self) {
        self.whole = self.whole.saturating_sub(1);
    }

    /// Notes that tungstenite found no whole message.
    pub(super) fn found_none(&mut self) {
        self.whole = 0;
        self.new_head = false;
    }

    /// Returns true if tungstenite may return a message or an error without reading.
    pub(super) fn any(&self) -> bool {
        self.whole > 0 || self.new_head
    }

    /// Takes one more byte of a head. Returns the number of bytes behind the head once it is whole.
    fn take_head(&mut self, byte: u8) -> Option<u64> {
        *self.head.get_mut(self.head_len)? = byte;
        self.head_len += 1;
        let [_, second, short @ .., _, _, _, _, _, _] = self.head;
        let [_, _, long @ ..] = self.head;
        let (head_len, length) = match second & 0x7f {
            126 => (4, u16::from_be_bytes(short).into()),
            127 => (10, u64::from_be_bytes(long)),
            length => (2, u64::from(length)),
        };
        // A mask is 4 bytes, though servers must send none.
        let mask = if second & 0x80 == 0 { 0 } else { 4 };
        (self.head_len == head_len).then(|| length.saturating_add(mask))
    }

    fn end_frame(&mut self) {
        let [first, ..] = self.head;
        self.whole += usize::from(is_last(first));
        self.head_len = 0;
        self.missing = None;
        self.new_head = false;
    }
}

/// Returns true for the first byte of a message's last frame, and of a control frame.
fn is_last(first: u8) -> bool {
    first & 0x80 != 0 || first & 0x08 != 0
}

#[cfg(test)]
mod tests {
    use super::Arrivals;

    fn frame(first: u8, payload: usize) -> Vec<u8> {
        let mut frame = vec![first];
        match payload {
            ..126 => frame.push(u8::try_from(payload).unwrap()),
            126..65_536 => {
                frame.push(126);
                frame.extend(u16::try_from(payload).unwrap().to_be_bytes());
            }
            _ => {
                frame.push(127);
                frame.extend((payload as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + payload, b'x');
        frame
    }

    #[test]
    fn messages_are_counted_when_their_last_byte_has_come_in_pieces_of_any_size() {
        let frames = [
            // A text, a text in three fragments with a ping between them, a close frame.
            (frame(0x81, 300), 1),
            (frame(0x01, 0), 0),
            (frame(0x89, 5), 1),
            (frame(0x00, 70_000), 0),
            (frame(0x80, 125), 1),
            (frame(0x81, 0), 1),
            (frame(0x88, 2), 1),
        ];
        let bytes: Vec<u8> = frames.iter().flat_map(|(frame, _)| frame.clone()).collect();
        for size in [1, 2, 3, 7, 1_000, bytes.len()] {
            let mut arrivals = Arrivals::default();
            let mut given = 0;
            for piece in bytes.chunks(size) {
                arrivals.arrived(piece);
                given += piece.len();
                let mut end = 0;
                let whole: usize = frames
                    .iter()
                    .filter(|(frame, _)| {
                        end += frame.len();
                        end <= given
                    })
                    .map(|(_, messages)| messages)
                    .sum();
                assert_eq!(arrivals.whole, whole, "{given} bytes in pieces of {size}");
            }
            for left in (0..5).rev() {
                assert!(arrivals.any());
                arrivals.returned();
                assert_eq!(arrivals.whole, left);
            }
            assert!(!arrivals.any());
        }
    }

    #[test]
    fn a_masked_frame_is_longer() {
        let mut arrivals = Arrivals::default();
        arrivals.arrived(&[0x81, 0x82, 0, 0, 0, 0, b'h']);
        assert_eq!(arrivals.whole, 0);
        arrivals.arrived(b"i");
        assert_eq!(arrivals.whole, 1);
        arrivals.found_none();
        assert!(!arrivals.any());
    }

    #[test]
    fn a_head_alone_is_worth_a_look_for_its_length_may_be_refused() {
        let mut arrivals = Arrivals::default();
        arrivals.arrived(b"\x81\x01a\x81\x7f\0\0\x01\0\0\0\0");
        arrivals.returned();
        assert!(!arrivals.any(), "a byte of the head is missing");
        arrivals.arrived(&[0]);
        assert!(arrivals.any());
        arrivals.found_none();
        assert!(!arrivals.any());
    }
}
