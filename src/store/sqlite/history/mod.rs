//! History for people, read beside the writer.

mod incidents;
mod messages;
mod reader;

pub use reader::Reader;
