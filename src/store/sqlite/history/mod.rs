//! History for people, read beside the writer.

mod audit;
mod incidents;
mod messages;
mod reader;
mod records;

pub use reader::Reader;
