//! Chromium without a screen, told over a pipe what to do (the DevTools protocol).

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::Killed;

/// The names of the program.
const PROGRAMS: [&str; 4] = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];

pub struct Browser {
    _process: Killed,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    calls: u64,
    /// Every address that a page asked for.
    pub requests: Vec<String>,
    /// What went wrong in a script.
    pub faults: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// A browser with one empty page; `None` if none is installed. On CI a missing browser fails the test.
    pub fn start() -> Option<Self> {
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let there = |name: &&str| std::env::split_paths(&folders).any(|folder| folder.join(name).is_file());
        let Some(program) = PROGRAMS.into_iter().find(there) else {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "chromium is missing, and CI must not skip");
            eprintln!("skipped: chromium is not installed");
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // Chromium reads from descriptor 3 and writes to 4. In a container its own sandbox cannot be made.
        let script = "exec \"$0\" --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
                      --remote-debugging-pipe --user-data-dir=\"$1\" about:blank 3<&0 4>&1 < /dev/null > /dev/null 2>&1";
        let mut command = Command::new("sh");
        command.args(["-c", script, program]).arg(profile.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let (requests, faults) = (Vec::new(), Vec::new());
        let mut browser = Self {
            _process: Killed(child),
            input,
            output,
            session: None,
            calls: 0,
            requests,
            faults,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.call("Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned();
        browser.session = Some(session);
        ["Page.enable", "Network.enable", "Runtime.enable"].iter().for_each(|it| drop(browser.call(it, json!({}))));
        Some(browser)
    }

    /// Calls a method and returns its result; notes the events that come before it.
    pub fn call(&mut self, method: &str, params: Value) -> Value {
        self.calls += 1;
        let mut message = json!({ "id": self.calls, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.input.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            assert!(self.output.read_until(0, &mut bytes).unwrap() > 0, "the browser has ended");
            let said: Value = serde_json::from_slice(&bytes[..bytes.len() - 1]).unwrap();
            match said["method"].as_str() {
                Some("Network.requestWillBeSent") => {
                    self.requests.push(said["params"]["request"]["url"].as_str().unwrap().to_owned());
                }
                Some("Runtime.exceptionThrown") => self.faults.push(said["params"].to_string()),
                _ => {}
            }
            if said["id"] == self.calls {
                assert!(said["error"].is_null(), "{method}: {said}");
                return said["result"].clone();
            }
        }
    }

    /// The value of an expression in the page, once its promise is kept.
    pub fn value(&mut self, expression: &str) -> Value {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        self.call("Runtime.evaluate", params)["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait(&mut self, expression: &str) {
        let begun = Instant::now();
        while self.value(expression) != json!(true) {
            assert!(begun.elapsed() < Duration::from_secs(60), "never: {expression}; {:?}", self.faults);
            sleep(Duration::from_millis(20));
        }
    }

    pub fn open(&mut self, page: &Path) {
        self.call("Page.navigate", json!({ "url": format!("file://{}", page.display()) }));
        self.wait("document.readyState === 'complete' && !!document.getElementById('drop')");
    }

    /// Drags a file or a folder over the element `drop`, and drops it there.
    pub fn drop_on(&mut self, element: &str, path: &Path) {
        let place = self.value(&format!("document.getElementById('{element}').getBoundingClientRect().toJSON()"));
        let [x, y] = ["x", "y"].map(|it| place[it].as_f64().unwrap() + 8.0);
        for kind in ["dragEnter", "dragOver", "drop"] {
            let data = json!({ "items": [], "files": [path], "dragOperationsMask": 1 });
            self.call("Input.dispatchDragEvent", json!({ "type": kind, "x": x, "y": y, "data": data }));
        }
    }
}
