//! What a query may not do (17.13b): a table of them for each kind of database.

use std::fmt::Write as _;
use std::path::Path;
use std::thread;

use tempfile::TempDir;

use crate::support::mariadb::Mariadb;
use crate::support::postgres::Postgres;
use crate::support::punctual::punctual;

/// A query, and how what its look says begins.
type Refused<'q> = (&'q str, &'q str);

/// So many looks run at a time.
const AT_A_TIME: usize = 6;

/// Looks by each query of the table at this database; some at a time, and after each of these `is_unchanged` is asked.
fn check(database: &str, table: &[Refused<'_>], is_unchanged: impl Fn()) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("punctual.yaml");
    let mut config = format!("databases: [{{name: db, {database}}}]\nchecks:\n");
    for (number, (query, expected)) in table.iter().enumerate() {
        let query = serde_json::to_string(query).unwrap();
        // Those that are to be answered have time on a machine that does much else.
        let timeout = if *expected == TOO_LONG { "1s" } else { "10s" };
        let sql = format!("{{database: db, timeout: {timeout}, query: {query}}}");
        writeln!(config, "  - {{name: q{number}, every: 1h, assert: {{records: false, sql: {sql}}}}}")
            .unwrap();
    }
    std::fs::write(&file, config).unwrap();
    let look = |number: usize| {
        let name = format!("q{number}");
        let (_, said) = punctual(&["probe", &name, "--config.file", file.to_str().unwrap()]);
        said.strip_prefix(&format!("{name} ")).unwrap_or(&said).to_owned()
    };
    let mut wrong = String::new();
    let numbers: Vec<usize> = (0..table.len()).collect();
    for some in numbers.chunks(AT_A_TIME) {
        let found: Vec<String> = thread::scope(|scope| {
            let looks: Vec<_> = some.iter().map(|number| scope.spawn(|| look(*number))).collect();
            looks.into_iter().map(|look| look.join().unwrap()).collect()
        });
        for (number, found) in some.iter().zip(found) {
            let (query, expected) = table[*number];
            let first = found.lines().next().unwrap_or_default();
            let is_other =
                !found.starts_with(expected) || found.starts_with(NO_ANSWER) && expected != TOO_LONG;
            if is_other || found.len() > 11_000 || found.contains(&"x".repeat(1025)) {
                writeln!(wrong, "{query}: {first}").unwrap();
            }
        }
        is_unchanged();
    }
    assert!(wrong.is_empty(), "{wrong}");
}

const NO_ANSWER: &str = "unknown: the database did not answer";
const TOO_LONG: &str = "unknown: the database did not answer within 1s";

/// 17.13b, 17.13e
#[test]
fn postgresql_is_only_read() {
    let postgres = Postgres::start();
    let writes_a_file = "select lo_export(1, '/tmp/x')";
    let table = [
        (
            "select 1; delete from profile",
            "unknown: cannot insert multiple commands into a prepared statement",
        ),
        ("select 1) as q; delete from profile; select (1", "unknown: syntax error"),
        ("select 1) as q (a); --", "unknown: syntax error"),
        ("delete from profile", "unknown: the query is no SELECT"),
        ("delete from profile returning id", "unknown: syntax error"),
        (
            "with x as (delete from profile returning *) select * from x",
            "unknown: WITH clause containing a data-modifying statement must be at the top level",
        ),
        (
            "select * from profile for update",
            "unknown: cannot execute SELECT FOR UPDATE in a read-only transaction",
        ),
        ("select nextval('numbers')", "unknown: cannot execute nextval() in a read-only transaction"),
        ("select writes()", "unknown: cannot execute DELETE in a read-only transaction"),
        (
            "select set_config('transaction_read_only', 'off', true), writes()",
            "unknown: transaction read-write mode must be set before any query",
        ),
        ("set transaction read write", "unknown: the query is no SELECT"),
        ("begin", "unknown: the query is no SELECT"),
        ("commit", "unknown: the query is no SELECT"),
        ("copy profile to program 'touch /tmp/x'", "unknown: the query is no SELECT"),
        ("do $$ begin delete from profile; end $$", "unknown: the query is no SELECT"),
        ("create table t (a integer)", "unknown: the query is no SELECT"),
        ("explain analyze delete from profile", "unknown: syntax error"),
        ("show all", "unknown: syntax error"),
        ("select * into t from profile", "unknown: "),
        // Up to PostgreSQL 15 it is made, and not kept.
        ("select lo_create(77)", ""),
        (writes_a_file, "unknown: permission denied for function lo_export"),
        ("select pg_read_file('/etc/passwd')", "unknown: permission denied for function pg_read_file"),
        (
            "select * from dblink('', 'delete from profile') as t (a integer)",
            "unknown: function dblink(unknown, unknown) does not exist",
        ),
        ("select id from hidden", "unknown: permission denied for table hidden"),
        ("select $1::text", "unknown: the query has a parameter"),
        ("select pg_sleep(60)", TOO_LONG),
        ("select set_config('statement_timeout', '0', false), pg_sleep(60)", TOO_LONG),
        ("select count(*) from generate_series(1, 100000000000)", TOO_LONG),
        ("select generate_series(1, 100000000000)", "violated: more than"),
        ("select i from generate_series(1, 1000000) as i", "violated: more than"),
        ("select 1, repeat('x', 30000000)", "violated: 1 row"),
        ("select repeat('x', 1073741824)", "unknown: requested length too large"),
        ("select id, picture, now(), '{1,2}'::int[] from profile; -- the first", "unknown: syntax error"),
        (
            "select id, picture, 1.5, '{1,2}'::int[] from profile -- the first\n;",
            "violated: 1 row, the first: 17 (took",
        ),
    ];
    let left = "select string_agg(id || email, ',') || (select is_called from numbers) || (select count(*) from \
                pg_largeobject_metadata) || (select count(*) from pg_class where relname = 't') from profile";
    check(&format!("postgres: {{url: '{}'}}", postgres.socket_url("reader")), &table, || {
        postgres.wait_until_left_alone();
        assert_eq!(postgres.values(left), ["17a@b.cfalse00"]);
    });
}

/// 17.13b, 17.13f
#[test]
fn mariadb_is_only_read() {
    let mariadb = Mariadb::start();
    let table = [
        ("select 1; delete from profile", "unknown: You have an error in your SQL syntax"),
        (
            "select 1) select 1; delete from profile; select (1",
            "unknown: You have an error in your SQL syntax",
        ),
        ("select 1) select 1 -- ", "unknown: You have an error in your SQL syntax"),
        ("select 1 /*", "unknown: You have an error in your SQL syntax"),
        ("delete from profile", "unknown: Cannot execute statement in a READ ONLY transaction"),
        ("delete from profile returning id", "unknown: Cannot execute statement in a READ ONLY transaction"),
        (
            "with x as (delete from profile returning *) select * from x",
            "unknown: You have an error in your SQL syntax",
        ),
        ("select id from profile for update", "unknown: Cannot execute statement in a READ ONLY transaction"),
        ("select nextval(numbers)", "unknown: Cannot execute statement in a READ ONLY transaction"),
        ("select writes()", "unknown: Cannot execute statement in a READ ONLY transaction"),
        ("set session transaction read write", "unknown: the query is no SELECT"),
        (
            "set statement max_statement_time = 0 for select 1",
            "unknown: You have an error in your SQL syntax",
        ),
        ("begin", "unknown: "),
        ("commit", "unknown: the query is no SELECT"),
        ("select * from profile into outfile '/tmp/punctual-outfile'", "unknown: "),
        ("select email from profile into dumpfile '/tmp/punctual-outfile'", "unknown: "),
        ("select 1 into @a", "unknown: "),
        ("load data infile '/etc/passwd' into table profile", "unknown: "),
        ("load data local infile '/etc/passwd' into table profile", "unknown: "),
        ("select load_file('/etc/passwd')", "unknown: "),
        ("call nothing()", "unknown: "),
        ("create table t (a integer)", "unknown: Cannot execute statement in a READ ONLY transaction"),
        ("analyze delete from profile", "unknown: Cannot execute statement in a READ ONLY transaction"),
        ("show tables", "unknown: You have an error in your SQL syntax"),
        ("select id from other.hidden", "unknown: SELECT command denied to user"),
        ("select ?", "unknown: the query has a parameter"),
        ("select sleep(60)", TOO_LONG),
        ("select benchmark(100000000000, md5('a'))", TOO_LONG),
        ("select count(*) from seq_1_to_100000000000 where md5(seq) = 'a'", TOO_LONG),
        ("select seq from seq_1_to_100000000000", "violated: more than"),
        ("select seq from seq_1_to_1000000", "violated: more than"),
        ("select 1, repeat('x', 10000000)", "violated: 1 row"),
        // More than the server takes is NULL.
        ("select repeat('x', 1073741824)", "unknown: "),
        ("select id, id, picture, 1.5 from profile -- the first\n;", "violated: 1 row, the first: 17 (took"),
    ];
    let left = "select concat(group_concat(concat(id, email)), (select count(*) from information_schema.tables where \
                table_schema = 'shop'), (select next_not_cached_value from shop.numbers)) from shop.profile";
    check(&format!("mysql: {{url: '{}'}}", mariadb.url("")), &table, || {
        mariadb.wait_until_left_alone();
        assert_eq!(mariadb.values(left), ["17a@b.c31"]);
        assert!(!Path::new("/tmp/punctual-outfile").exists());
    });
}

/// 17.13b, 17.13c
#[test]
fn sqlite_is_only_read() {
    let folder = TempDir::new().unwrap();
    let (file, other) = (folder.path().join("app.db"), folder.path().join("other.db"));
    let writer = rusqlite::Connection::open(&file).unwrap();
    writer
        .execute_batch(
            "create table profile (id integer, email text); insert into profile values (17, 'a@b.c')",
        )
        .unwrap();
    let attach = format!("attach '{}' as other", other.display());
    let endless = "with recursive a(x) as (select 1 union all select x + 1 from a) ";
    let count = format!("{endless}select count(*) from a");
    let all = format!("{endless}select x from a");
    let table = [
        ("select 1; delete from profile", "unknown: not authorized"),
        ("delete from profile", "unknown: not authorized"),
        ("delete from profile returning id", "unknown: not authorized"),
        ("with x as (select 1) delete from profile", "unknown: not authorized"),
        ("create table t (a integer)", "unknown: not authorized"),
        ("begin immediate", "unknown: not authorized"),
        (&attach, "unknown: not authorized"),
        ("vacuum into 'copy.db'", "unknown: the query is no SELECT"),
        ("pragma query_only = false", "unknown: not authorized"),
        ("select load_extension('x')", "unknown: not authorized to use function: load_extension"),
        ("select readfile('/etc/passwd')", "unknown: no such function: readfile"),
        ("explain delete from profile", "unknown: not authorized"),
        ("reindex", "unknown: "),
        ("select ?", "unknown: "),
        (&count, TOO_LONG),
        (&all, "violated: more than"),
        ("select 1, printf('%.*c', 4000000, 'x')", "violated: 1 row"),
        ("select zeroblob(1000000000)", "unknown: string or blob too big"),
        ("select id, id, x'00ff' from profile -- the first\n;", "violated: 1 row, the first: 17 (took"),
    ];
    check(&format!("sqlite: {{path: '{}'}}", file.display()), &table, || {
        let left = "select group_concat(id || email) || (select count(*) from sqlite_schema) from profile";
        let left: String = writer.query_row(left, [], |row| row.get(0)).unwrap();
        assert_eq!((&*left, other.exists()), ("17a@b.c1", false));
    });
}
