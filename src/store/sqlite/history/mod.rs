//! History for people, read beside the writer.

mod audit;
mod incidents;
mod messages;
mod reader;

pub use reader::Reader;
