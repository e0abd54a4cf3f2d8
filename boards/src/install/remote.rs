//! The system's ssh and scp.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{InstallError, is_plain, name_of};

/// Of what another machine says, so much is read at most: doctors talk a page.
const MOST_WORDS: u64 = 1 << 20;

/// A board that ssh reaches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// As ssh takes it: `ada@::1`.
    ssh: String,
    /// As scp takes it, to which a colon means more: `ada@[::1]`.
    scp: String,
    /// None: ssh's configuration decides.
    port: Option<u16>,
}

impl Remote {
    pub(super) fn new(host: &str) -> Result<Self, InstallError> {
        Self::parse(host).ok_or_else(|| InstallError::Host { found: host.to_owned() })
    }

    /// `[USER@]HOST` or `ssh://[USER@]HOST[:PORT]`. An address of IPv6 may stand in brackets; before a port, it has to.
    fn parse(text: &str) -> Option<Self> {
        let uri = text.strip_prefix("ssh://").map(|uri| uri.strip_suffix('/').unwrap_or(uri));
        let place = uri.unwrap_or(text);
        let (user, host) = place.split_at(place.rfind('@').map_or(0, |at| at + 1));
        let (host, port) = if uri.is_some() { with_port(host)? } else { (host, None) };
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let name = bare.unwrap_or(host);
        let is_letter = |letter: char| !letter.is_whitespace() && !letter.is_control() && letter != '/';
        // ssh would take it for an option.
        let is_word = |part: &str| !part.starts_with('-') && part.chars().all(is_letter);
        // There, a colon begins a port, and these mean something in a user's name.
        let is_clear = uri.is_none() || (bare.is_some() || !name.contains(':')) && !user.contains(['%', ';']);
        if name.is_empty() || !is_word(user) || !is_word(name) || !is_clear {
            return None;
        }
        let scp = if name.contains(':') { format!("{user}[{name}]") } else { format!("{user}{name}") };
        Some(Self { ssh: format!("{user}{name}"), scp, port })
    }

    fn ssh(&self, options: &[&str], command: &str) -> Command {
        let mut ssh = Command::new("ssh");
        // Questions (a passphrase, a new host) go to the terminal, which ssh opens itself.
        ssh.args(["-T", "-o", "ServerAliveInterval=15"]).args(options);
        if let Some(port) = self.port {
            ssh.args(["-p", &port.to_string()]);
        }
        ssh.args(["--", &self.ssh, command]).stdin(Stdio::null());
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
        let mut ssh = self.ssh(&[], command);
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

    /// Removes a folder there if that can be done at once: nothing is asked, and nothing waited for that does not answer.
    pub(super) fn try_to_remove(&self, folder: &str) {
        let mut ssh = self.ssh(&["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"], &format!("rm -rf {folder}"));
        let _ = ssh.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    pub(super) fn copy(&self, file: &Path, target: &str) -> Result<(), InstallError> {
        let folder = file.parent().unwrap_or(Path::new("."));
        let mut scp = Command::new("scp");
        scp.arg("-q").current_dir(folder);
        if let Some(port) = self.port {
            scp.args(["-P", &port.to_string()]);
        }
        scp.args(["--", &name_of(file), &format!("{}:{target}", self.scp)]);
        let output = scp.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| missing("scp", error))?;
        match output.status.code() {
            Some(0) => Ok(()),
            status => Err(connection("scp", status, String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

/// Host and port, as they stand in an address with a scheme.
fn with_port(host: &str) -> Option<(&str, Option<u16>)> {
    match host.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => Some((host, Some(port.parse().ok()?))),
        _ => Some((host, None)),
    }
}

fn missing(program: &'static str, error: std::io::Error) -> InstallError {
    if error.kind() == std::io::ErrorKind::NotFound { InstallError::Tool { program } } else { error.into() }
}

/// A status in words; none: a signal.
pub(super) fn ended(status: Option<i32>) -> String {
    status.map_or("ended by a signal".to_owned(), |status| format!("ended with status {status}"))
}

fn connection(program: &'static str, status: Option<i32>, said: &str) -> InstallError {
    let said = said.lines().next_back().map_or_else(String::new, |line| format!(": {line}"));
    InstallError::Connection { program, said: format!("{}{said}", ended(status)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_board_is_named_for_ssh_and_for_scp() {
        for (text, ssh, scp, port) in [
            ("line7", "line7", "line7", None),
            ("ada@line7", "ada@line7", "ada@line7", None),
            ("ada@works@10.0.0.7", "ada@works@10.0.0.7", "ada@works@10.0.0.7", None),
            ("ada@::1", "ada@::1", "ada@[::1]", None),
            ("ada@[::1]", "ada@::1", "ada@[::1]", None),
            ("[fe80::1%eth0]", "fe80::1%eth0", "[fe80::1%eth0]", None),
            ("ssh://ada@line7:2222", "ada@line7", "ada@line7", Some(2222)),
            ("ssh://line7/", "line7", "line7", None),
            ("ssh://ada@[::1]", "ada@::1", "ada@[::1]", None),
            ("ssh://[::1]:2222", "::1", "[::1]", Some(2222)),
        ] {
            let expected = Remote { ssh: ssh.to_owned(), scp: scp.to_owned(), port };
            assert_eq!(Remote::new(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_board_is_refused() {
        for text in [
            "",
            "-oProxyCommand=x",
            "ada@-x",
            "ada@",
            "ada@line 7",
            "ada@line7/x",
            "[]",
            "ssh://",
            "ssh://ada@line7:ssh",
            "ssh://line7:70000",
            "ssh://ada@::1",
            "ssh://a%64a@line7",
            "ssh://line7/x",
        ] {
            assert_eq!(Remote::new(text).unwrap_err().to_string(), format!("{text:?} is no host"));
        }
    }
}
