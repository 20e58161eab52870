//! Chromium, driven over its own protocol: pages with scripts, keys, widths and colours as people have them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::process::{PATIENCE, Process, tool, wait_for};

/// A browser with one page. What it says is in the folder that it was started in.
pub(crate) struct Browser {
    requests: ChildStdin,
    messages: Receiver<Value>,
    /// What happened, in its order.
    events: Vec<Value>,
    session: String,
    asked: u64,
    _process: Process,
}

impl Browser {
    pub(crate) fn start(folder: &Path) -> Browser {
        // It is spoken to through descriptors 3 and 4, which are its standard input and output to us.
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$@\" 3<&0 4>&1 </dev/null >/dev/null", "sh"]);
        command.arg(tool("chromium").get_program());
        command.args(["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe"]);
        command.args(["--no-first-run", "--disable-background-networking", "--no-proxy-server"]);
        command.arg(format!("--user-data-dir={}", folder.join("profile").display()));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Process::start_piped("chromium", &mut command, folder);
        let requests = process.child().stdin.take().unwrap();
        let mut said = BufReader::new(process.child().stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while said.read_until(0, &mut message).is_ok_and(|length| length > 0) {
                message.pop();
                if sender.send(serde_json::from_slice(&message).unwrap()).is_err() {
                    break;
                }
                message.clear();
            }
        });
        let session = String::new();
        let mut browser =
            Browser { requests, messages, events: Vec::new(), session, asked: 0, _process: process };
        browser.attach();
        browser
    }

    fn attach(&mut self) {
        let target = self.show_another();
        let wanted = json!({"targetId": target, "flatten": true});
        let attached = self.ask_of("", "Target.attachToTarget", wanted);
        attached["sessionId"].as_str().unwrap().clone_into(&mut self.session);
        for domain in ["Page", "Runtime", "Log", "Network"] {
            self.ask(&format!("{domain}.enable"), json!({}));
        }
    }

    /// Shows an empty page in front of all others; its id.
    pub(crate) fn show_another(&mut self) -> String {
        let made = self.ask_of("", "Target.createTarget", json!({"url": "about:blank"}));
        made["targetId"].as_str().unwrap().to_owned()
    }

    /// Closes a page that stands in front.
    pub(crate) fn close(&mut self, page: &str) {
        self.ask_of("", "Target.closeTarget", json!({"targetId": page}));
        self.ask("Page.bringToFront", json!({}));
    }

    /// Asks something of the page, and waits for the answer.
    fn ask(&mut self, method: &str, parameters: Value) -> Value {
        let session = self.session.clone();
        self.ask_of(&session, method, parameters)
    }

    fn ask_of(&mut self, session: &str, method: &str, parameters: Value) -> Value {
        self.asked += 1;
        let mut request = json!({"id": self.asked, "method": method});
        request["params"] = parameters;
        if !session.is_empty() {
            request["sessionId"] = json!(session);
        }
        self.requests.write_all(format!("{request}\0").as_bytes()).unwrap();
        loop {
            let message =
                self.messages.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("no answer to {request}"));
            if message["id"] != json!(self.asked) {
                self.events.push(message);
                continue;
            }
            assert!(message["error"].is_null(), "{request}: {message}");
            return message["result"].clone();
        }
    }

    /// Opens an address, and waits until all of the page is there.
    pub(crate) fn open(&mut self, url: &str) {
        self.forget_loads();
        self.ask("Page.navigate", json!({"url": url}));
        self.wait_loaded(url);
    }

    /// Before something is done that loads a page.
    pub(crate) fn forget_loads(&mut self) {
        self.hear();
        self.events.retain(|event| event["method"] != "Page.loadEventFired");
    }

    /// Waits until that page is loaded.
    pub(crate) fn wait_loaded(&mut self, what: &str) {
        wait_for(&format!("the browser to load {what}"), PATIENCE, || {
            self.hear();
            self.events.iter().any(|event| event["method"] == "Page.loadEventFired").then_some(())
        });
    }

    /// Takes in what has happened.
    fn hear(&mut self) {
        self.events.extend(self.messages.try_iter());
    }

    /// What an expression of JavaScript comes to in the page; a promise is waited for.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Value {
        let wanted = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", wanted);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].clone()
    }

    /// The same, of a text.
    pub(crate) fn text(&mut self, expression: &str) -> String {
        let value = self.evaluate(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression} is no text: {value}")).to_owned()
    }

    /// Waits until an expression is true.
    pub(crate) fn wait_until(&mut self, expression: &str, within: Duration) {
        wait_for(expression, within, || (self.evaluate(expression) == true).then_some(()));
    }

    /// Presses a key: a character, `Enter`, `Tab` or `Escape`.
    pub(crate) fn press(&mut self, key: &str) {
        let (text, code) = match key {
            "Enter" => ("\r", 13),
            "Tab" => ("", 9),
            "Escape" => ("", 27),
            character => (character, 0),
        };
        let down = json!({"type": "keyDown", "key": key, "text": text, "windowsVirtualKeyCode": code});
        self.ask("Input.dispatchKeyEvent", down);
        self.ask("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key}));
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        self.ask("Input.insertText", json!({"text": text}));
    }

    /// Signs in, on the page where one does, and waits for the one that follows.
    pub(crate) fn sign_in(&mut self, token: &str) {
        self.forget_loads();
        self.evaluate("document.querySelector('[name=token]').focus()");
        self.type_text(token);
        self.press("Enter");
        self.wait_loaded("the page after signing in");
    }

    pub(crate) fn resize(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600});
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    pub(crate) fn set_dark(&mut self, is_dark: bool) {
        let value = if is_dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.ask("Emulation.setEmulatedMedia", features);
    }

    pub(crate) fn set_zone(&mut self, zone: &str) {
        self.ask("Emulation.setTimezoneOverride", json!({"timezoneId": zone}));
    }

    /// Lets pages run scripts, or not, from the next one on.
    pub(crate) fn set_scripts(&mut self, are_on: bool) {
        self.ask("Emulation.setScriptExecutionDisabled", json!({"value": !are_on}));
    }

    /// What a cookie is that it sends to an address.
    pub(crate) fn cookie(&mut self, url: &str, name: &str) -> Option<String> {
        let known = self.ask("Network.getCookies", json!({"urls": [url]}));
        let cookie = known["cookies"].as_array().unwrap().iter().find(|cookie| cookie["name"] == name)?;
        Some(cookie["value"].as_str().unwrap().to_owned())
    }

    /// Gives it a cookie for an address, in place of all that it has.
    pub(crate) fn set_cookie(&mut self, url: &str, name: &str, value: &str) {
        self.ask("Network.clearBrowserCookies", json!({}));
        let set = self.ask("Network.setCookie", json!({"url": url, "name": name, "value": value}));
        assert_eq!(set["success"], true, "{name}={value}");
    }

    /// Has it send these headers with each request, as a proxy before the server would.
    pub(crate) fn set_headers(&mut self, headers: &Value) {
        self.ask("Network.setExtraHTTPHeaders", json!({"headers": headers}));
    }

    /// All that was written to the console since the start: by scripts, by their faults, and by the browser.
    pub(crate) fn console(&mut self) -> Vec<String> {
        self.hear();
        let is_line = |event: &&Value| {
            let method = event["method"].as_str().unwrap_or_default();
            matches!(method, "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Log.entryAdded")
        };
        self.events.iter().filter(is_line).map(ToString::to_string).collect()
    }

    /// The statuses of all answers from an address so far.
    pub(crate) fn statuses(&mut self, url: &str) -> Vec<u64> {
        self.hear();
        let of_url = |event: &&Value| {
            event["method"] == "Network.responseReceived" && event["params"]["response"]["url"] == url
        };
        let statuses = self.events.iter().filter(of_url);
        statuses.map(|event| event["params"]["response"]["status"].as_u64().unwrap()).collect()
    }

    /// Waits until these are the statuses of all answers from an address.
    pub(crate) fn wait_answers(&mut self, url: &str, expected: &[u64]) {
        wait_for(&format!("{expected:?} of {url}"), PATIENCE, || {
            (self.statuses(url) == expected).then_some(())
        });
    }
}
