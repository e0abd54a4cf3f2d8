//! minisign's signatures, the checking half: <https://jedisct1.github.io/minisign/>.
//!
//! Ed25519 over BLAKE2b-512 of the message; a second signature covers the trusted comment. The older form without the hash is
//! refused.

use ct_codecs::{Base64, Decoder as _};

/// The number by which people know a key; no proof of anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(u64);

impl KeyId {
    /// From the line of a key or of a signature: algorithm (2 bytes), number (8), and the rest.
    fn of_line(line: &str) -> Option<Self> {
        let bytes = Base64::decode_to_vec(line.trim(), None).ok()?;
        Some(Self(u64::from_le_bytes(*bytes.get(2..)?.first_chunk()?)))
    }
}

impl std::fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:016X}", self.0)
    }
}

/// What checks signatures: a minisign public key.
#[derive(Debug, Clone)]
pub struct PublicKey {
    key: minisign_verify::PublicKey,
    id: KeyId,
}

/// Why a text is no public key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It is the other half.
    #[error("a secret key, expected the public one")]
    Secret,
    /// Not minisign's form.
    #[error("not a minisign public key")]
    Form,
}

impl PublicKey {
    /// Reads a `.pub` file's text, or the key's line alone.
    ///
    /// # Errors
    /// [`KeyError`]
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        if text.contains("secret key") {
            return Err(KeyError::Secret);
        }
        let line = text.trim().lines().next_back().unwrap_or_default().trim();
        let key = minisign_verify::PublicKey::from_base64(line).map_err(|_| KeyError::Form)?;
        Ok(Self { key, id: KeyId::of_line(line).ok_or(KeyError::Form)? })
    }

    /// The number by which people know it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }
}

/// A signature that nobody has checked yet.
#[derive(Clone)]
pub struct Signature {
    signature: minisign_verify::Signature,
    id: KeyId,
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Signature").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why a signature does not vouch for a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// Not minisign's form.
    #[error("signature: not a minisign signature")]
    Form,
    /// Somebody else's.
    #[error("signature: made with key {found}, expected {expected}")]
    OtherKey {
        /// The one that is trusted.
        expected: KeyId,
        /// As the signature says.
        found: KeyId,
    },
    /// Of that key's number, and wrong: the message was altered, or the key is another one with the same number.
    #[error("signature: does not fit the manifest")]
    Wrong,
}

impl Signature {
    /// Reads a `.minisig` file's text.
    ///
    /// # Errors
    /// [`SignatureError::Form`]
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let signature = minisign_verify::Signature::decode(text).map_err(|_| SignatureError::Form)?;
        let id = text.lines().nth(1).and_then(KeyId::of_line).ok_or(SignatureError::Form)?;
        Ok(Self { signature, id })
    }

    /// Which key it says it was made with.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.id
    }

    /// Whether `key` made it for `message`.
    ///
    /// # Errors
    /// [`SignatureError`]
    pub fn check(&self, key: &PublicKey, message: &[u8]) -> Result<(), SignatureError> {
        if self.id != key.id {
            return Err(SignatureError::OtherKey { expected: key.id, found: self.id });
        }
        key.key.verify(message, &self.signature, false).map_err(|_| SignatureError::Wrong)
    }
}
