"""Makes a database of the version before, and keeps what that answered. Run beside punctual.yaml, with the path of its binary."""
import http.server, json, shutil, signal, sqlite3, subprocess, sys, threading, time, urllib.error, urllib.request

binary, data, port = sys.argv[1], "data", 18400
base = f"http://127.0.0.1:{port}"

class Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200 if self.path == "/takes" else 400)
        self.end_headers()
        self.wfile.write(b"no such topic" if self.path == "/refuses" else b"ok")
    def log_message(self, *_): pass

threading.Thread(target=http.server.ThreadingHTTPServer(("127.0.0.1", 18401), Sink).serve_forever, daemon=True).start()

def ask(path, method="GET", body=None):
    request = urllib.request.Request(base + path, data=body, method=method)
    request.add_header("Authorization", "Bearer a-token-of-the-tests")
    try:
        with urllib.request.urlopen(request) as answer: return answer.read().decode()
    except urllib.error.HTTPError as error: raise SystemExit(f"{path}: {error.code} {error.read()}")

def start():
    server = subprocess.Popen([binary, "serve", "--config.file", "punctual.yaml", "--storage.path", data,
                               "--web.listen-address", f"127.0.0.1:{port}"])
    while True:
        try: ask("/-/ready"); return server
        except OSError: time.sleep(0.1)

def cli(*arguments):
    subprocess.run([binary, *arguments, "--storage.path", data], check=True)

shutil.rmtree(data, ignore_errors=True)
server = start()
ping = lambda rest, body=b"": ask("/ping/" + rest, "POST", body)
ping("unknown")
time.sleep(2)
server.send_signal(signal.SIGKILL); server.wait()
time.sleep(200)
server = start()
ping("good/start?rid=r1"); time.sleep(0.3); ping("good?rid=r1&comment=all+done", b"12 rows\n")
ping("good/log?comment=by+the+way")
cli("mute", "muted", "--for", "720h", "--by", "ann", "--comment", "a move of the racks")
for name in ("failing/3?comment=disk+full", "acknowledged/fail", "wont-fix/fail", "muted/fail", "recovered/fail", "paused-at-run-time/fail", "dependent/fail"):
    ping(name, b"first line\nlast line\n")
ping("counted"); ping("counted"); ping("counted/fail")
ping("running/start?rid=7")
ask("/api/v1/checks", "POST", b'{"name": "made-by-api", "every": "1d", "labels": {"team": "web"}}')
ask("/api/v1/checks/made-by-api/ping?kind=fail", "POST")
ask("/coal-mine/v1/canary/create?name=Nightly+export&periodicity=86400&description=Exports")
ask("/coal-mine/v1/canary/trigger?name=Nightly+export&comment=done")
time.sleep(4)
cli("incidents", "ack", "acknowledged", "--by", "ann")
cli("incidents", "wont-fix", "wont-fix", "--by", "bob")
ask("/api/v1/checks/paused-at-run-time/pause", "POST", b'{"comment": "being moved"}')
ping("recovered")
time.sleep(45)
names = [check["name"] for check in json.loads(ask("/api/v1/checks?limit=1000"))["checks"]]
incidents = json.loads(ask("/api/v1/incidents?limit=1000"))["incidents"]
answers = {
    "checks": [json.loads(ask(f"/api/v1/checks/{name}")) for name in names],
    "incidents": [json.loads(ask(f"/api/v1/incidents/{incident['id']}")) for incident in incidents],
    "messages": json.loads(ask("/api/v1/messages?limit=1000"))["messages"],
    "mutes": json.loads(ask("/api/v1/mutes"))["mutes"],
    "status": json.loads(ask("/api/v1/status")),
    "canaries": json.loads(ask("/coal-mine/v1/canary/list?verbose=true")),
    "flips": {name: json.loads(ask(f"/api/v1/checks/{name}/flips"))["flips"] for name in names},
    "pings": {name: json.loads(ask(f"/api/v1/checks/{name}/pings"))["pings"] for name in names},
}
again = json.loads(ask("/api/v1/messages?limit=1000"))["messages"]
assert again == answers["messages"], "something left meanwhile"
server.send_signal(signal.SIGTERM); server.wait()
db = sqlite3.connect(f"{data}/punctual.db"); db.execute("PRAGMA wal_checkpoint(TRUNCATE)"); db.execute("VACUUM")
with open("punctual.sql", "w") as out:
    out.write(f"PRAGMA user_version={db.execute('PRAGMA user_version').fetchone()[0]};\n")
    out.write(f"PRAGMA application_id={db.execute('PRAGMA application_id').fetchone()[0]};\n")
    for line in db.iterdump(): out.write(line + "\n")
db.close()
json.dump(answers, open("answers.json", "w"), indent=1, ensure_ascii=False)
