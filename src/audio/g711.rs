//! G.711, the coding of telephone audio: 8 bits a sample, 8,000 samples a second.
//!
//! The numbers are those of [ITU-T G.711](https://www.itu.int/rec/T-REC-G.711) at a scale of 16
//! bits: µ-law keeps 14 of them, A-law 13. Negative samples are coded as the one's complement, as
//! ITU-T's software tools (G.191) do.
//!
//! ```
//! use openai_realtime_ws::audio::g711;
//!
//! let line = [0xFF, 0x80, 0x00]; // silence, the loudest positive and negative sample
//! assert_eq!(g711::decode_mu_law(&line), [0, 32_124, -32_124]);
//! assert_eq!(g711::encode_mu_law(&[0, 32_124, -32_124]), line);
//! ```

/// Evaluates a function of a code for all 256 of them, at compile time, where functions are no
/// values yet.
macro_rules! table {
    ($sample:ident) => {{
        let mut table = [0; 256];
        let mut code = 0_u8;
        loop {
            table[code as usize] = $sample(code);
            if code == u8::MAX {
                break table;
            }
            code += 1;
        }
    }};
}

/// µ-law code of silence.
pub const MU_LAW_SILENCE: u8 = 0xFF;

/// A-law code of silence: the smallest positive sample, as A-law has no zero.
pub const A_LAW_SILENCE: u8 = 0xD5;

/// Offset that makes the segments of µ-law powers of two.
const BIAS: i16 = 0x84;

/// Loudest sample that µ-law can code.
const CLIP: i16 = 0x7FFF - BIAS;

/// Samples of all codes, as decoding is a look-up.
static MU_LAW: [i16; 256] = table!(mu_law_sample);

static A_LAW: [i16; 256] = table!(a_law_sample);

/// Encodes 16-bit samples as µ-law, one byte each.
#[must_use]
pub fn encode_mu_law(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| mu_law_code(*sample)).collect()
}

/// Decodes µ-law bytes to 16-bit samples.
#[must_use]
pub fn decode_mu_law(bytes: &[u8]) -> Vec<i16> {
    // A `u8` is always inside of a table of 256.
    bytes
        .iter()
        .map(|code| MU_LAW[usize::from(*code)])
        .collect()
}

/// Encodes 16-bit samples as A-law, one byte each.
#[must_use]
pub fn encode_a_law(samples: &[i16]) -> Vec<u8> {
    samples.iter().map(|sample| a_law_code(*sample)).collect()
}

/// Decodes A-law bytes to 16-bit samples.
#[must_use]
pub fn decode_a_law(bytes: &[u8]) -> Vec<i16> {
    bytes.iter().map(|code| A_LAW[usize::from(*code)]).collect()
}

// A code is a sign, the position of the highest bit (the segment), and the four bits that follow
// it.

const fn mu_law_sample(code: u8) -> i16 {
    // On the line all bits are inverted, so that silence has many ones.
    let code = !code;
    let mantissa = ((code & 0x0F) as i16) << 3;
    let magnitude = ((mantissa + BIAS) << ((code >> 4) & 7)) - BIAS;
    if code & 0x80 == 0 {
        magnitude
    } else {
        -magnitude
    }
}

fn mu_law_code(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 {
        (0x80, !sample)
    } else {
        (0, sample)
    };
    !(sign | segment_and_mantissa(magnitude.min(CLIP) + BIAS))
}

const fn a_law_sample(code: u8) -> i16 {
    // On the line every other bit is inverted.
    let code = code ^ 0x55;
    let mantissa = (((code & 0x0F) as i16) << 4) + 8;
    let magnitude = match (code >> 4) & 7 {
        0 => mantissa,
        segment => (mantissa + 0x100) << (segment - 1),
    };
    if code & 0x80 == 0 {
        -magnitude
    } else {
        magnitude
    }
}

fn a_law_code(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 {
        (0, !sample)
    } else {
        (0x80, sample)
    };
    let code = if magnitude < 0x100 {
        // The lowest segment is linear.
        low_byte(magnitude >> 4)
    } else {
        segment_and_mantissa(magnitude)
    };
    (sign | code) ^ 0x55
}

