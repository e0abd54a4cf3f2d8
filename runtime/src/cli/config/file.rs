//! The file itself: TOML whose keys are names of flags, and tables that say in several lines what a flag says in one.
//!
//! ```toml
//! model = "bolt.onnx"
//! stall-timeout = "5s"
//!
//! [[source]]                      # --source line1=v4l2:///dev/video0?size=640x480 --product line1=bolt
//! name = "line1"
//! uri = "v4l2:///dev/video0"
//! size = "640x480"
//! product = "bolt"
//!
//! [[sink]]                        # --http 0.0.0.0:8080
//! kind = "http"
//! address = "0.0.0.0:8080"
//! ```

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::stream::uri::is_name;

/// Nobody writes so many settings; what is longer is another file.
const MOST_BYTES: u64 = 1 << 20;

/// Kinds of sinks: the key that each must have, and the flag that it stands for.
const SINKS: [(&str, &str, &str); 4] = [
    ("heatmaps", "folder", "heatmaps"),
    ("maps", "folder", "maps"),
    ("http", "address", "http"),
    ("results", "format", "format"),
];

/// Why a file's text is none of flags. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli) enum ReadError {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("expected at most {MOST_BYTES} bytes of settings")]
    TooLong,
    #[error("line {line}: {message}")]
    Toml { line: usize, message: String },
    #[error("line {line}: {key}: expected {expected}, found {found}")]
    Value { line: usize, key: String, expected: &'static str, found: String },
    #[error("line {line}: expected {expected}")]
    Table { line: usize, expected: String },
}

/// A value without its type's notation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Boolean(bool),
    /// A string or a number.
    Text(String),
    Texts(Vec<String>),
}

impl Value {
    /// In words.
    pub(super) fn kind(&self) -> &str {
        match self {
            Self::Boolean(true) => "true",
            Self::Boolean(false) => "false",
            Self::Text(text) => text,
            Self::Texts(_) => "a list",
        }
    }
}

/// What the file says of one flag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The flag's name without its dashes.
    pub(super) key: String,
    pub(super) value: Value,
    /// From 1.
    pub(super) line: usize,
    /// From a table `[[source]]`, which may occur several times.
    pub(super) is_of_table: bool,
}

#[derive(Debug)]
pub(super) struct ConfigFile {
    /// In the file's order.
    pub(super) entries: Vec<Entry>,
}

