//! One model of what is shown: pages, API, metrics and other systems' interfaces read it.

mod check;
mod incident;

pub use self::check::{CheckView, Moment, is_matched};
pub use self::incident::{IncidentView, standing};
