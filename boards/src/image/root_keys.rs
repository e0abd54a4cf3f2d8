//! Who may log in as root: lines of `authorized_keys` (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"), looked at before a board gets them.
//!
//! sshd passes over what it does not understand, and then nobody can log in. A private key must not be on a board at all.

use ct_codecs::{Base64, Decoder as _};

/// Of public keys that sshd takes from everybody. DSA is none of them any more.
const KINDS: [&str; 7] = [
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// In files of private keys: of OpenSSH and OpenSSL, of PuTTY.
const PRIVATE: [&str; 2] = ["PRIVATE KEY-----", "PuTTY-User-Key-File"];

/// Why a text is no list of such keys. None of it is repeated: it may be a secret. Lines are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootKeysError {
    /// Nothing but comments.
    #[error("expected public keys for ssh, found none")]
    None,
    /// The half that its owner alone may have.
    #[error("line {line}: expected public keys for ssh, found a private one")]
    Private {
        /// In the file.
        line: usize,
    },
    /// Something else.
    #[error("line {line}: expected a public key for ssh, found something else")]
    Form {
        /// In the file.
        line: usize,
    },
}

/// Looks at every line that is neither empty nor a comment.
///
/// # Errors
/// [`RootKeysError`], the first; but a private key before all others.
pub fn check(text: &str) -> Result<(), RootKeysError> {
    let lines = || text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
    if let Some((line, _)) = lines().find(|(_, text)| PRIVATE.iter().any(|mark| text.contains(mark))) {
        return Err(RootKeysError::Private { line });
    }
    let mut keys = lines().filter(|(_, text)| !text.is_empty() && !text.starts_with('#')).peekable();
    if keys.peek().is_none() {
        return Err(RootKeysError::None);
    }
    match keys.find(|(_, text)| !is_key(text) && !is_key(behind_options(text))) {
        Some((line, _)) => Err(RootKeysError::Form { line }),
        None => Ok(()),
    }
}

/// `KIND BASE64 …`. The bytes begin with the kind, too: how long its name is, and that.
fn is_key(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let (Some(kind), Some(key)) = (words.next(), words.next()) else { return false };
    let length = u32::try_from(kind.len()).unwrap_or(u32::MAX);
    let begin = [length.to_be_bytes().as_slice(), kind.as_bytes()].concat();
    let is_whole = |bytes: &Vec<u8>| bytes.starts_with(&begin) && bytes.len() > begin.len();
    KINDS.contains(&kind) && Base64::decode_to_vec(key, None).ok().as_ref().is_some_and(is_whole)
}

/// What follows the first blank outside of quotes; `\"` is none.
fn behind_options(line: &str) -> &str {
    let mut is_quoted = false;
    let mut before = ' ';
    let end = line.find(|letter: char| {
        is_quoted ^= letter == '"' && before != '\\';
        before = letter;
        !is_quoted && matches!(letter, ' ' | '\t')
    });
    end.and_then(|end| line.get(end..)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBXxlw4HCFy+jC8XSw+OLsnBqt8PQRChLbBlBwI+QIJG";
    const OTHER: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCNQb6tPsYPKLczYDU0HegmGKVg0yVzdg30VYEUfL1kwFnR2mfI7uCQbIh7DiRyh7/ZVhU9+vvLkeZ7DiRLpeNs=";

    #[test]
    fn keys_are_taken_with_options_and_comments() {
        for text in [
            format!("{KEY}\n"),
            format!("# mine\n\n{KEY} ada@desk\r\n\t{OTHER}"),
            format!("no-pty,command=\"echo \\\"a b\\\" ssh-rsa\",from=\"10.0.0.?\" {KEY} ada"),
            format!("restrict\t{OTHER} a comment of words"),
        ] {
            assert_eq!(check(&text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_would_let_nobody_in_is_refused() {
        for text in ["", "\n \n", "# nobody yet\n"] {
            assert_eq!(check(text), Err(RootKeysError::None), "{text:?}");
        }
        let (kind, key) = KEY.split_once(' ').unwrap();
        let cut = &key[..key.len() - 1];
        for line in [
            "MOEAD_HTTP=8080",
            "[camera]",
            "ssh-ed25519",
            "ssh-ed25519 AAAA ada",
            "ssh-ed25519 ada@desk",
            &format!("ssh-rsa {key}"),
            &format!("ssh-dss {key}"),
            &format!("{kind} {cut}"),
            &format!("command=\"sh {KEY}"),
        ] {
            assert_eq!(check(&format!("{KEY}\n{line}\n{KEY}")), Err(RootKeysError::Form { line: 2 }), "{line}");
        }
    }

    #[test]
    fn a_private_key_is_known_and_not_repeated() {
        for head in
            ["-----BEGIN OPENSSH PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----", "PuTTY-User-Key-File-3: x"]
        {
            let error = check(&format!("nonsense\n{head}\nb3BlbnNzaC1rZXk\n")).unwrap_err();
            assert_eq!(error, RootKeysError::Private { line: 2 });
            assert_eq!(error.to_string(), "line 2: expected public keys for ssh, found a private one");
        }
    }
}
