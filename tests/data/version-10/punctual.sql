PRAGMA user_version=10;
PRAGMA application_id=1348695148;
BEGIN TRANSACTION;
CREATE TABLE alerts (
    check_id INTEGER PRIMARY KEY,
    alerts   TEXT NOT NULL
) STRICT;
INSERT INTO "alerts" VALUES(3,'[{"labels":[["alertname","PunctualCheckLate"],["check","late"],["severity","critical"],["team","dba"]],"annotations":[["summary","late is late: what should have happened did not."],["reason","never_seen"],["schedule","every 1s"],["last_success","never"],["incident","1"]],"starts_at":1795892851869,"ended_at":null}]');
INSERT INTO "alerts" VALUES(4,'[{"labels":[["alertname","PunctualCheckFailing"],["check","failing"],["severity","warning"],["team","web"]],"annotations":[["summary","failing is failing."],["description","It fails"],["reason","failed"],["schedule","every 30d"],["last_success","never"],["runbook_url","https://wiki.example.org/failing"],["incident","3"]],"starts_at":1795893053383,"ended_at":null}]');
INSERT INTO "alerts" VALUES(5,'[{"labels":[["alertname","PunctualCheckFailing"],["check","acknowledged"],["severity","warning"],["team","dba"]],"annotations":[["summary","acknowledged is failing."],["reason","failed"],["schedule","every 30d"],["last_success","never"],["incident","4"]],"starts_at":1795893053385,"ended_at":null}]');
INSERT INTO "alerts" VALUES(6,'[{"labels":[["alertname","PunctualCheckFailing"],["check","wont-fix"],["severity","warning"],["team","web"]],"annotations":[["summary","wont-fix is failing."],["reason","failed"],["schedule","every 30d"],["last_success","never"],["incident","5"]],"starts_at":1795893053386,"ended_at":null}]');
INSERT INTO "alerts" VALUES(9,'[{"labels":[["alertname","PunctualCheckFailing"],["check","paused-at-run-time"],["severity","warning"],["team","web"]],"annotations":[["summary","paused-at-run-time is failing."],["reason","failed"],["schedule","every 30d"],["last_success","never"],["incident","8"]],"starts_at":1795893053398,"ended_at":1795893057481}]');
INSERT INTO "alerts" VALUES(10,'[{"labels":[["alertname","PunctualCheckFailing"],["check","recovered"],["group","shop"],["severity","warning"],["team","dba"]],"annotations":[["summary","recovered is failing."],["reason","failed"],["schedule","every 30d"],["last_success","never"],["incident","7"]],"starts_at":1795893053393,"ended_at":1795893058486}]');
INSERT INTO "alerts" VALUES(11,'[{"labels":[["alertname","PunctualCheckFailing"],["check","counted"],["severity","warning"]],"annotations":[["summary","counted is failing."],["reason","failed"],["schedule","1 to 3 within 1d, cron \"*/5 * * * *\" UTC"],["last_success","2026-11-28T19:10:53.402Z"],["incident","10"]],"starts_at":1795893053403,"ended_at":null}]');
INSERT INTO "alerts" VALUES(13,'[{"labels":[["alertname","PunctualCheckUnknown"],["check","unknown"],["severity","warning"],["team","web"]],"annotations":[["summary","unknown was due while punctual was not listening."],["reason","blind"],["schedule","every 1m"],["last_success","2026-11-28T19:07:30.915Z"],["incident","2"]],"starts_at":1795893052953,"ended_at":null}]');
INSERT INTO "alerts" VALUES(15,'[{"labels":[["alertname","PunctualCheckFailing"],["check","made-by-api"],["severity","warning"],["team","web"]],"annotations":[["summary","made-by-api is failing."],["reason","failed"],["schedule","every 1d"],["last_success","never"],["incident","11"]],"starts_at":1795893053417,"ended_at":null}]');
CREATE TABLE blind_windows (
    from_at INTEGER PRIMARY KEY,
    to_at   INTEGER NOT NULL
) STRICT;
INSERT INTO "blind_windows" VALUES(1795892852897,1795893052953);
CREATE TABLE bodies (
    seq      INTEGER PRIMARY KEY,
    check_id INTEGER NOT NULL,
    ordinal  INTEGER NOT NULL,
    body     BLOB NOT NULL
, left_out INTEGER) STRICT;
INSERT INTO "bodies" VALUES(3,1,2,X'313220726F77730A',0);
INSERT INTO "bodies" VALUES(5,4,1,X'6669727374206C696E650A6C617374206C696E650A',0);
INSERT INTO "bodies" VALUES(6,5,1,X'6669727374206C696E650A6C617374206C696E650A',0);
INSERT INTO "bodies" VALUES(7,6,1,X'6669727374206C696E650A6C617374206C696E650A',0);
INSERT INTO "bodies" VALUES(8,7,1,X'6669727374206C696E650A6C617374206C696E650A',0);
INSERT INTO "bodies" VALUES(9,10,1,X'6669727374206C696E650A6C617374206C696E650A',0);
INSERT INTO "bodies" VALUES(10,9,1,X'6669727374206C696E650A6C617374206C696E650A',0);
INSERT INTO "bodies" VALUES(11,14,1,X'6669727374206C696E650A6C617374206C696E650A',0);
CREATE TABLE canary_events (
    id       INTEGER PRIMARY KEY,
    check_id INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    text     TEXT NOT NULL
) STRICT;
INSERT INTO "canary_events" VALUES(1,16,1795893053420,'Canary created');
INSERT INTO "canary_events" VALUES(2,16,1795893053425,'Triggered (done)');
CREATE TABLE checks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT NOT NULL,
    definition TEXT NOT NULL,
    superseded INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO "checks" VALUES(1,'good','{"name":"good","title":"What works","labels":[["team","dba"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":13}}}',0);
