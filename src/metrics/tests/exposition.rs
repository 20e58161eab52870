//! How a scrape is written: formats, families, shards, chunks.

use super::*;

#[test]
fn openmetrics_names_families_without_suffix_and_ends() {
    let check = every("a");
    let catalog = Catalog::new([&check]);
    let own = Own::new();
    let snapshot = snapshot(&catalog, vec![row(0, &check, &[], 1100)], &own);
    let open = text(&snapshot, Format::OpenMetrics);
    for lines in [
        "# TYPE punctual_check_pings counter\n",
        "# TYPE punctual_check_late gauge\n",
        "# TYPE punctual_check_late_total unknown\n",
        "# TYPE punctual_check info\n",
        "# TYPE punctual_build info\n",
        "# TYPE punctual_blind_seconds counter\n# UNIT punctual_blind_seconds seconds\n",
        "# TYPE punctual_expiry_lag_seconds histogram\n# UNIT punctual_expiry_lag_seconds seconds\n",
        "# TYPE process_cpu_seconds counter\n# UNIT process_cpu_seconds seconds\nprocess_cpu_seconds_total ",
        "# TYPE punctual_check_last_exit_status gauge\n",
    ] {
        assert!(open.contains(lines), "{lines:?} is missing in:\n{open}");
    }
    assert!(open.ends_with("\n# EOF\n"));
    assert_eq!(open.matches("# EOF").count(), 1);
    let plain = text(&snapshot, Format::Text);
    assert!(!plain.contains("# EOF") && !plain.contains("# UNIT"));
    assert!(plain.contains("# TYPE punctual_check_pings_total counter\n"));
    assert!(plain.contains("# TYPE punctual_check_info gauge\n"));
    let samples = |text: &str| -> Vec<String> {
        let is_sample = |line: &&str| !line.starts_with('#') && !line.starts_with("process_");
        text.lines().filter(is_sample).map(str::to_owned).collect()
    };
    assert_eq!(samples(&open), samples(&plain), "the samples are the same in both formats");
}

#[test]
fn families_are_contiguous_and_samples_unique() {
    let checks = [every("a"), every("b"), every("c")];
    let catalog = Catalog::new(&checks);
    let own = Own::new();
    let rows: Vec<Row> =
        checks.iter().enumerate().map(|(i, check)| row(i as u32, check, &[], 5000)).collect();
    for format in [Format::Text, Format::OpenMetrics] {
        let text = text(&snapshot(&catalog, rows.clone(), &own), format);
        let mut families = BTreeSet::new();
        let mut samples = BTreeSet::new();
        let mut family = "";
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                family = rest.split(' ').next().unwrap();
                assert!(families.insert(family), "{family} comes twice");
            } else if !line.starts_with('#') {
                assert!(line.starts_with(family), "{line} is not of {family}");
                let (series, _) = line.rsplit_once(' ').unwrap();
                assert!(samples.insert(series), "{series} comes twice");
            }
        }
    }
}

#[test]
fn the_shards_together_are_the_whole() {
    let checks: Vec<Definition> = (0..50).map(|i| every(&format!("check-{i}"))).collect();
    let catalog = Catalog::new(&checks);
    let own = Own::new();
    let lines = |shard: Shard| -> Vec<String> {
        let rows = checks
            .iter()
            .enumerate()
            .filter(|(_, check)| shard.holds(check.name.as_str()))
            .map(|(i, check)| row(i as u32, check, &[], 1100))
            .collect();
        let text = text(&Snapshot { shard, ..snapshot(&catalog, rows, &own) }, Format::Text);
        let is_sample = |line: &&str| !line.starts_with('#') && !line.starts_with("process_");
        text.lines().filter(is_sample).map(str::to_owned).collect()
    };
    let mut parts: Vec<String> =
        (1..=4).flat_map(|i| lines(Shard::parse(&format!("{i}/4")).unwrap())).collect();
    let mut whole = lines(Shard::WHOLE);
    parts.sort();
    whole.sort();
    assert_eq!(parts, whole);
    assert!(lines(Shard::parse("2/4").unwrap()).iter().all(|line| line.starts_with("punctual_check_")));
}

#[test]
fn a_large_scrape_leaves_in_chunks_and_unpacks_to_the_same() {
    let checks: Vec<Definition> = (0..1000).map(|i| every(&format!("check-{i}"))).collect();
    let catalog = Catalog::new(&checks);
    let own = Own::new();
    let rows = checks.iter().enumerate().map(|(i, check)| row(i as u32, check, &[], 1100)).collect();
    // process_* change between two scrapes; only the first shard has them.
    let snapshot = Snapshot { shard: Shard::parse("2/2").unwrap(), ..snapshot(&catalog, rows, &own) };
    let plain = bytes(&snapshot, Negotiated { format: Format::Text, gzip: false });
    assert!(plain.len() > 10, "{} chunks", plain.len());
    assert!(plain.iter().all(|chunk| chunk.len() < 80 * 1024));
    let packed = bytes(&snapshot, Negotiated { format: Format::Text, gzip: true }).concat();
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.concat());
    assert!(packed.len() * 5 < unpacked.len());
}

#[test]
fn rendering_ends_when_nobody_listens() {
    let checks: Vec<Definition> = (0..1000).map(|i| every(&format!("check-{i}"))).collect();
    let catalog = Catalog::new(&checks);
    let own = Own::new();
    let rows = checks.iter().enumerate().map(|(i, check)| row(i as u32, check, &[], 1100)).collect();
    let snapshot = snapshot(&catalog, rows, &own);
    for gzip in [false, true] {
        let mut chunks = 0;
        let result = render(&snapshot, Negotiated { format: Format::Text, gzip }, &mut |_| {
            chunks += 1;
            Err(Gone)
        });
        assert_eq!((result, chunks), (Err(Gone), 1));
    }
}
