//! The clients that are measured.

pub mod async_openai;
pub mod bare;
pub mod node;
pub mod ours;
