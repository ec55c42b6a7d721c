//! The project's own rules, held against its files: which module may import which, how comments are
//! written, and whether the documents are true.

mod clients;
mod contracts;
mod imports;
mod links;
mod manifest;
mod prose;
mod source;
