//! What pictures are held against: one threshold for all, or a calibration's thresholds by product.
//!
//! | a picture | is held against |
//! | --- | --- |
//! | of a source whose product was named | that product's threshold, whatever it shows |
//! | otherwise, within the refusal distance of the nearest product | that product's threshold |
//! | far from all products | the calibration's common threshold; without one it is of an unknown product and has no verdict |
//! | where no product has statistics to recognise it by | the common threshold |
//!
//! The common threshold refuses nothing: it is for pictures of no named product, and a gross defect must not become an unknown product.
//! Products without statistics are never recognised by themselves, and hold for sources that name them.
//!
//! A threshold that the user gives wins over all of these, for verdicts and for regions. Products are then told all the same, and severity
//! is 1 at that threshold.

use std::sync::Arc;

use moead_model::calibration::{Calibration, Drift, Embedding, Product};

use super::product::{self, Recognised};
use super::severity::{self, Severity};
use super::verdict::{Score, Threshold, ThresholdError};

/// Numbers that the drift windows of one source keep, at the most: 256 MB. A window of 64 pictures has some 17,000, and a calibration may
/// have a thousand products; one that asks for more wants the memory, not the measure.
pub const MAX_WINDOW_NUMBERS: usize = 1 << 26;

/// What one picture is held against.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Standard {
    /// The product that it shows. None without products, and where it shows none of them.
    pub product: Option<Arc<str>>,
    /// None when nothing says from which score on it is defective.
    pub threshold: Option<Threshold>,
    /// Map values from here on belong to regions: the same, where nothing says otherwise.
    pub regions_from: Option<Threshold>,
}

/// What the pictures of a run are held against.
#[derive(Debug, Clone, Default)]
pub struct Standards {
    /// The user's.
    threshold: Option<Threshold>,
    /// Products by name; behind them, without a name, what holds for pictures of no named product.
    known: Vec<Known>,
    /// By source: the place of the product that it was said to show.
    named: Vec<Option<usize>>,
}

/// A product's part of a calibration.
#[derive(Debug, Clone)]
struct Known {
    name: Option<Arc<str>>,
    threshold: Threshold,
    regions_from: Threshold,
    /// Of good pictures' scores.
    median: f64,
    embedding: Option<Embedding>,
    drift: Option<Drift>,
}

/// Why a calibration cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StandardsError {
    /// There is nothing in it.
    #[error("the calibration has neither a product nor a common threshold")]
    Empty,
    /// A threshold that is none.
    #[error("the calibration's threshold: {0}")]
    Threshold(#[from] ThresholdError),
    /// Statistics of another network's features.
    #[error(
        "the calibration's embedding of {product}: expected {expected} features, as the network has, found {found}"
    )]
    Features {
        /// Its name, or `all pictures`.
        product: String,
        /// Of the network.
        expected: usize,
        /// In the calibration.
        found: usize,
    },
    /// Windows that would take all memory.
    #[error("the calibration's drift windows: expected at most {MAX_WINDOW_NUMBERS} numbers, found {found}")]
    Windows {
        /// In the windows of all products together.
        found: usize,
    },
    /// A name that the calibration does not have.
    #[error("no product `{name}` in the calibration{}", listed(", which has ", products))]
    UnknownProduct {
        /// As given.
        name: String,
        /// In the calibration.
        products: Vec<String>,
    },
    /// Nothing tells which product a source shows.
    #[error(
        "no product of the calibration can be recognised, since none has statistics of embeddings{}",
        listed(": ", products)
    )]
    Unrecognisable {
        /// In the calibration.
        products: Vec<String>,
    },
}

fn listed(before: &str, names: &[String]) -> String {
    /// More are not read.
    const MOST: usize = 12;
    let mut text: Vec<String> = names.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    if names.len() > MOST {
        text.push(format!("{} more", names.len() - MOST));
    }
    if text.is_empty() { ", which has none".into() } else { format!("{before}{}", text.join(", ")) }
}

/// What a picture shows: places in the [`Standards`] that chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    shown: Shown,
    /// Whose drift it counts for.
    watched: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// One of these.
    Known(usize),
    /// None of the products.
    Unknown,
    /// There is nothing to be shown.
    Nothing,
}

impl Choice {
    /// Whether there are products, and it shows none.
    pub fn is_unknown(self) -> bool {
        self.shown == Shown::Unknown
    }
}

