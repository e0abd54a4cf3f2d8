//! The system's ssh and scp.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{InstallError, is_plain, name_of};

/// Of what another machine says, so much is read at most: doctors talk a page.
const MOST_WORDS: u64 = 1 << 20;

/// A board that ssh reaches.
#[derive(Debug)]
pub(super) struct Remote {
    host: String,
}

impl Remote {
    pub(super) fn new(host: &str) -> Result<Self, InstallError> {
        let is_host = !host.is_empty()
            && !host.starts_with('-')
            && !host.contains(|letter: char| letter.is_whitespace() || letter.is_control());
        if is_host { Ok(Self { host: host.to_owned() }) } else { Err(InstallError::Host { found: host.to_owned() }) }
    }

    fn ssh(&self, command: &str) -> Command {
        let mut ssh = Command::new("ssh");
        // Questions (a passphrase, a new host) go to the terminal, which ssh opens itself.
        ssh.args(["-T", "-o", "ServerAliveInterval=15", "--", &self.host, command]).stdin(Stdio::null());
        ssh
    }

    /// Runs a command and gives what it prints.
    pub(super) fn run(&self, command: &str) -> Result<String, InstallError> {
        let mut said = String::new();
        let status = self.follow(command, &mut |line| {
            said.push_str(line);
            said.push('\n');
        })?;
        match status {
            Some(0) => Ok(said),
            status => Err(connection("ssh", status, "")),
        }
    }

    /// Runs a command and hands its lines on as they come; gives its status.
    pub(super) fn follow(&self, command: &str, line: &mut dyn FnMut(&str)) -> Result<Option<i32>, InstallError> {
        let mut ssh = self.ssh(command);
        // Its complaints are shown as they are.
        let mut child = ssh.stdout(Stdio::piped()).spawn().map_err(|error| missing("ssh", error))?;
        if let Some(out) = child.stdout.take() {
            for text in BufReader::new(out.take(MOST_WORDS)).split(b'\n') {
                line(String::from_utf8_lossy(&text?).trim_end_matches('\r'));
            }
        }
        Ok(child.wait()?.code())
    }

    /// A new folder there, of this account alone.
    pub(super) fn make_folder(&self) -> Result<String, InstallError> {
        let said = self.run("mktemp -d")?;
        let folder = said.lines().next_back().unwrap_or_default().trim().to_owned();
        if is_plain(&folder) { Ok(folder) } else { Err(InstallError::Answer { what: "temporary folder" }) }
    }

    pub(super) fn copy(&self, file: &Path, target: &str) -> Result<(), InstallError> {
        let folder = file.parent().unwrap_or(Path::new("."));
        let mut scp = Command::new("scp");
        scp.args(["-q", "--", &name_of(file), &format!("{}:{target}", self.host)]).current_dir(folder);
        let output = scp.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| missing("scp", error))?;
        match output.status.code() {
            Some(0) => Ok(()),
            status => Err(connection("scp", status, String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

fn missing(program: &'static str, error: std::io::Error) -> InstallError {
    if error.kind() == std::io::ErrorKind::NotFound { InstallError::Tool { program } } else { error.into() }
}

fn connection(program: &'static str, status: Option<i32>, said: &str) -> InstallError {
    let ended = status.map_or("ended by a signal".to_owned(), |status| format!("ended with status {status}"));
    let said = said.lines().next_back().map_or_else(String::new, |line| format!(": {line}"));
    InstallError::Connection { program, said: format!("{ended}{said}") }
}