/// Codes a magnitude whose highest bit is bit 7 or above.
fn segment_and_mantissa(magnitude: i16) -> u8 {
    let segment = magnitude.checked_ilog2().unwrap_or(0).saturating_sub(7);
    low_byte(magnitude >> (segment + 3)) & 0x0F | low_byte(i16::try_from(segment).unwrap_or(0) << 4)
}

// The low byte is the one that counts.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn low_byte(value: i16) -> u8 {
    value as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_the_standard_lists() {
        // Decision values and outputs at the ends of segments (G.711, tables 1 and 2), at 16 bits.
        let mu_law = [
            (0xFF, 0),
            (0xFE, 8),
            (0xF0, 120),
            (0xEF, 132),
            (0xDF, 396),
            (0xCF, 924),
            (0xBF, 1_980),
            (0xAF, 4_092),
            (0x9F, 8_316),
            (0x8F, 16_764),
            (0x80, 32_124),
            (0x7E, -8),
            (0x00, -32_124),
        ];
        for (code, sample) in mu_law {
            assert_eq!(decode_mu_law(&[code]), [sample], "µ-law {code:#04x}");
            assert_eq!(encode_mu_law(&[sample]), [code], "µ-law {sample}");
        }
        let a_law = [
            (0xD5, 8),
            (0x55, -8),
            (0xDA, 248),
            (0xC5, 264),
            (0xF5, 528),
            (0xE5, 1_056),
            (0x95, 2_112),
            (0x85, 4_224),
            (0xB5, 8_448),
            (0xA5, 16_896),
            (0xAA, 32_256),
            (0x2A, -32_256),
        ];
        for (code, sample) in a_law {
            assert_eq!(decode_a_law(&[code]), [sample], "A-law {code:#04x}");
            assert_eq!(encode_a_law(&[sample]), [code], "A-law {sample}");
        }
    }

    #[test]
    fn silence_is_what_the_line_calls_silence() {
        assert_eq!(encode_mu_law(&[0, -1]), [MU_LAW_SILENCE, 0x7F]);
        assert_eq!(encode_a_law(&[0, -1]), [A_LAW_SILENCE, 0x55]);
        assert_eq!(encode_mu_law(&[i16::MAX, i16::MIN]), [0x80, 0x00]);
        assert_eq!(encode_a_law(&[i16::MAX, i16::MIN]), [0xAA, 0x2A]);
    }

    #[test]
    fn every_code_survives_a_round_trip() {
        for code in 0..=u8::MAX {
            // µ-law has two zeros, and one sample for both.
            if code != 0x7F {
                assert_eq!(
                    encode_mu_law(&decode_mu_law(&[code])),
                    [code],
                    "µ-law {code:#04x}"
                );
            }
            assert_eq!(
                encode_a_law(&decode_a_law(&[code])),
                [code],
                "A-law {code:#04x}"
            );
        }
    }

    #[test]
    fn every_sample_is_coded_as_the_nearest_or_its_neighbour() {
        for (encode, decode) in [
            (
                encode_mu_law as fn(&[i16]) -> Vec<u8>,
                decode_mu_law as fn(&[u8]) -> Vec<i16>,
            ),
            (encode_a_law, decode_a_law),
        ] {
            let all: Vec<u8> = (0..=u8::MAX).collect();
            let mut levels = decode(&all);
            levels.sort_unstable();
            for sample in i16::MIN..=i16::MAX {
                let decoded = decode(&encode(&[sample]))[0];
                let error = (i32::from(decoded) - i32::from(sample)).abs();
                let best = levels
                    .iter()
                    .map(|level| (i32::from(*level) - i32::from(sample)).abs())
                    .min()
                    .unwrap();
                // Ties at a segment's edge may go either way, by at most the smaller half step.
                assert!(error <= best + best.max(4), "{sample}: {decoded}");
            }
        }
    }

    #[test]
    fn louder_never_becomes_softer() {
        let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
        assert!(decode_mu_law(&encode_mu_law(&samples)).is_sorted());
        assert!(decode_a_law(&encode_a_law(&samples)).is_sorted());
    }
}