impl From<Option<Threshold>> for Standards {
    /// The same for all pictures, or nothing.
    fn from(threshold: Option<Threshold>) -> Self {
        Self { threshold, ..Self::default() }
    }
}

impl Standards {
    /// A calibration's.
    ///
    /// * `features`: of the network's embedding.
    /// * `threshold`: the user's, which wins.
    /// * `products`: of every source, the product that it shows; none: it is to be recognised.
    ///
    /// # Errors
    /// [`StandardsError`]: nothing here is found out in the middle of a run.
    pub fn calibrated(
        calibration: &Calibration,
        features: usize,
        threshold: Option<Threshold>,
        products: &[Option<&str>],
    ) -> Result<Self, StandardsError> {
        let names = || calibration.products.keys().cloned().collect::<Vec<_>>();
        let products_ = calibration.products.iter().map(|(name, product)| (Some(name.as_str()), product));
        let known = products_.chain(calibration.common.iter().map(|product| (None, product)));
        let known = known.map(|(name, product)| Known::new(name, product, features)).collect::<Result<Vec<_>, _>>()?;
        if known.is_empty() {
            return Err(StandardsError::Empty);
        }
        let windows = known.iter().filter_map(|known| known.watch().map(|(_, drift)| drift.window));
        let numbers = windows.fold(0_usize, |sum, window| sum.saturating_add(window.saturating_mul(features)));
        if numbers > MAX_WINDOW_NUMBERS {
            return Err(StandardsError::Windows { found: numbers });
        }
        let place = |name: &str| {
            let is_it = |known: &Known| known.name.as_deref() == Some(name);
            let unknown = || StandardsError::UnknownProduct { name: name.to_owned(), products: names() };
            known.iter().position(is_it).ok_or_else(unknown)
        };
        let named = products.iter().map(|name| name.map(place).transpose()).collect::<Result<Vec<_>, _>>()?;
        let standards = Self { threshold, known, named };
        let is_open = standards.named.iter().any(Option::is_none);
        if is_open && threshold.is_none() && standards.recognisable().next().is_none() && standards.common().is_none() {
            return Err(StandardsError::Unrecognisable { products: names() });
        }
        Ok(standards)
    }

    /// The user's threshold.
    pub fn threshold(&self) -> Option<Threshold> {
        self.threshold
    }

    /// Names and thresholds of the calibration, the one for pictures of no named product last and without a name.
    pub fn known(&self) -> impl ExactSizeIterator<Item = (Option<&str>, Threshold)> {
        self.known.iter().map(|known| (known.name.as_deref(), known.threshold))
    }

    /// Whether some source's pictures are recognised.
    pub fn recognises(&self) -> bool {
        self.has_open_source() && self.recognisable().next().is_some()
    }

    /// Products that no picture of a source without a named product is held against.
    pub fn unrecognisable(&self) -> impl Iterator<Item = &str> {
        let is_missed = |known: &&Known| known.embedding.is_none() && self.has_open_source();
        self.known.iter().filter(is_missed).filter_map(|known| known.name.as_deref())
    }

    /// Whether the network's embedding is needed.
    pub fn needs_embedding(&self) -> bool {
        let is_watched = |place: usize| self.known[place].watch().is_some();
        self.recognises()
            || self.named.iter().flatten().any(|&place| is_watched(place))
            || (self.has_open_source() && self.common().is_some_and(is_watched))
    }

    /// Numbers of an embedding, if the calibration has any.
    pub fn features(&self) -> Option<usize> {
        self.known.iter().find_map(|known| known.embedding.as_ref()).map(|embedding| embedding.mean.len())
    }

    /// The largest error of severity, over all products, where scores are off by the share `relative_score_error`. None without a scale.
    pub fn severity_error(&self, relative_score_error: f64) -> Option<f64> {
        let error = |known: &Known| {
            let threshold = self.threshold.unwrap_or(known.threshold);
            severity::error(relative_score_error, known.median, threshold)
        };
        self.known.iter().filter_map(error).max_by(f64::total_cmp)
    }

    /// What is known of a source's pictures before they are seen.
    pub fn expected(&self, source: usize) -> Standard {
        match self.named(source).or_else(|| self.common().filter(|_| !self.recognises())) {
            Some(place) => self.standard(Choice { shown: Shown::Known(place), watched: None }),
            None => Standard { product: None, threshold: self.threshold, regions_from: self.threshold },
        }
    }

