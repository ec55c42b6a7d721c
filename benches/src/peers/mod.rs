//! The clients that are measured.

pub mod async_openai;
pub mod bare;
pub mod fast;
pub mod floor;
pub mod node;
pub mod ours;
pub mod tuned;
pub mod value;
