//! The key that signs bundles: minisign's form, which many tools know, and signatures that depend on nothing but key and message.

use blake2::{Blake2b512, Digest as _};
use ct_codecs::{Base64, Decoder as _, Encoder as _};
use minisign::KeyPair;
use moead_bundle::signature::{PublicKey, Signature};

/// What signs.
pub struct SecretKey {
    key: ed25519_compact::SecretKey,
    number: [u8; 8],
    public: PublicKey,
}

impl std::fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SecretKey").field("id", &self.public.id()).finish_non_exhaustive()
    }
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not minisign's form.
    #[error("not a minisign secret key")]
    Form,
    /// It is the other half.
    #[error("a public key, expected the secret one")]
    Public,
    /// A passphrase is needed and was not given.
    #[error("the key is locked with a passphrase")]
    Locked,
    /// Another passphrase.
    #[error("the passphrase is wrong")]
    Passphrase,
    /// The system gave no random numbers, or no memory.
    #[error("no key could be made: {0}")]
    Make(String),
}

/// Both halves, as texts for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Whoever has it signs.
    pub secret: String,
    /// Whoever has it checks.
    pub public: String,
}

/// Makes a pair; with a passphrase, the secret half is encrypted (scrypt, about a second and 32 MB).
///
/// # Errors
/// [`KeyError::Make`]
pub fn make(passphrase: Option<&str>) -> Result<Texts, KeyError> {
    let failed = |error: minisign::PError| KeyError::Make(error.to_string());
    let pair = match passphrase {
        None => KeyPair::generate_unencrypted_keypair(),
        Some(passphrase) => KeyPair::generate_encrypted_keypair(Some(passphrase.to_owned())),
    };
    let pair = pair.map_err(failed)?;
    let comment = match passphrase {
        None => "minisign secret key of moead-board, without a passphrase",
        Some(_) => "minisign encrypted secret key of moead-board",
    };
    let secret = pair.sk.to_box(Some(comment)).map_err(failed)?.to_string();
    Ok(Texts { secret, public: pair.pk.to_box().map_err(failed)?.to_string() })
}

/// Whether a secret key's text needs a passphrase.
///
/// # Errors
/// [`KeyError::Form`], [`KeyError::Public`]
pub fn is_locked(text: &str) -> Result<bool, KeyError> {
    match bytes_of(text)?.get(2..4) {
        Some(b"Sc") => Ok(true),
        Some([0, 0]) => Ok(false),
        _ => Err(KeyError::Form),
    }
}

fn bytes_of(text: &str) -> Result<Vec<u8>, KeyError> {
    if PublicKey::parse(text).is_ok() {
        return Err(KeyError::Public);
    }
    let line = text.trim().lines().next_back().unwrap_or_default().trim();
    let bytes = Base64::decode_to_vec(line, None).map_err(|_| KeyError::Form)?;
    if bytes.len() == LENGTH && bytes.starts_with(b"Ed") { Ok(bytes) } else { Err(KeyError::Form) }
}

/// Algorithms (2 bytes each: signature, key derivation, checksum), salt (32), scrypt's limits (8 each), then what a passphrase
/// encrypts: number (8), seed and public key (32 each), checksum (32).
const LENGTH: usize = 158;
const NUMBER: usize = 54;
const KEY: usize = 62;

