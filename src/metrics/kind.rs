//! Kinds of metrics.

/// The kind of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
    /// Counts durations by upper bounds.
    Histogram,
    /// Always 1; the labels carry the information.
    Info,
}