    /// What a picture shows. `embedding`: as many numbers as [`Standards::features`] says; empty unless [`Standards::needs_embedding`]. Takes
    /// time for each feature of each product, and no memory.
    pub fn choose(&self, source: usize, embedding: &[f32]) -> Choice {
        let known = |place| Choice { shown: Shown::Known(place), watched: Some(place) };
        if let Some(place) = self.named(source) {
            return known(place);
        }
        let (nearest, distance) = match product::recognise(embedding, self.recognisable()) {
            Recognised::Product { name: place, .. } => return known(place),
            Recognised::Unknown { nearest, distance } => (nearest, distance),
        };
        let Some(common) = self.common() else {
            return Choice { shown: if nearest.is_some() { Shown::Unknown } else { Shown::Nothing }, watched: nearest };
        };
        // A camera that changes makes all pictures strange, and must still be noticed: each counts for what it is nearest to.
        let is_nearer = |embedding_: &Embedding| product::distance(embedding, embedding_) < distance;
        let is_common = nearest.is_none() || self.known[common].embedding.as_ref().is_some_and(is_nearer);
        Choice { shown: Shown::Known(common), watched: if is_common { Some(common) } else { nearest } }
    }

    /// What a picture that shows this is held against.
    pub fn standard(&self, choice: Choice) -> Standard {
        let known = self.shown(choice);
        let threshold = self.threshold.or(known.map(|known| known.threshold));
        let regions_from = self.threshold.or(known.map(|known| known.regions_from));
        Standard { product: known.and_then(|known| known.name.clone()), threshold, regions_from }
    }

    /// How bad that score is.
    pub fn severity(&self, choice: Choice, score: Score) -> Option<Severity> {
        let known = self.shown(choice)?;
        let threshold = self.threshold.unwrap_or(known.threshold);
        severity::severity(score, known.median, threshold)
    }

    /// What the drift that a picture counts for is measured by, if it is watched: a place below [`Standards::known`]'s length.
    pub fn watched(&self, choice: Choice) -> Option<Watched<'_>> {
        let place = choice.watched?;
        let known = &self.known[place];
        let (good, drift) = known.watch()?;
        Some(Watched { place, product: &known.name, good, drift })
    }

    fn shown(&self, choice: Choice) -> Option<&Known> {
        match choice.shown {
            Shown::Known(place) => Some(&self.known[place]),
            Shown::Unknown | Shown::Nothing => None,
        }
    }

    fn named(&self, source: usize) -> Option<usize> {
        self.named.get(source).copied().flatten()
    }

    fn has_open_source(&self) -> bool {
        self.named.iter().any(Option::is_none)
    }

    fn common(&self) -> Option<usize> {
        self.known.last().filter(|known| known.name.is_none()).map(|_| self.known.len() - 1)
    }

    fn recognisable(&self) -> impl Iterator<Item = (usize, &Embedding)> {
        let products = self.known.iter().enumerate().filter(|(_, known)| known.name.is_some());
        products.filter_map(|(place, known)| Some((place, known.embedding.as_ref()?)))
    }
}

/// A product whose drift is watched.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// Tells products apart.
    pub place: usize,
    /// Its name; none: pictures of no named product.
    pub product: &'a Option<Arc<str>>,
    /// Its good pictures.
    pub good: &'a Embedding,
    /// Window and limit.
    pub drift: &'a Drift,
}

impl Known {
    fn new(name: Option<&str>, product: &Product, features: usize) -> Result<Self, StandardsError> {
        let threshold = Threshold::new(product.threshold)?;
        let regions_from = product.pixel_threshold.map(Threshold::new).transpose()?;
        if let Some(found) = product.embedding.as_ref().map(|embedding| embedding.mean.len())
            && found != features
        {
            let product = name.map_or_else(|| "all pictures".to_owned(), |name| format!("`{name}`"));
            return Err(StandardsError::Features { product, expected: features, found });
        }
        Ok(Self {
            name: name.map(Arc::from),
            threshold,
            regions_from: regions_from.unwrap_or(threshold),
            median: product.score.median,
            embedding: product.embedding.clone(),
            drift: product.drift.clone(),
        })
    }

    /// Good pictures and their windows, where both are there.
    fn watch(&self) -> Option<(&Embedding, &Drift)> {
        self.embedding.as_ref().zip(self.drift.as_ref())
    }
}

#[cfg(test)]
mod tests;
