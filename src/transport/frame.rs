//! WebSocket messages and control frames ([RFC 6455](https://www.rfc-editor.org/rfc/rfc6455)).

use std::fmt;

use bytes::Bytes;
use bytestring::ByteString;

/// A WebSocket message, or one of its control frames: [RFC 6455, sections
/// 5.5 and 5.6](https://www.rfc-editor.org/rfc/rfc6455#section-5.5).
#[derive(Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text message.
    Text(ByteString),
    /// A binary message.
    Binary(Bytes),
    /// A ping, at most 125 bytes.
    Ping(Bytes),
    /// The answer to a ping, with its bytes.
    Pong(Bytes),
    /// The closing handshake's frame.
    Close(CloseFrame),
}

/// Kinds and sizes only.
impl fmt::Debug for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Binary(bytes) => write!(f, "Binary({} bytes)", bytes.len()),
            Self::Ping(bytes) => write!(f, "Ping({} bytes)", bytes.len()),
            Self::Pong(bytes) => write!(f, "Pong({} bytes)", bytes.len()),
            Self::Close(close) => write!(f, "Close({close:?})"),
        }
    }
}

/// Close of a socket: a code ([RFC 6455, section
/// 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4)) and a reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseFrame {
    /// 1000 is normal, 1001 the server going away, 4000 to 4999 the application's own. 1005 stands
    /// for a close frame without a code, 1006 for a connection that ended without one; both are
    /// never sent.
    pub code: u16,
    /// At most 123 bytes.
    pub reason: ByteString,
}

impl CloseFrame {
    /// The close of the Node SDK: 1000, `OK`.
    pub const NORMAL: Self = Self {
        code: 1000,
        reason: ByteString::from_static("OK"),
    };
    /// A close frame without a code.
    pub const NO_STATUS: Self = Self {
        code: 1005,
        reason: ByteString::new(),
    };
    /// A connection that ended without a close frame.
    pub const ABNORMAL: Self = Self {
        code: 1006,
        reason: ByteString::new(),
    };

    /// A code and a reason.
    ///
    /// # Errors
    /// [`InvalidClose`] for a code that must not be sent, or a reason of more than 123 bytes: 1000
    /// to 1003, 1007 to 1014 and 3000 to 4999 are the codes that may.
    pub fn new(code: u16, reason: impl Into<ByteString>) -> Result<Self, InvalidClose> {
        let reason = reason.into();
        Self { code, reason }.checked(Self::may_have)
    }

    /// The frame, if it may be sent where `may_have` says which codes may.
    pub(crate) fn checked(self, may_have: impl Fn(u16) -> bool) -> Result<Self, InvalidClose> {
        if !may_have(self.code) {
            return Err(InvalidClose::Code(self.code));
        }
        // A control frame has at most 125 bytes (RFC 6455, 5.5), and the code takes two.
        if self.reason.len() > 123 {
            return Err(InvalidClose::Reason {
                bytes: self.reason.len(),
            });
        }
        Ok(self)
    }

    /// The codes that RFC 6455 lets a side send.
    pub(super) fn may_have(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, " ({})", self.reason)?;
        }
        Ok(())
    }
}

/// A close code or reason that may not be sent: see [RFC 6455, section
/// 7.4](https://www.rfc-editor.org/rfc/rfc6455#section-7.4).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidClose {
    /// The code.
    #[error("close code {0} may not be sent: use 1000, or one from 3000 to 4999")]
    Code(u16),
    /// The reason.
    #[error("a close reason has at most 123 bytes, not {bytes}")]
    #[non_exhaustive]
    Reason {
        /// Its length in bytes.
        bytes: usize,
    },
}
