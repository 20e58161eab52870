//! What a check asserts is read back.

use super::*;
use crate::core::assertion::Reported;
use crate::core::probe::{ExecLimits, ExecProbe, HttpProbe, JsonCondition, JsonTest, PromqlProbe, SqlProbe};

/// Who reports, and all that may be said of that.
pub(super) fn reported() -> Reported {
    let (reporter, by, args) = ("shop".into(), "a.B".into(), "[1]".into());
    Reported { reporter, by, args, resolve_after: Some(Span::mins(90)) }
}

#[test]
fn every_assertion_is_read_back() {
    let mut definition = full_definition();
    let test = |pointer: &str, is| JsonCondition { pointer: pointer.into(), is };
    let probe = HttpProbe {
        url: "https://example.org/ä".into(),
        timeout: Span::secs(3),
        statuses: [(200, 204), (404, 404)].into(),
        body: "^ok".into(),
        json: [
            test("/a", JsonTest::Equals("1".into())),
            test("/b", JsonTest::NotEquals("null".into())),
            test("", JsonTest::Matches("x".into())),
            test("/c", JsonTest::Above("1.5".into())),
            test("/c", JsonTest::Below("2".into())),
        ]
        .into(),
        certificate_expires_in: Some(Span::mins(60)),
        follows_redirects: false,
        unreachable_is_unknown: true,
    };
    let (key, title): (Arc<[Arc<str>]>, Arc<str>) = (["a".into(), "b".into()].into(), "{a}".into());
    let (query, timeout): (Arc<str>, Span) = ("select 1\nfrom a".into(), Span::secs(4));
    let promql = PromqlProbe {
        prometheus: "main".into(),
        query: query.clone(),
        key: key.clone(),
        title: title.clone(),
        timeout,
    };
    let sql = SqlProbe { database: "main".into(), query, key, title, wants_some: true, timeout };
    let exec = ExecProbe {
        line: ["/bin/look".into(), "".into(), "two words".into()].into(),
        timeout,
        limits: ExecLimits { memory: 1 << 30, files: 64, processes: 7 },
        names_records: true,
    };
    for found_by in [FoundBy::Promql(promql), FoundBy::Sql(sql), FoundBy::Http(probe), FoundBy::Exec(exec)] {
        let probed =
            Assertion { found_by, unknowns_before_alert: 1, max_records: None, finds: Finds::Lasting };
        Arc::make_mut(&mut definition.spec).assert = Some(Arc::new(probed));
        assert_eq!(read_definition(&write_definition(&definition)).unwrap(), definition);
    }
}