impl ConfigFile {
    pub(super) fn read(path: &Path) -> Result<Self, ReadError> {
        let mut bytes = Vec::new();
        File::open(path)?.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > MOST_BYTES {
            return Err(ReadError::TooLong);
        }
        let text = String::from_utf8(bytes).map_err(|error| ReadError::Toml {
            line: line_at(error.as_bytes(), error.utf8_error().valid_up_to()),
            message: "not UTF-8".into(),
        })?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, ReadError> {
        let table = DeTable::parse(text).map_err(|error| ReadError::Toml {
            line: line_at(text.as_bytes(), error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let mut reader = Reader { text: text.as_bytes(), entries: Vec::new() };
        for (key, value) in table.get_ref() {
            reader.entry(key, value)?;
        }
        reader.entries.sort_by_key(|entry| entry.line);
        Ok(Self { entries: reader.entries })
    }
}

/// Lines before this byte, and one.
fn line_at(text: &[u8], byte: usize) -> usize {
    text[..byte.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

struct Reader<'a> {
    text: &'a [u8],
    entries: Vec<Entry>,
}

impl Reader<'_> {
    fn line<T>(&self, of: &Spanned<T>) -> usize {
        line_at(self.text, of.span().start)
    }

    fn entry<K: AsRef<str>>(&mut self, key: &Spanned<K>, value: &Spanned<DeValue<'_>>) -> Result<(), ReadError> {
        let (name, line) = (key.get_ref().as_ref(), self.line(key));
        let tables = value.get_ref().as_array().filter(|array| array.iter().any(|item| item.get_ref().is_table()));
        match (name, tables) {
            ("source" | "sink", Some(tables)) => {
                for item in tables.iter() {
                    let line = self.line(item);
                    let Some(table) = item.get_ref().as_table() else {
                        return Err(ReadError::Table { line, expected: format!("[[{name}]] tables alone") });
                    };
                    if name == "source" { self.source(table, line)? } else { self.sink(table, line)? }
                }
                Ok(())
            }
            ("sink", None) => Err(ReadError::Table { line, expected: "sinks as [[sink]] tables".into() }),
            _ => {
                let value = self.value(name, value)?;
                self.entries.push(Entry { key: name.to_owned(), value, line, is_of_table: false });
                Ok(())
            }
        }
    }

    fn value(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<Value, ReadError> {
        match value.get_ref() {
            DeValue::Boolean(value) => Ok(Value::Boolean(*value)),
            DeValue::Array(values) => {
                Ok(Value::Texts(values.iter().map(|value| self.text(key, value)).collect::<Result<_, _>>()?))
            }
            _ => self.text(key, value).map(Value::Text),
        }
    }

    fn text(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Result<String, ReadError> {
        match value.get_ref() {
            DeValue::String(text) => Ok(text.to_string()),
            DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
            DeValue::Float(number) => Ok(number.as_str().to_owned()),
            other => Err(ReadError::Value {
                line: self.line(value),
                key: key.to_owned(),
                expected: "a string or a decimal number",
                found: other.type_str().to_owned(),
            }),
        }
    }

    /// `uri`, `name` and `product`; everything else is a setting of the URI.
    fn source(&mut self, table: &DeTable<'_>, line: usize) -> Result<(), ReadError> {
        let (mut uri, mut name, mut product, mut query, mut setting) = (None, None, None, Vec::new(), None);
        let mut pairs: Vec<_> = table.iter().collect();
        // In the file's order: the parser's is that of the alphabet.
        pairs.sort_by_key(|(key, _)| key.span().start);
        for (key, value) in pairs {
            let key = key.get_ref().as_ref();
            let text = match value.get_ref() {
                DeValue::Boolean(value) if !["uri", "name", "product"].contains(&key) => {
                    if *value {
                        "1".to_owned()
                    } else {
                        "0".to_owned()
                    }
                }
                _ => self.text(key, value)?,
            };
            match key {
                "uri" => uri = Some(text),
                "name" if !is_name(&text) => {
                    let (line, key) = (self.line(value), key.to_owned());
                    let found = if text.is_empty() { "an empty text".to_owned() } else { text };
                    let expected = "letters, digits, `_`, `-` and `.`";
                    return Err(ReadError::Value { line, key, expected, found });
                }
                "name" => name = Some(text),
                "product" => product = Some(text),
                _ => {
                    setting.get_or_insert((key, self.line(value)));
                    query.push(format!("{key}={}", encoded(&text)));
                }
            }
        }
        let uri = uri.ok_or_else(|| ReadError::Table { line, expected: "a [[source]] with a `uri`".into() })?;
        if let Some((key, line)) = setting.filter(|_| !has_settings(&uri)) {
            let expected = format!("a [[source]] of pictures to have `uri`, `name` and `product` alone, found `{key}`");
            return Err(ReadError::Table { line, expected });
        }
        // In front of a file's name an `=` is a part of it.
        if let Some((before, _)) =
            uri.split_once('=').filter(|(before, after)| is_name(before) && after.contains("://"))
            && name.is_some()
        {
            let expected = format!("a [[source]] with a `name` to have none in its `uri`, found `{before}=`");
            return Err(ReadError::Table { line, expected });
        }
        let mark = if uri.contains('?') { "&" } else { "?" };
        let query = if query.is_empty() { String::new() } else { format!("{mark}{}", query.join("&")) };
        let mut add = |key: &str, text: String| {
            self.entries.push(Entry { key: key.to_owned(), value: Value::Text(text), line, is_of_table: true });
        };
        add("source", name.as_ref().map_or_else(|| format!("{uri}{query}"), |name| format!("{name}={uri}{query}")));
        match (product, name) {
            (None, _) => {}
            (Some(product), Some(name)) => add("product", format!("{name}={product}")),
            (Some(_), None) => {
                let expected = "a [[source]] with a `product` to have a `name` too".into();
                return Err(ReadError::Table { line, expected });
            }
        }
        Ok(())
    }

    /// `kind`, and what that kind needs.
    fn sink(&mut self, table: &DeTable<'_>, line: usize) -> Result<(), ReadError> {
        let kinds = SINKS.map(|(kind, ..)| kind).join(", ");
        let find = |wanted: &str| table.iter().find(|(key, _)| key.get_ref().as_ref() == wanted);
        let kind = find("kind").and_then(|(_, value)| value.get_ref().as_str());
        let Some((kind, needed, flag)) = SINKS.into_iter().find(|(name, ..)| Some(*name) == kind) else {
            return Err(ReadError::Table { line, expected: format!("a [[sink]] with a `kind` of {kinds}") });
        };
        let expected = || format!("a [[sink]] of kind {kind} with `{needed}` and nothing else");
        let is_other = |key: &str| !["kind", needed].contains(&key);
        if let Some((key, _)) = table.iter().find(|(key, _)| is_other(key.get_ref().as_ref())) {
            return Err(ReadError::Table { line: self.line(key), expected: expected() });
        }
        let Some((_, value)) = find(needed) else { return Err(ReadError::Table { line, expected: expected() }) };
        let value = Value::Text(self.text(needed, value)?);
        self.entries.push(Entry { key: flag.to_owned(), value, line, is_of_table: false });
        Ok(())
    }
}

/// Whether what a URI names can have settings: pictures in files have none.
fn has_settings(uri: &str) -> bool {
    uri == "-" || uri.starts_with("-?") || uri.split_once("://").is_some_and(|(scheme, _)| scheme != "file")
}

/// As a URI's query has it: what would end a value, and what `%` would change.
fn encoded(text: &str) -> String {
    text.chars().map(|char| if "%&#".contains(char) { format!("%{:02X}", char as u32) } else { char.into() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Vec<(String, Value, usize)> {
        let entries = ConfigFile::parse(text).unwrap().entries;
        entries.into_iter().map(|entry| (entry.key, entry.value, entry.line)).collect()
    }

    fn error(text: &str) -> String {
        ConfigFile::parse(text).unwrap_err().to_string()
    }

    fn text(text: &str) -> Value {
        Value::Text(text.into())
    }

    #[test]
    fn keys_are_flags_and_keep_their_lines() {
        let found = said(
            "# mine\nmodel = \"bolt.onnx\"\nthreshold = 4.5\nframes = 1_000\nexit-on-loss = true\nproduct = [\"a\", \"b\"]\n",
        );
        assert_eq!(
            found,
            [
                ("model".into(), text("bolt.onnx"), 2),
                ("threshold".into(), text("4.5"), 3),
                ("frames".into(), text("1000"), 4),
                ("exit-on-loss".into(), Value::Boolean(true), 5),
                ("product".into(), Value::Texts(vec!["a".into(), "b".into()]), 6),
            ]
        );
    }

    #[test]
    fn a_source_is_a_table_of_its_settings() {
        let found = said(
            "[[source]]\nname = \"line1\"\nuri = \"v4l2:///dev/video0\"\nsize = \"640x480\"\nfps = 30\nproduct = \"bolt\"\n\
             [[source]]\nuri = \"v4l2://0?x=1\"\nnote = \"a&b%\"\nhorizontal_flip = true\n\
             [[source]]\nname = \"b\"\nuri = \"day 1/\"\n[[source]]\nuri = \"-\"\nfps = 5\n",
        );
        let found: Vec<_> = found.into_iter().map(|(key, value, line)| (key, value.kind().to_owned(), line)).collect();
        assert_eq!(found[0], ("source".into(), "line1=v4l2:///dev/video0?size=640x480&fps=30".into(), 1));
        assert_eq!(found[1], ("product".into(), "line1=bolt".into(), 1));
        assert_eq!(found[2], ("source".into(), "v4l2://0?x=1&note=a%26b%25&horizontal_flip=1".into(), 7));
        assert_eq!(found[3], ("source".into(), "b=day 1/".into(), 11));
        assert_eq!(found[4], ("source".into(), "-?fps=5".into(), 14));
    }

    #[test]
    fn a_sink_stands_for_a_flag() {
        let found =
            said("[[sink]]\nkind = \"http\"\naddress = \"0.0.0.0:8080\"\n[[sink]]\nkind = \"maps\"\nfolder = \"m\"\n");
        assert_eq!(found, [("http".into(), text("0.0.0.0:8080"), 1), ("maps".into(), text("m"), 4)]);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        assert_eq!(error("model = \n"), "line 1: string values must be quoted, expected literal string");
        assert_eq!(
            error("a = 1\nb = 1979-05-27\n"),
            "line 2: b: expected a string or a decimal number, found datetime"
        );
        assert_eq!(error("b = 0x10\n"), "line 1: b: expected a string or a decimal number, found integer");
        assert_eq!(error("[[source]]\nname = \"a\"\n"), "line 1: expected a [[source]] with a `uri`");
        assert_eq!(
            error("[[source]]\nuri = \"a\"\nproduct = \"b\"\n"),
            "line 1: expected a [[source]] with a `product` to have a `name` too"
        );
        assert_eq!(
            error("[[source]]\nname = \"a\"\nuri = \"b=synthetic://conveyor\"\nframes = 2\n"),
            "line 1: expected a [[source]] with a `name` to have none in its `uri`, found `b=`"
        );
        for (name, found) in [("Linie 1", "Linie 1"), ("a/b", "a/b"), ("a=b", "a=b"), ("", "an empty text")] {
            let text = format!("[[source]]\nuri = \"-\"\nname = \"{name}\"\n");
            assert_eq!(
                error(&text),
                format!("line 3: name: expected letters, digits, `_`, `-` and `.`, found {found}")
            );
        }
        for uri in ["day1/", "day1/*.png", "file:///day1"] {
            let text = format!("[[source]]\nuri = \"{uri}\"\nsize = \"640x480\"\n");
            let words = "expected a [[source]] of pictures to have `uri`, `name` and `product` alone, found `size`";
            assert_eq!(error(&text), format!("line 3: {words}"));
        }
        let kinds = "line 1: expected a [[sink]] with a `kind` of heatmaps, maps, http, results";
        assert_eq!(error("[[sink]]\nkind = \"mqtt\"\n"), kinds);
        let one = "expected a [[sink]] of kind maps with `folder` and nothing else";
        assert_eq!(error("[[sink]]\nkind = \"maps\"\n"), format!("line 1: {one}"));
        assert_eq!(error("[[sink]]\nkind = \"maps\"\nfolder = \"a\"\nsize = 3\n"), format!("line 4: {one}"));
        assert_eq!(error("sink = \"http\"\n"), "line 1: expected sinks as [[sink]] tables");
        assert_eq!(error("source = [\"a\", {uri = \"b\"}]\n"), "line 1: expected [[source]] tables alone");
    }

    #[test]
    fn a_file_of_something_else_is_refused_early() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        std::fs::write(&path, vec![b'#'; MOST_BYTES as usize + 1]).unwrap();
        assert!(matches!(ConfigFile::read(&path), Err(ReadError::TooLong)));
        std::fs::write(&path, b"a = 1\nb = \"\xff\"\n").unwrap();
        assert_eq!(ConfigFile::read(&path).unwrap_err().to_string(), "line 2: not UTF-8");
    }
}
