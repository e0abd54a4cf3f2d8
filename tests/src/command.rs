//! Our programs, as a user runs them.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How a program ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// Exit status; none when a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// Peak resident memory in bytes, as the kernel counted it.
    pub peak_memory: u64,
}

impl Ended {
    /// Fails the test unless the program ended well.
    pub fn success(self) -> Self {
        assert_eq!(self.status, Some(0), "{}", self.stderr);
        self
    }

    /// Everything that a user sees, for a snapshot: status, stdout, stderr; a stream without a word is left out.
    pub fn transcript(&self) -> String {
        let status = self.status.map_or("none: ended by a signal".to_owned(), |status| status.to_string());
        let mut text = format!("status: {status}\n");
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                text.push_str(&format!("----- {name}\n{stream}"));
            }
        }
        text
    }
}

/// A program of this workspace, in a folder of its own, without the caller's settings.
#[derive(Debug)]
pub struct Program {
    path: PathBuf,
    arguments: Vec<std::ffi::OsString>,
    folder: Option<PathBuf>,
    environment: Vec<(String, String)>,
    shell: Option<String>,
}

/// Longer than anything takes here; a program that hangs fails its test instead of blocking the run.
const PATIENCE: Duration = Duration::from_secs(300);

impl Program {
    /// The program `name`, found beside the running test.
    ///
    /// # Panics
    /// When it has not been built; the message says how.
    pub fn new(name: &str) -> Self {
        let test = std::env::current_exe().expect("the test knows itself");
        let folder = test.ancestors().nth(2).expect("tests lie in target/PROFILE/deps");
        let path = folder.join(name);
        assert!(path.is_file(), "{} is not built: run `cargo build --workspace --bins`", path.display());
        Self { path, arguments: Vec::new(), folder: None, environment: Vec::new(), shell: None }
    }

    /// Adds arguments.
    pub fn args<A: AsRef<std::ffi::OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Runs in that folder.
    pub fn in_folder(mut self, folder: &Path) -> Self {
        self.folder = Some(folder.to_owned());
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs a script of `sh` that finds the program and its arguments in `"$@"`: pipes and limits are the shell's business.
    pub fn through_shell(mut self, script: &str) -> Self {
        self.shell = Some(script.to_owned());
        self
    }

    /// Gives it so many bytes of address space and no more.
    pub fn address_space(self, bytes: u64) -> Self {
        self.through_shell(&format!("ulimit -v {} && exec \"$@\"", bytes / 1024))
    }

    /// The command, to be started by the caller; without input, both outputs piped.
    pub fn command(&self) -> Command {
        let mut command = match &self.shell {
            None => Command::new(&self.path),
            Some(script) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", script, "sh"]).arg(&self.path);
                shell
            }
        };
        command.args(&self.arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it does not start, or does not end within minutes.
    pub fn run(&self) -> Ended {
        let mut child = self.command().spawn().unwrap_or_else(|error| panic!("{}: {error}", self.path.display()));
        let pid = child.id();
        let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
        let (sender, receiver) = mpsc::channel();
        let peak = std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let mut text = Vec::new();
                let _ = out.read_to_end(&mut text);
                text
            });
            let messages = scope.spawn(move || {
                let mut text = Vec::new();
                let _ = err.read_to_end(&mut text);
                text
            });
            let watch = scope.spawn(move || {
                let mut peak = 0;
                // The kernel keeps the high-water mark; the last reading before the end counts.
                while receiver.recv_timeout(Duration::from_millis(2)) == Err(mpsc::RecvTimeoutError::Timeout) {
                    peak = peak.max(high_water(pid));
                }
                peak
            });
            let status = wait(&mut child);
            let _ = sender.send(());
            let peak = watch.join().unwrap_or(0);
            (status, peak, reader.join().unwrap_or_default(), messages.join().unwrap_or_default())
        });
        let (status, peak_memory, stdout, stderr) = peak;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ended { status, stdout: text(stdout), stderr: text(stderr), peak_memory }
    }
}

fn wait(child: &mut std::process::Child) -> Option<i32> {
    let (sender, receiver) = mpsc::channel::<()>();
    let pid = child.id();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if receiver.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").arg("-9").arg(pid.to_string()).status();
            }
        });
        let status = child.wait().expect("the program ends");
        drop(sender);
        status.code()
    })
}

/// `VmHWM` of a process, in bytes; 0 where the kernel does not say.
fn high_water(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or(0) * 1024
}
