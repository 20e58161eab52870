//! Chooses the format and the compression from `Accept` and `Accept-Encoding`.

/// A text format of metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Prometheus' text format 0.0.4, which every client understands.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

/// How a scrape is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Negotiated {
    pub format: Format,
    /// Whether the answer is compressed with gzip.
    pub gzip: bool,
}

impl Format {
    /// The header `Content-Type`. Prometheus 3 fails a scrape that lacks it.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Text => "text/plain; version=0.0.4; charset=utf-8",
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// The client's preferred format among ours: the highest q, then the first named. A client that names none of ours gets
/// text, as from every exporter.
pub fn negotiate(accept: Option<&str>, accept_encoding: Option<&str>) -> Negotiated {
    let mut best = (Format::Text, 0);
    for item in items(accept) {
        if let Some(format) = format_of(&item)
            && item.q > best.1
        {
            best = (format, item.q);
        }
    }
    Negotiated { format: best.0, gzip: takes_gzip(accept_encoding) }
}

/// One item of a list with its weight in thousandths (RFC 9110, 12.4.2).
struct Item<'a> {
    value: &'a str,
    parameters: &'a str,
    q: u32,
}

impl<'a> Item<'a> {
    fn parse(text: &'a str) -> Item<'a> {
        let (value, parameters) = text.split_once(';').unwrap_or((text, ""));
        let mut item = Item { value: value.trim(), parameters, q: 1000 };
        item.q = item.parameter("q").map_or(1000, thousandths);
        item
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut pairs = self.parameters.split(';').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name))?;
        Some(value.trim().trim_matches('"'))
    }
}

fn items(header: Option<&str>) -> impl Iterator<Item = Item<'_>> {
    header.unwrap_or_default().split(',').map(Item::parse)
}

/// `0.75` is 750. Anything that is no weight is 0.
fn thousandths(text: &str) -> u32 {
    match text.parse::<f64>() {
        Ok(q) if (0.0..=1.0).contains(&q) => (q * 1000.0) as u32,
        _ => 0,
    }
}

fn format_of(item: &Item<'_>) -> Option<Format> {
    let version = item.parameter("version");
    let is = |name: &str| item.value.eq_ignore_ascii_case(name);
    if is("application/openmetrics-text") {
        return version.is_none_or(|version| version == "1.0.0").then_some(Format::OpenMetrics);
    }
    let text = is("text/plain") || is("text/*") || is("*/*");
    (text && version.is_none_or(|version| version == "0.0.4")).then_some(Format::Text)
}

fn takes_gzip(accept_encoding: Option<&str>) -> bool {
    let q = |name: &str| {
        items(accept_encoding).find(|item| item.value.eq_ignore_ascii_case(name)).map(|item| item.q)
    };
    q("gzip").or_else(|| q("x-gzip")).or_else(|| q("*")).is_some_and(|q| q > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_format_with_the_highest_weight_is_taken() {
        let check = |accept: Option<&str>, expected: Format| {
            assert_eq!(negotiate(accept, None).format, expected, "{accept:?}");
        };
        check(None, Format::Text);
        check(Some(""), Format::Text);
        check(Some("*/*"), Format::Text);
        check(Some("text/html,application/xhtml+xml,*/*;q=0.8"), Format::Text);
        check(Some("image/png"), Format::Text);
        check(Some("text/plain"), Format::Text);
        check(Some("application/openmetrics-text"), Format::OpenMetrics);
        check(Some("Application/OpenMetrics-Text; Version=\"1.0.0\" ; charset=utf-8"), Format::OpenMetrics);
        check(Some("application/openmetrics-text;version=0.0.1"), Format::Text);
        check(Some("application/openmetrics-text;version=2.0.0,*/*;q=0.1"), Format::Text);
        check(Some("application/openmetrics-text;q=0"), Format::Text);
        check(Some("application/openmetrics-text;q=high,text/plain;q=0.1"), Format::Text);
        check(Some("application/openmetrics-text;q=0.3,text/plain;q=0.4"), Format::Text);
        check(Some("application/openmetrics-text;q=0.4,text/plain;q=0.3"), Format::OpenMetrics);
        check(Some("text/plain,application/openmetrics-text"), Format::Text);
        check(Some("application/openmetrics-text,text/plain"), Format::OpenMetrics);
    }

    #[test]
    fn every_prometheus_gets_openmetrics() {
        let prometheus_2 = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;\
            q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
            application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
            text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for accept in [prometheus_2, prometheus_3] {
            assert_eq!(negotiate(Some(accept), None).format, Format::OpenMetrics);
        }
    }

    #[test]
    fn gzip_is_used_only_where_it_is_accepted() {
        let check = |accept_encoding: Option<&str>, expected: bool| {
            assert_eq!(negotiate(None, accept_encoding).gzip, expected, "{accept_encoding:?}");
        };
        check(None, false);
        check(Some(""), false);
        check(Some("identity"), false);
        check(Some("br, deflate"), false);
        check(Some("gzip"), true);
        check(Some("GZip;q=0.5, deflate"), true);
        check(Some("gzip;q=0, *"), false);
        check(Some("gzip;q=0.000"), false);
        check(Some("*"), true);
        check(Some("*;q=0"), false);
    }
}
