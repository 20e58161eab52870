//! What a metric's numbers are.

/// What a metric's numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
    /// How often something took how long.
    Histogram,
    /// Always 1: its labels are what it says.
    Info,
}
