//! Settings behind the `?` of a source: `size=1280x720&fps=30`.

use std::str::FromStr;
use std::time::Duration;

use moead_model::architecture::ImageSize;

use super::UriError;
use crate::score::regions::Rect;

/// Settings that nobody has taken yet.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pairs: Vec<(String, String)>,
    /// What was asked for, to name the closest when a setting is left over.
    known: Vec<&'static str>,
}

/// Least likeness of a name that is proposed for another.
const LIKENESS: f64 = 0.7;

impl Query {
    /// Reads `key=value&key=value`; a key alone has the value `1`. `%20` and the like are read as in other URIs.
    ///
    /// # Errors
    /// [`UriError::Twice`]; [`UriError::Value`] for what does not decode to UTF-8.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for part in text.split('&').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, "1"));
            let value = decoded(value).ok_or_else(|| refused(key, value, "UTF-8 with `%` and two digits"))?;
            if pairs.iter().any(|(known, _)| known == key) {
                return Err(UriError::Twice(key.to_owned()));
            }
            pairs.push((key.to_owned(), value));
        }
        Ok(Self { pairs, known: Vec::new() })
    }

    /// Takes a setting as text.
    pub fn take(&mut self, key: &'static str) -> Option<String> {
        self.known.push(key);
        let position = self.pairs.iter().position(|(known, _)| known == key)?;
        Some(self.pairs.remove(position).1)
    }

    /// Takes a setting and reads it with `read`.
    ///
    /// # Errors
    /// [`UriError::Value`] with `expected` when `read` does not take it.
    pub fn take_with<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, UriError> {
        let Some(value) = self.take(key) else { return Ok(None) };
        read(&value).map(Some).ok_or_else(|| refused(key, &value, expected))
    }

    /// Takes a number.
    ///
    /// # Errors
    /// [`UriError::Value`]
    pub fn take_number<T: FromStr>(&mut self, key: &'static str, expected: &str) -> Result<Option<T>, UriError> {
        self.take_with(key, expected, |text| text.parse().ok())
    }

    /// Takes a size, `WIDTHxHEIGHT`.
    ///
    /// # Errors
    /// [`UriError::Value`]
    pub fn take_size(&mut self, key: &'static str) -> Result<Option<ImageSize>, UriError> {
        self.take_with(key, "width and height, as in 1280x720", |text| {
            let (width, height) = text.split_once('x')?;
            let size = ImageSize { height: height.parse().ok()?, width: width.parse().ok()? };
            (size.height > 0 && size.width > 0).then_some(size)
        })
    }

    /// Takes frames per second: one in 1000 seconds up to 1000 a second.
    ///
    /// # Errors
    /// [`UriError::Value`]
    pub fn take_rate(&mut self, key: &'static str) -> Result<Option<f64>, UriError> {
        self.take_with(key, "frames per second, 0.001 to 1000, as in 30 or 29.97", |text| {
            text.parse().ok().filter(|rate| (0.001..=1000.0).contains(rate))
        })
    }

    /// Takes a rectangle, `x,y,width,height`.
    ///
    /// # Errors
    /// [`UriError::Value`]
    pub fn take_region(&mut self, key: &'static str) -> Result<Option<Rect>, UriError> {
        self.take_with(key, "x, y, width and height in pixels, as in 100,50,640,480", |text| {
            let numbers = text.split(',').map(|number| number.trim().parse().ok()).collect::<Option<Vec<usize>>>()?;
            let [x, y, width, height] = numbers.try_into().ok()?;
            (width > 0 && height > 0).then_some(Rect { x, y, width, height })
        })
    }

    /// Takes whatever is left, in the order in which it stands there.
    pub fn take_rest(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.pairs)
    }

    /// Everything must have been taken.
    ///
    /// # Errors
    /// [`UriError::Key`]
    pub fn finish(self) -> Result<(), UriError> {
        let Some((key, _)) = self.pairs.first() else { return Ok(()) };
        Err(UriError::Key { key: key.clone(), closest: closest(key, self.known.iter().copied()) })
    }
}

/// Of `names`, the one that looks like `name`, if any does.
pub(crate) fn closest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    let likeness = |known: &str| strsim::jaro_winkler(known, name);
    names
        .map(|known| (likeness(known), known))
        .filter(|(likeness, _)| *likeness >= LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.to_owned())
}

/// Reads a time with its unit: `250ms`, `5s`, `2m`, `1h`, `7d`.
pub fn duration(text: &str) -> Option<Duration> {
    let split = text.find(|char: char| !char.is_ascii_digit() && char != '.')?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds).ok()
}

fn refused(key: &str, value: &str, expected: &str) -> UriError {
    UriError::Value { key: key.to_owned(), value: value.to_owned(), expected: expected.to_owned() }
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            bytes.push(u8::try_from(digit()? * 16 + digit()?).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_taken_one_by_one_and_none_is_left() {
        let mut query = Query::parse("size=1280x720&fps=29.97&roi=1,2,3,4&name=a%20b&flag").unwrap();
        assert_eq!(query.take_size("size"), Ok(Some(ImageSize { height: 720, width: 1280 })));
        assert_eq!(query.take_rate("fps"), Ok(Some(29.97)));
        assert_eq!(query.take_region("roi"), Ok(Some(Rect { x: 1, y: 2, width: 3, height: 4 })));
        assert_eq!(query.take("name").as_deref(), Some("a b"));
        assert_eq!(query.take_number::<u8>("flag", "1"), Ok(Some(1)));
        assert_eq!(query.take("other"), None);
        assert_eq!(query.finish(), Ok(()));
    }

    #[test]
    fn a_setting_that_is_left_names_the_closest() {
        let mut query = Query::parse("szie=1x1").unwrap();
        assert_eq!(query.take_size("size"), Ok(None));
        assert_eq!(query.finish().unwrap_err().to_string(), "unknown setting `szie`; did you mean `size`?");
        assert_eq!(Query::parse("a=1&a=2").unwrap_err(), UriError::Twice("a".into()));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_would() {
        for (text, key) in [("size=0x5", "size"), ("size=5", "size"), ("size=-1x2", "size"), ("size=axb", "size")] {
            let error = Query::parse(text).unwrap().take_size(key).unwrap_err();
            assert!(matches!(error, UriError::Value { .. }), "{text}");
        }
        for text in ["fps=0", "fps=nan", "fps=inf", "fps=-5", "fps=1001", "fps=1e-300", "fps="] {
            assert!(Query::parse(text).unwrap().take_rate("fps").is_err(), "{text}");
        }
        for text in ["roi=1,2,3", "roi=1,2,0,4", "roi=1,2,3,4,5", "roi=a,b,c,d"] {
            assert!(Query::parse(text).unwrap().take_region("roi").is_err(), "{text}");
        }
        assert!(Query::parse("a=%ff").is_err() && Query::parse("a=%4").is_err() && Query::parse("a=%zz").is_err());
    }

    #[test]
    fn times_are_read_with_their_unit() {
        assert_eq!(duration("1.5m"), Some(Duration::from_secs(90)));
        for wrong in ["", "5", "s", "5x", "-1s", "1e99h", "1.2.3s"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
