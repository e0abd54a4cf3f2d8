//! A headless Chromium, driven over a pipe by its DevTools protocol: <https://chromedevtools.github.io/devtools-protocol/>.

#![expect(clippy::unwrap_used, reason = "a test that cannot talk to its browser has failed")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

/// As Debian, Fedora and the vendor call it.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Nothing that it does by itself: no sandbox (in a container there is none to be had), no look for updates.
const FLAGS: [&str; 12] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
    "about:blank",
];

/// A browser that hangs is ended after this time, which fails the test.
const PATIENCE: Duration = Duration::from_secs(120);

/// One browser with one page.
#[derive(Debug)]
pub struct Browser {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    /// Ends the browser when it is dropped.
    _stop: Sender<()>,
    _profile: tempfile::TempDir,
    session: Option<String>,
    calls: u64,
    /// Addresses that the page has asked for.
    pub requests: Vec<String>,
    /// What the page complained about.
    pub complaints: Vec<String>,
}

fn find() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    let files = std::env::split_paths(&folders).flat_map(|folder| NAMES.map(|name| folder.join(name)));
    files.into_iter().find(|file| file.is_file())
}

impl Browser {
    /// None when there is no Chromium here, which is said in words; in CI that is an error.
    pub fn start() -> Option<Self> {
        let Some(program) = find() else {
            let message = "no Chromium was found (Debian's package `chromium`)";
            assert!(
                std::env::var_os("CI").is_none_or(|ci| ci != "true"),
                "{message}: in CI the page must be looked at"
            );
            crate::golden::write_note(&format!("skipped: {message}: the page is NOT tested\n"));
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        // The protocol speaks on the descriptors 3 and 4, which only a shell can make of the two that we have.
        let mut child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null", "sh"])
            .arg(program)
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(FLAGS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let stop = end_in_time(child);
        let mut browser = Self {
            input,
            output,
            _stop: stop,
            _profile: profile,
            session: None,
            calls: 0,
            requests: Vec::new(),
            complaints: Vec::new(),
        };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}))["targetId"].clone();
        let attached = browser.call("Target.attachToTarget", &json!({"targetId": target, "flatten": true}));
        browser.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page", "Network", "Runtime", "Log"] {
            browser.call(&format!("{domain}.enable"), &json!({}));
        }
        Some(browser)
    }

    /// Sends a command and gives its result.
    fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.calls += 1;
        let mut message = json!({"id": self.calls, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        write!(self.input, "{message}\0").unwrap();
        loop {
            let mut bytes = Vec::new();
            self.output.read_until(0, &mut bytes).unwrap();
            assert_eq!(bytes.pop(), Some(0), "the browser has ended, or was ended after {PATIENCE:?}");
            let message: Value = serde_json::from_slice(&bytes).unwrap();
            if message["id"] == self.calls {
                assert!(message.get("error").is_none(), "{method}: {message}");
                return message["result"].clone();
            }
            self.hear(&message);
        }
    }

    /// Something happened that was not asked for.
    fn hear(&mut self, message: &Value) {
        let parameters = &message["params"];
        match message["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                self.requests.push(parameters["request"]["url"].as_str().unwrap().to_owned());
            }
            Some("Runtime.exceptionThrown") => self.complaints.push(parameters["exceptionDetails"].to_string()),
            Some("Log.entryAdded") => self.complaints.push(parameters["entry"].to_string()),
            _ => {}
        }
    }

    /// The size of the window, and whether its user likes it dark.
    pub fn show(&mut self, width: u32, height: u32, scale: u32, scheme: &str) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500});
        self.call("Emulation.setDeviceMetricsOverride", &metrics);
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.call("Emulation.setEmulatedMedia", &features);
    }

    /// Opens an address.
    pub fn navigate(&mut self, address: &str) {
        let result = self.call("Page.navigate", &json!({"url": address}));
        assert!(result.get("errorText").is_none(), "{result}");
    }

    /// The value of an expression; of what it promises, if it does.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let result = self.call("Runtime.evaluate", &parameters);
        assert!(result.get("exceptionDetails").is_none(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Comes back when a condition of the page holds.
    pub fn wait_for(&mut self, condition: &str) {
        let promise = format!(
            "new Promise((done) => {{ const look = () => {{ let is; try {{ is = {condition}; }} catch {{ is = false; }} \
             if (is) done(true); else setTimeout(look, 30); }}; look(); }})"
        );
        assert_eq!(self.evaluate(&promise), true, "{condition}");
    }

    /// The page as a picture, as PNG.
    pub fn screenshot(&mut self, path: &Path, is_whole: bool) {
        let parameters = json!({"format": "png", "captureBeyondViewport": is_whole});
        let result = self.call("Page.captureScreenshot", &parameters);
        std::fs::write(path, from_base64(result["data"].as_str().unwrap())).unwrap();
    }
}

/// Ends the browser when the sender is dropped, or when its time is up.
fn end_in_time(mut child: Child) -> Sender<()> {
    let (stop, stopped) = channel::<()>();
    std::thread::spawn(move || {
        // Either way it is over.
        let _ = stopped.recv_timeout(PATIENCE);
        let _ = child.kill();
        let _ = child.wait();
    });
    stop
}

/// RFC 4648, with padding.
fn from_base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in text.bytes().take_while(|&letter| letter != b'=') {
        let value = ALPHABET.iter().position(|&one| one == letter).unwrap();
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

#[test]
fn base64_is_read_as_its_standard_shows() {
    for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")] {
        assert_eq!(from_base64(text), bytes.as_bytes());
    }
}