impl SecretKey {
    /// Reads a secret key's text.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn parse(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        let boxed = minisign::SecretKeyBox::from_string(text).map_err(|_| KeyError::Form)?;
        let key = match (is_locked(text)?, passphrase) {
            (false, _) => boxed.into_unencrypted_secret_key().map_err(|_| KeyError::Form)?,
            (true, None) => return Err(KeyError::Locked),
            (true, Some(words)) => boxed.into_secret_key(Some(words.to_owned())).map_err(|_| KeyError::Passphrase)?,
        };
        let public = minisign::PublicKey::from_secret_key(&key).map_err(|_| KeyError::Form)?;
        let public = PublicKey::parse(&public.to_base64()).map_err(|_| KeyError::Form)?;
        let bytes = key.to_bytes();
        let number = bytes.get(NUMBER..).and_then(|bytes| bytes.first_chunk()).ok_or(KeyError::Form)?;
        let key = bytes.get(KEY..KEY + 64).ok_or(KeyError::Form)?;
        let key = ed25519_compact::SecretKey::from_slice(key).map_err(|_| KeyError::Form)?;
        Ok(Self { key, number: *number, public })
    }

    /// The half that checks.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// minisign's text for a message. `trusted` is signed too; one line.
    ///
    /// minisign itself puts the time into the trusted comment, and its Rust implementation chance into the signature; here the same inputs give
    /// the same bytes, by plain Ed25519 (RFC 8032).
    #[must_use]
    pub fn sign(&self, message: &[u8], trusted: &str) -> String {
        let signature = self.key.sign(Blake2b512::digest(message), None);
        let global = self.key.sign([signature.as_ref(), trusted.as_bytes()].concat(), None);
        let line = [b"ED".as_slice(), &self.number, signature.as_ref()].concat();
        format!(
            "untrusted comment: signature of a moead bundle\n{}\ntrusted comment: {trusted}\n{}\n",
            base64(&line),
            base64(global.as_ref())
        )
    }

    /// As [`Self::sign`], checked with the other half before anybody gets it.
    ///
    /// # Errors
    /// [`KeyError::Form`]: the key's halves do not belong together.
    pub fn sign_checked(&self, message: &[u8], trusted: &str) -> Result<String, KeyError> {
        let text = self.sign(message, trusted);
        let signature = Signature::parse(&text).map_err(|_| KeyError::Form)?;
        signature.check(&self.public, message).map_err(|_| KeyError::Form)?;
        Ok(text)
    }
}

fn base64(bytes: &[u8]) -> String {
    Base64::encode_to_string(bytes).expect("memory for a few bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_minisign_checks_and_the_same_each_time() {
        let texts = make(None).unwrap();
        let key = SecretKey::parse(&texts.secret, None).unwrap();
        let text = key.sign_checked(b"message", "bolt 1.4.0").unwrap();
        assert_eq!(text, key.sign(b"message", "bolt 1.4.0"));
        let public = minisign::PublicKeyBox::from_string(&texts.public).unwrap().into_public_key().unwrap();
        let signature = minisign::SignatureBox::from_string(&text).unwrap();
        let check = |message: &[u8]| {
            minisign::verify(&public, &signature, std::io::Cursor::new(message), true, false, false).is_ok()
        };
        assert!(check(b"message"));
        assert!(!check(b"massage"));
        assert_eq!(signature.trusted_comment().unwrap(), "bolt 1.4.0");
        assert_eq!(PublicKey::parse(&texts.public).unwrap().id(), key.public().id());
    }

    #[test]
    fn a_locked_key_needs_its_passphrase() {
        let texts = make(Some("correct horse")).unwrap();
        assert!(is_locked(&texts.secret).unwrap());
        let said = |passphrase| SecretKey::parse(&texts.secret, passphrase).unwrap_err().to_string();
        assert_eq!(said(None), "the key is locked with a passphrase");
        assert_eq!(said(Some("battery staple")), "the passphrase is wrong");
        let key = SecretKey::parse(&texts.secret, Some("correct horse")).unwrap();
        let public = PublicKey::parse(&texts.public).unwrap();
        Signature::parse(&key.sign(b"message", "x")).unwrap().check(&public, b"message").unwrap();
    }

    #[test]
    fn other_texts_are_no_keys() {
        let texts = make(None).unwrap();
        let said = |text: &str| SecretKey::parse(text, None).unwrap_err().to_string();
        assert_eq!(said(&texts.public), "a public key, expected the secret one");
        for wrong in ["", "x", "untrusted comment: x\nAAAA\n", &texts.secret[..60]] {
            assert_eq!(said(wrong), "not a minisign secret key", "{wrong}");
        }
    }
}
