//! The ways in which sessions reach their servers.

/// Way to a server. A quarter of the sessions takes each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In clear, over connections that break.
    Clear,
    /// The same, with a name whose first address answers nothing.
    DeadAddress,
    /// Over TLS, some of whose handshakes are reset or end.
    Tls,
    /// In clear, to a server whose sessions expire soon, with `Config::renew`.
    Renewing,
}

impl Way {
    /// The way of the session with this number.
    pub fn of(session: usize) -> Self {
        match session % 4 {
            0 => Self::Clear,
            1 => Self::DeadAddress,
            2 => Self::Tls,
            _ => Self::Renewing,
        }
    }

    /// True if connections are replaced before their sessions expire.
    pub fn renews(self) -> bool {
        self == Self::Renewing
    }
}
