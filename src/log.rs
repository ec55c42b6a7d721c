//! Log lines by `tracing`, where that feature is on: types, sizes and codes, never contents.

/// A line for each step of a session's life.
macro_rules! log_step {
    ($($line:tt)*) => {
        #[cfg(feature = "tracing")]
        tracing::debug!(target: "openai_realtime_ws", $($line)*)
    };
}

/// A line for what the user should change.
macro_rules! log_warning {
    ($($line:tt)*) => {
        #[cfg(feature = "tracing")]
        tracing::warn!(target: "openai_realtime_ws", $($line)*)
    };
}

/// A line for each event.
macro_rules! log_event {
    ($($line:tt)*) => {
        #[cfg(feature = "tracing")]
        tracing::trace!(target: "openai_realtime_ws", $($line)*)
    };
}