INSERT INTO "checks" VALUES(2,'new','{"name":"new","title":"new","spec":{"schedule":{"at":{"cron":"30 2 1 1 *","zone":"Europe/Berlin","clocks":173832869674427577}},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":14}}}',0);
INSERT INTO "checks" VALUES(3,'late','{"name":"late","title":"late","labels":[["severity","critical"],["team","dba"]],"spec":{"schedule":{"every":1000},"grace":0,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":15}}}',0);
INSERT INTO "checks" VALUES(4,'failing','{"name":"failing","title":"failing","labels":[["team","web"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"description":"It fails","runbook_url":"https://wiki.example.org/failing","source":{"file":{"path":"punctual.yaml","line":16}}}',0);
INSERT INTO "checks" VALUES(5,'acknowledged','{"name":"acknowledged","title":"acknowledged","labels":[["team","dba"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":17}}}',0);
INSERT INTO "checks" VALUES(6,'wont-fix','{"name":"wont-fix","title":"wont-fix","labels":[["team","web"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":18}}}',0);
INSERT INTO "checks" VALUES(7,'muted','{"name":"muted","title":"muted","labels":[["team","dba"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":19}}}',0);
INSERT INTO "checks" VALUES(8,'paused','{"name":"paused","title":"paused","spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1,"paused":true},"source":{"file":{"path":"punctual.yaml","line":20}}}',0);
INSERT INTO "checks" VALUES(9,'paused-at-run-time','{"name":"paused-at-run-time","title":"paused-at-run-time","labels":[["team","web"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":21}}}',0);
INSERT INTO "checks" VALUES(10,'recovered','{"name":"recovered","title":"recovered","group":"shop","labels":[["team","dba"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":22}}}',0);
INSERT INTO "checks" VALUES(11,'counted','{"name":"counted","title":"counted","spec":{"schedule":{"counted_at":[{"cron":"*/5 * * * *","zone":"UTC","clocks":0},{"at_least":1,"at_most":3,"within":86400000}]},"grace":0,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":23}}}',0);
INSERT INTO "checks" VALUES(12,'running','{"name":"running","title":"running","spec":{"schedule":{"every":2592000000},"grace":60000,"max_runtime":86400000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":24}}}',0);
INSERT INTO "checks" VALUES(13,'unknown','{"name":"unknown","title":"unknown","labels":[["team","web"]],"spec":{"schedule":{"every":60000},"grace":5000,"failures_before_alert":1,"successes_to_recover":1},"source":{"file":{"path":"punctual.yaml","line":25}}}',0);
INSERT INTO "checks" VALUES(14,'dependent','{"name":"dependent","title":"dependent","labels":[["team","web"]],"spec":{"schedule":{"every":2592000000},"grace":60000,"failures_before_alert":1,"successes_to_recover":1},"depends_on":["late"],"source":{"file":{"path":"punctual.yaml","line":26}}}',0);
INSERT INTO "checks" VALUES(15,'made-by-api','{"name":"made-by-api","title":"made-by-api","labels":[["team","web"]],"spec":{"schedule":{"every":86400000},"grace":300000,"failures_before_alert":1,"successes_to_recover":1},"source":"api"}',0);
INSERT INTO "checks" VALUES(16,'nightly-export','{"name":"nightly-export","title":"Nightly export","spec":{"schedule":{"every":86400000},"grace":0,"failures_before_alert":1,"successes_to_recover":1},"description":"Exports","canary":{"system":"coal_mine","id":"xgwkdhsl","slug":"nightly-export"},"source":"api"}',0);
CREATE TABLE deliveries (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    incident_id     INTEGER NOT NULL,
    check_id        INTEGER NOT NULL,
    receiver        TEXT NOT NULL,
    action          INTEGER NOT NULL,
    responder       INTEGER,
    kind            TEXT NOT NULL,
    not_before      INTEGER NOT NULL,
    queued_at       INTEGER NOT NULL,
    repeat_interval INTEGER,
    state           TEXT NOT NULL,
    reason          TEXT,
    message_id      INTEGER
, given_up TEXT, flaps INTEGER, flapping_since INTEGER) STRICT;
INSERT INTO "deliveries" VALUES(1,1,3,'takes',8778350285422427555,1,'alert',1795892851869,1795892851871,14400000,'sent',NULL,3,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(2,1,3,'closed',1562499452456940003,1,'alert',1795892851869,1795892851871,NULL,'in_message',NULL,1,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(3,1,3,'refuses',3862948843728493125,1,'alert',1795892851869,1795892851871,NULL,'parked','refused',4,'{"since":1795892852876,"at":1795893052985,"reason":"refused","message":4,"tries":1,"alone":false}',NULL,NULL);
INSERT INTO "deliveries" VALUES(4,1,3,'takes',8778350285422427555,1,'reminder',1795907252876,1795892852876,14400000,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(5,2,13,'takes',1178489204945693739,2,'alert',1795893052953,1795893052965,NULL,'sent',NULL,5,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(6,2,13,'closed',6967394052536993943,2,'alert',1795900252953,1795893052965,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(7,3,4,'takes',1178489204945693739,2,'alert',1795893053383,1795893053383,NULL,'sent',NULL,5,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(8,3,4,'closed',6967394052536993943,2,'alert',1795900253383,1795893053383,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(9,4,5,'takes',8778350285422427555,1,'alert',1795893053385,1795893053385,14400000,'sent',NULL,5,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(10,4,5,'closed',1562499452456940003,1,'alert',1795893053385,1795893053385,NULL,'in_message',NULL,6,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(11,4,5,'refuses',3862948843728493125,1,'alert',1795893053385,1795893053385,NULL,'cancelled','acknowledged',NULL,'{"since":1795893054451,"at":1795893054451,"reason":"refused","message":8,"tries":0,"alone":false}',NULL,NULL);
INSERT INTO "deliveries" VALUES(12,5,6,'takes',1178489204945693739,2,'alert',1795893053386,1795893053386,NULL,'sent',NULL,5,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(13,5,6,'closed',6967394052536993943,2,'alert',1795900253386,1795893053386,NULL,'cancelled','wont_fix',NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(14,6,7,'takes',8778350285422427555,1,'alert',1795893053387,1795893053387,14400000,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(15,6,7,'closed',1562499452456940003,1,'alert',1795893053387,1795893053387,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(16,6,7,'refuses',3862948843728493125,1,'alert',1795893053387,1795893053387,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(17,7,10,'takes',8778350285422427555,1,'alert',1795893053393,1795893053393,14400000,'sent',NULL,5,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(18,7,10,'closed',1562499452456940003,1,'alert',1795893053393,1795893053393,NULL,'in_message',NULL,6,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(19,7,10,'refuses',3862948843728493125,1,'alert',1795893053393,1795893053393,NULL,'parked','refused',9,'{"since":1795893054469,"at":1795893054469,"reason":"refused","message":9,"tries":0,"alone":false}',NULL,NULL);
INSERT INTO "deliveries" VALUES(20,8,9,'takes',1178489204945693739,2,'alert',1795893053398,1795893053398,NULL,'sent',NULL,5,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(21,8,9,'closed',6967394052536993943,2,'alert',1795900253398,1795893053398,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(22,9,14,'takes',1178489204945693739,2,'alert',1795893053400,1795893053400,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(23,9,14,'closed',6967394052536993943,2,'alert',1795900253400,1795893053400,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(24,11,15,'takes',1178489204945693739,2,'alert',1795893053417,1795893053417,NULL,'sent',NULL,5,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(25,11,15,'closed',6967394052536993943,2,'alert',1795900253417,1795893053417,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(26,4,5,'takes',8778350285422427555,1,'reminder',1795907453999,1795893053999,14400000,'cancelled','acknowledged',NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(27,7,10,'takes',8778350285422427555,1,'reminder',1795907453999,1795893053999,14400000,'cancelled','recovered_before_due',NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(28,7,10,'closed',1562499452456940003,1,'recovery',1795893057482,1795893057482,NULL,'waiting',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "deliveries" VALUES(29,7,10,'refuses',3862948843728493125,1,'recovery',1795893057482,1795893057482,NULL,'parked','refused',10,'{"since":1795893058489,"at":1795893058489,"reason":"refused","message":10,"tries":0,"alone":false}',NULL,NULL);
INSERT INTO "deliveries" VALUES(30,7,10,'takes',8778350285422427555,1,'recovery',1795893057482,1795893057482,NULL,'sent',NULL,11,NULL,NULL,NULL);
CREATE TABLE flapping (
    check_id INTEGER NOT NULL,
    receiver TEXT NOT NULL,
    last_at  INTEGER NOT NULL,
    bouts    TEXT NOT NULL,
    told_at  INTEGER,
    times    INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    PRIMARY KEY (check_id, receiver)
) WITHOUT ROWID, STRICT;
CREATE TABLE flips (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    begun       TEXT NOT NULL,
    ended       TEXT NOT NULL,
    causes      TEXT NOT NULL
) STRICT;
INSERT INTO "flips" VALUES(1,13,1795892850915,'new','up','pinged','[]','[]','[]');
INSERT INTO "flips" VALUES(2,3,1795892851869,'new','late','judged','[["never_seen",1795892851869,null]]','[]','[["never_seen",1795892851869,null]]');
INSERT INTO "flips" VALUES(3,13,1795893052953,'up','unknown','judged','[["blind",1795893052953,"missing"]]','[]','[["blind",1795893052953,"missing"]]');
INSERT INTO "flips" VALUES(4,1,1795893053345,'new','up','pinged','[]','[]','[]');
INSERT INTO "flips" VALUES(5,4,1795893053383,'new','failing','pinged','[["failed",1795893053383,null]]','[]','[["failed",1795893053383,null]]');
INSERT INTO "flips" VALUES(6,5,1795893053385,'new','failing','pinged','[["failed",1795893053385,null]]','[]','[["failed",1795893053385,null]]');
INSERT INTO "flips" VALUES(7,6,1795893053386,'new','failing','pinged','[["failed",1795893053386,null]]','[]','[["failed",1795893053386,null]]');
INSERT INTO "flips" VALUES(8,7,1795893053387,'new','failing','pinged','[["failed",1795893053387,null]]','[]','[["failed",1795893053387,null]]');
INSERT INTO "flips" VALUES(9,10,1795893053393,'new','failing','pinged','[["failed",1795893053393,null]]','[]','[["failed",1795893053393,null]]');
INSERT INTO "flips" VALUES(10,9,1795893053398,'new','failing','pinged','[["failed",1795893053398,null]]','[]','[["failed",1795893053398,null]]');
INSERT INTO "flips" VALUES(11,14,1795893053400,'new','failing','pinged','[["failed",1795893053400,null]]','[]','[["failed",1795893053400,null]]');
INSERT INTO "flips" VALUES(12,11,1795893053401,'new','up','pinged','[]','[]','[]');
INSERT INTO "flips" VALUES(13,11,1795893053403,'up','failing','pinged','[["failed",1795893053403,null]]','[]','[["failed",1795893053403,null]]');
INSERT INTO "flips" VALUES(14,15,1795893053417,'new','failing','pinged','[["failed",1795893053417,null]]','[]','[["failed",1795893053417,null]]');
INSERT INTO "flips" VALUES(15,16,1795893053425,'new','up','pinged','[]','[]','[]');
INSERT INTO "flips" VALUES(16,9,1795893057478,'failing','paused','paused','[]','[]','[["failed",1795893053398,null]]');
INSERT INTO "flips" VALUES(17,10,1795893057482,'failing','up','pinged','[]','["failed"]','[]');
CREATE TABLE incident_steps (
    incident_id INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    what        TEXT NOT NULL,
    kind        TEXT,
    by          TEXT NOT NULL, details TEXT,
    PRIMARY KEY (incident_id, number)
) WITHOUT ROWID, STRICT;
INSERT INTO "incident_steps" VALUES(1,1,1795892851869,'began','never_seen','punctual',NULL);
INSERT INTO "incident_steps" VALUES(1,2,1795892852876,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":3,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(1,3,1795892852876,'failed',NULL,'punctual','{"receiver":"closed","kind":"alert","message":1,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":1}');
INSERT INTO "incident_steps" VALUES(1,4,1795892852876,'parked',NULL,'punctual','{"receiver":"refuses","kind":"alert","message":2,"answer":"http://127.0.0.1:18401 answered 400 Bad Request: no such topic","times":1}');
INSERT INTO "incident_steps" VALUES(1,5,1795893052983,'retried',NULL,'punctual','{"receiver":"closed","kind":"alert","message":1,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":1}');
INSERT INTO "incident_steps" VALUES(1,6,1795893052985,'retried',NULL,'punctual','{"receiver":"refuses","kind":"alert","message":4,"answer":"http://127.0.0.1:18401 answered 400 Bad Request: no such topic","times":1}');
INSERT INTO "incident_steps" VALUES(1,7,1795893078021,'retried',NULL,'punctual','{"receiver":"closed","kind":"alert","message":1,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":2}');
INSERT INTO "incident_steps" VALUES(2,1,1795893052953,'began','blind','punctual',NULL);
INSERT INTO "incident_steps" VALUES(2,2,1795893053999,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":5,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(3,1,1795893053383,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(3,2,1795893053999,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":5,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(4,1,1795893053385,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(4,2,1795893053999,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":5,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(4,3,1795893054393,'failed',NULL,'punctual','{"receiver":"closed","kind":"alert","message":6,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":1}');
INSERT INTO "incident_steps" VALUES(4,4,1795893054451,'parked',NULL,'punctual','{"receiver":"refuses","kind":"alert","message":8,"answer":"http://127.0.0.1:18401 answered 400 Bad Request: no such topic","times":1}');
INSERT INTO "incident_steps" VALUES(4,5,1795893057077,'retried',NULL,'punctual','{"receiver":"closed","kind":"alert","message":6,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":1}');
INSERT INTO "incident_steps" VALUES(4,6,1795893057457,'acknowledged',NULL,'ann',NULL);
INSERT INTO "incident_steps" VALUES(4,7,1795893076249,'retried',NULL,'punctual','{"receiver":"closed","kind":"alert","message":6,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":2}');
INSERT INTO "incident_steps" VALUES(5,1,1795893053386,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(5,2,1795893053999,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":5,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(5,3,1795893057469,'wont_fix',NULL,'bob',NULL);
INSERT INTO "incident_steps" VALUES(6,1,1795893053387,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(7,1,1795893053393,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(7,2,1795893053999,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":5,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(7,3,1795893054393,'failed',NULL,'punctual','{"receiver":"closed","kind":"alert","message":6,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":1}');
INSERT INTO "incident_steps" VALUES(7,4,1795893054469,'parked',NULL,'punctual','{"receiver":"refuses","kind":"alert","message":9,"answer":"http://127.0.0.1:18401 answered 400 Bad Request: no such topic","times":1}');
INSERT INTO "incident_steps" VALUES(7,5,1795893057077,'retried',NULL,'punctual','{"receiver":"closed","kind":"alert","message":6,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":1}');
INSERT INTO "incident_steps" VALUES(7,6,1795893057482,'eased','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(7,7,1795893057482,'resolved',NULL,'a ping',NULL);
INSERT INTO "incident_steps" VALUES(7,8,1795893058487,'told',NULL,'punctual','{"receiver":"takes","kind":"recovery","message":11,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(7,9,1795893058489,'parked',NULL,'punctual','{"receiver":"refuses","kind":"recovery","message":10,"answer":"http://127.0.0.1:18401 answered 400 Bad Request: no such topic","times":1}');
INSERT INTO "incident_steps" VALUES(7,10,1795893076249,'retried',NULL,'punctual','{"receiver":"closed","kind":"alert","message":6,"answer":"http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)","times":2}');
INSERT INTO "incident_steps" VALUES(8,1,1795893053398,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(8,2,1795893053999,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":5,"answer":"200 OK: ok","times":1}');
INSERT INTO "incident_steps" VALUES(9,1,1795893053400,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(10,1,1795893053403,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(11,1,1795893053417,'began','failed','a ping',NULL);
INSERT INTO "incident_steps" VALUES(11,2,1795893053999,'told',NULL,'punctual','{"receiver":"takes","kind":"alert","message":5,"answer":"200 OK: ok","times":1}');
CREATE TABLE incidents (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id  INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    ended_at  INTEGER,
    status    TEXT NOT NULL,
    first     TEXT NOT NULL,
    kinds     TEXT NOT NULL,
    actions   TEXT NOT NULL
, covered TEXT, told_late_after_blind INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "incidents" VALUES(1,3,1795892851869,NULL,'open','[["never_seen",1795892851869,null]]','["never_seen"]','[[8778350285422427555,["never_seen"],false],[1562499452456940003,["never_seen"],false],[3862948843728493125,["never_seen"],false]]','[]',0);
INSERT INTO "incidents" VALUES(2,13,1795893052953,NULL,'open','[["blind",1795893052953,"missing"]]','["blind"]','[[1178489204945693739,["blind"],false],[6967394052536993943,["blind"],false]]','[]',0);
INSERT INTO "incidents" VALUES(3,4,1795893053383,NULL,'open','[["failed",1795893053383,null]]','["failed"]','[[1178489204945693739,["failed"],false],[6967394052536993943,["failed"],false]]','[]',0);
INSERT INTO "incidents" VALUES(4,5,1795893053385,NULL,'acknowledged','[["failed",1795893053385,null]]','["failed"]','[[8778350285422427555,["failed"],false],[1562499452456940003,["failed"],false],[3862948843728493125,["failed"],false]]','["failing"]',0);
INSERT INTO "incidents" VALUES(5,6,1795893053386,NULL,'wont_fix','[["failed",1795893053386,null]]','["failed"]','[[1178489204945693739,["failed"],false],[6967394052536993943,["failed"],false]]','[]',0);
INSERT INTO "incidents" VALUES(6,7,1795893053387,NULL,'open','[["failed",1795893053387,null]]','["failed"]','[[8778350285422427555,["failed"],false],[1562499452456940003,["failed"],false],[3862948843728493125,["failed"],false]]','[]',0);
INSERT INTO "incidents" VALUES(7,10,1795893053393,1795893057482,'resolved','[["failed",1795893053393,null]]','["failed"]','[[8778350285422427555,["failed"],false],[1562499452456940003,["failed"],false],[3862948843728493125,["failed"],false]]','[]',0);
INSERT INTO "incidents" VALUES(8,9,1795893053398,NULL,'open','[["failed",1795893053398,null]]','["failed"]','[[1178489204945693739,["failed"],false],[6967394052536993943,["failed"],false]]','[]',0);
INSERT INTO "incidents" VALUES(9,14,1795893053400,NULL,'open','[["failed",1795893053400,null]]','["failed"]','[[1178489204945693739,["failed"],false],[6967394052536993943,["failed"],false]]','[]',0);
INSERT INTO "incidents" VALUES(10,11,1795893053403,NULL,'open','[["failed",1795893053403,null]]','["failed"]','[]','[]',0);
INSERT INTO "incidents" VALUES(11,15,1795893053417,NULL,'open','[["failed",1795893053417,null]]','["failed"]','[[1178489204945693739,["failed"],false],[6967394052536993943,["failed"],false]]','[]',0);
CREATE TABLE judgements (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    check_id   INTEGER NOT NULL,
    occurrence INTEGER NOT NULL,
    count      INTEGER NOT NULL,
    at_least   INTEGER,
    at_most    INTEGER,
    met        INTEGER NOT NULL
) STRICT;
INSERT INTO "judgements" VALUES(1,11,1795893000000,0,NULL,3,1);
CREATE TABLE messages (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    receiver   TEXT NOT NULL,
    key        TEXT NOT NULL,
    members    TEXT NOT NULL,
    notices    TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    retry_at   INTEGER,
    state      TEXT NOT NULL,
    settled_at INTEGER,
    answer      TEXT
, origin INTEGER) STRICT;
INSERT INTO "messages" VALUES(1,'closed','1c7b2ab7624ba13e-1','[2]','[{"kind":"alert","flaps":null,"incident":1,"incident_status":"open","check":"late","title":"late","group":"","labels":[["severity","critical"],["team","dba"]],"description":"","runbook_url":"","first":["never_seen",1795892851869,null],"causes":[["never_seen",1795892851869,null]],"opened_at":1795892851869,"ended_at":null,"schedule":"every 1s","grace":0,"due":1795892851869,"zone":"UTC","last_success":null,"last_run":null,"last_log":null,"output":null,"declared":"punctual.yaml:15","responder":1,"asked_by":"team=\"dba\"","repeat_interval":null,"thread":null,"blind":null,"emails":[],"canary":null}]',1795892852873,4,1795893105848,'open',NULL,'http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)',NULL);
INSERT INTO "messages" VALUES(2,'refuses','1c7b2ab7624ba13e-2','[3]','',1795892852873,1,NULL,'refused',1795892852876,'http://127.0.0.1:18401 answered 400 Bad Request: no such topic',NULL);
INSERT INTO "messages" VALUES(3,'takes','1c7b2ab7624ba13e-3','[1]','',1795892852873,1,NULL,'sent',1795892852876,'200 OK: ok',NULL);
INSERT INTO "messages" VALUES(4,'refuses','d47200ab4c7d082a-4','[3]','',1795893052965,1,NULL,'refused',1795893052985,'http://127.0.0.1:18401 answered 400 Bad Request: no such topic',NULL);
INSERT INTO "messages" VALUES(5,'takes','d47200ab4c7d082a-5','[5,7,9,12,17,20,24]','',1795893053969,1,NULL,'sent',1795893053999,'200 OK: ok',NULL);
INSERT INTO "messages" VALUES(6,'closed','d47200ab4c7d082a-6','[10,18]','[{"kind":"alert","flaps":null,"incident":4,"incident_status":"open","check":"acknowledged","title":"acknowledged","group":"","labels":[["team","dba"]],"description":"","runbook_url":"","first":["failed",1795893053385,null],"causes":[["failed",1795893053385,null]],"opened_at":1795893053385,"ended_at":null,"schedule":"every 30d","grace":60000,"due":null,"zone":"UTC","last_success":null,"last_run":{"at":1795893053385,"is_success":false,"exit_status":null,"duration":null,"source":"127.0.0.1","comment":null},"last_log":null,"output":[1795893053385,"first line\nlast line"],"declared":"punctual.yaml:17","responder":1,"asked_by":"team=\"dba\"","repeat_interval":null,"thread":null,"blind":null,"emails":[],"canary":null},{"kind":"alert","flaps":null,"incident":7,"incident_status":"open","check":"recovered","title":"recovered","group":"shop","labels":[["team","dba"]],"description":"","runbook_url":"","first":["failed",1795893053393,null],"causes":[["failed",1795893053393,null]],"opened_at":1795893053393,"ended_at":null,"schedule":"every 30d","grace":60000,"due":null,"zone":"UTC","last_success":null,"last_run":{"at":1795893053393,"is_success":false,"exit_status":null,"duration":null,"source":"127.0.0.1","comment":null},"last_log":null,"output":[1795893053393,"first line\nlast line"],"declared":"punctual.yaml:22","responder":1,"asked_by":"team=\"dba\"","repeat_interval":null,"thread":null,"blind":null,"emails":[],"canary":null}]',1795893054387,4,1795893113081,'open',NULL,'http://127.0.0.1:18402: client error (Connect): tcp connect error: Connection refused (os error 111)',NULL);
INSERT INTO "messages" VALUES(7,'refuses','d47200ab4c7d082a-7','[11,19]','',1795893054387,1,NULL,'split',1795893054395,'http://127.0.0.1:18401 answered 400 Bad Request: no such topic',NULL);
INSERT INTO "messages" VALUES(8,'refuses','d47200ab4c7d082a-8','[11]','',1795893054387,1,NULL,'refused',1795893054451,'http://127.0.0.1:18401 answered 400 Bad Request: no such topic',7);
INSERT INTO "messages" VALUES(9,'refuses','d47200ab4c7d082a-9','[19]','',1795893054387,1,NULL,'refused',1795893054469,'http://127.0.0.1:18401 answered 400 Bad Request: no such topic',7);
INSERT INTO "messages" VALUES(10,'refuses','d47200ab4c7d082a-10','[29]','',1795893058485,1,NULL,'refused',1795893058489,'http://127.0.0.1:18401 answered 400 Bad Request: no such topic',NULL);
INSERT INTO "messages" VALUES(11,'takes','d47200ab4c7d082a-11','[30]','',1795893058485,1,NULL,'sent',1795893058487,'200 OK: ok',NULL);
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
INSERT INTO "meta" VALUES('blind_ms',200056);
INSERT INTO "meta" VALUES('body_bytes',155);
INSERT INTO "meta" VALUES('created',1795892850867);
INSERT INTO "meta" VALUES('database_id',2052281022313898302);
INSERT INTO "meta" VALUES('sign_of_life',1795893102561);
INSERT INTO "meta" VALUES('states_up_to',18);
CREATE TABLE mutes (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    matchers TEXT NOT NULL,
    until    INTEGER NOT NULL,
    since    INTEGER NOT NULL,
    comment  TEXT NOT NULL
, by TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "mutes" VALUES(1,'check="muted"',1798485053367,1795893053367,'a move of the racks','ann');
CREATE TABLE names (
    name     TEXT PRIMARY KEY,
    check_id INTEGER NOT NULL
) WITHOUT ROWID, STRICT;
CREATE TABLE pauses (
    id       INTEGER PRIMARY KEY,
    check_id INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    paused   INTEGER NOT NULL,
    comment  TEXT,
    by       TEXT
) STRICT;
INSERT INTO "pauses" VALUES(1,9,1795893057478,1,'being moved','test (token)');
CREATE TABLE pings (
    seq         INTEGER PRIMARY KEY,
    check_id    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    kind        INTEGER NOT NULL,
    flags       INTEGER NOT NULL,
    ordinal     INTEGER NOT NULL,
    previous    INTEGER NOT NULL,
    exit_status INTEGER,
    duration    INTEGER,
    rid         TEXT,
    comment     TEXT,
    source      TEXT NOT NULL
) STRICT;
INSERT INTO "pings" VALUES(1,13,1795892850915,0,4,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(2,1,1795893053027,2,0,1,0,NULL,NULL,'r1',NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(3,1,1795893053345,0,12,2,2,NULL,318,'r1','all done','127.0.0.1');
INSERT INTO "pings" VALUES(4,1,1795893053354,3,0,3,3,NULL,NULL,NULL,'by the way','127.0.0.1');
INSERT INTO "pings" VALUES(5,4,1795893053383,1,8,1,0,3,NULL,NULL,'disk full','127.0.0.1');
INSERT INTO "pings" VALUES(6,5,1795893053385,1,8,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(7,6,1795893053386,1,8,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(8,7,1795893053387,1,8,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(9,10,1795893053393,1,8,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(10,9,1795893053398,1,8,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(11,14,1795893053400,1,8,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(12,11,1795893053401,0,4,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(13,11,1795893053402,0,4,2,12,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(14,11,1795893053403,1,0,3,13,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(15,12,1795893053404,2,0,1,0,NULL,NULL,'7',NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(16,15,1795893053417,1,0,1,0,NULL,NULL,NULL,NULL,'127.0.0.1');
INSERT INTO "pings" VALUES(17,16,1795893053425,0,4,1,0,NULL,NULL,NULL,'done','127.0.0.1');
INSERT INTO "pings" VALUES(18,10,1795893057482,0,4,2,9,NULL,NULL,NULL,NULL,'127.0.0.1');
CREATE TABLE refused_windows (
    from_at INTEGER PRIMARY KEY,
    to_at   INTEGER NOT NULL
) STRICT;
CREATE TABLE states (
    check_id  INTEGER PRIMARY KEY,
    last_ping INTEGER NOT NULL,
    pings     INTEGER NOT NULL,
    state     BLOB NOT NULL
) STRICT;
INSERT INTO "states" VALUES(1,4,3,X'03D49E8AB9C4680001EADB1801EADB1800000000011200018E0501000100011201FC04000000010272310000120000000100000001000101000000');
INSERT INTO "states" VALUES(2,0,0,X'03EAC2F1B8C468000100010000000000000000000000000000000000000000000000000000000000');
INSERT INTO "states" VALUES(3,0,0,X'03BAD2F1B8C4680001D00F01D00F00000101000000000000000000000000000000000000000000000000010000');
INSERT INTO "states" VALUES(4,5,1,X'038E9F8AB9C4680001A4DC1801A4DC180000010500000000010000000100010000010300000000010000000000010000000100');
INSERT INTO "states" VALUES(5,6,1,X'03929F8AB9C4680001A8DC1801A8DC1800000105000000000100000001000100000000000000010000000000010000000100');
INSERT INTO "states" VALUES(6,7,1,X'03949F8AB9C4680001AADC1801AADC1800000105000000000100000001000100000000000000010000000000010000000100');
INSERT INTO "states" VALUES(7,8,1,X'03969F8AB9C4680001ACDC1801ACDC1800000105000000000100000001000100000000000000010000000000010000000100');
INSERT INTO "states" VALUES(8,0,0,X'03EAC2F1B8C46800010001000100000000000000000000000000000000000000000000000000000000');
INSERT INTO "states" VALUES(9,10,1,X'038CDF8AB9C4680001A29C1901A29C190001000105E03F00000001E03F000001E03F01E03F000000000000010000000000010000000100');
INSERT INTO "states" VALUES(10,18,2,X'0394DF8AB9C4680001AA9C1901AA9C190000000100010001F23F000001000100000000000000000100000001010000000100');
INSERT INTO "states" VALUES(11,14,3,X'03B69F8AB9C4680001CCDC1801CCDC180000010500000001020100000001000100000000000000010002020201B6C20600000002010000000100');
INSERT INTO "states" VALUES(12,15,1,X'03B89F8AB9C4680001CEDC1801CEDC1800000000000001000001000000000100000101013700000101370200000000000000000000000100000000');
INSERT INTO "states" VALUES(13,1,1,X'03B2988AB9C4680001C8D5180100000001090001000001ECD41800000001ECD41801ECD418000000000000000100000001000000000000');
INSERT INTO "states" VALUES(14,11,1,X'03B09F8AB9C4680001C6DC1801C6DC1800000105000000000100000001000100000000000000010000000000010000000100');
INSERT INTO "states" VALUES(15,16,1,X'03D29F8AB9C468000110011000000105000000000100000001000100000000000000010000000000010000000100');
INSERT INTO "states" VALUES(16,17,1,X'03E29F8AB9C46800010A010A00000000010000000001000100000000000000000100000001000000000000');
CREATE UNIQUE INDEX checks_name ON checks (name) WHERE superseded = 0;
CREATE INDEX flips_check ON flips (check_id, id);
CREATE INDEX judgements_check ON judgements (check_id, id);
CREATE INDEX incidents_check ON incidents (check_id, id);
CREATE INDEX incidents_open ON incidents (id) WHERE ended_at IS NULL;
CREATE INDEX deliveries_incident ON deliveries (incident_id, id);
CREATE INDEX deliveries_unfinished ON deliveries (id) WHERE state IN ('waiting', 'in_message');
CREATE INDEX deliveries_parked ON deliveries (id) WHERE state = 'parked';
CREATE INDEX messages_open ON messages (id) WHERE state = 'open';
CREATE INDEX canary_events_check ON canary_events (check_id, id);
CREATE INDEX bodies_check ON bodies (check_id);
CREATE INDEX pauses_check ON pauses (check_id, id);
CREATE INDEX messages_origin ON messages (origin) WHERE origin IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('checks',16);
INSERT INTO "sqlite_sequence" VALUES('flips',17);
INSERT INTO "sqlite_sequence" VALUES('incidents',11);
INSERT INTO "sqlite_sequence" VALUES('deliveries',30);
INSERT INTO "sqlite_sequence" VALUES('messages',11);
INSERT INTO "sqlite_sequence" VALUES('judgements',1);
INSERT INTO "sqlite_sequence" VALUES('mutes',1);
COMMIT;
