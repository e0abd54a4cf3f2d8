//! The figures of an evaluation by their names, and why one is missing.

use std::fmt;

use crate::metrics::Absent;

/// A figure, in the order of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Area under the ROC curve over pictures.
    ImageAuroc,
    /// Average precision over pictures.
    ImageAp,
    /// Best F1 over pictures.
    ImageF1max,
    /// Area under the ROC curve over pixels.
    PixelAuroc,
    /// Average precision over pixels.
    PixelAp,
    /// Best F1 over pixels.
    PixelF1max,
    /// Area under the curve of overlap per region.
    Aupro,
}

impl Figure {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::ImageAuroc,
        Self::ImageAp,
        Self::ImageF1max,
        Self::PixelAuroc,
        Self::PixelAp,
        Self::PixelF1max,
        Self::Aupro,
    ];

    /// As in the JSON document.
    pub fn key(self) -> &'static str {
        match self {
            Self::ImageAuroc => "image_auroc",
            Self::ImageAp => "image_ap",
            Self::ImageF1max => "image_f1max",
            Self::PixelAuroc => "pixel_auroc",
            Self::PixelAp => "pixel_ap",
            Self::PixelF1max => "pixel_f1max",
            Self::Aupro => "aupro",
        }
    }

    /// For people.
    pub fn title(self) -> &'static str {
        match self {
            Self::ImageAuroc => "image AUROC",
            Self::ImageAp => "image AP",
            Self::ImageF1max => "image F1max",
            Self::PixelAuroc => "pixel AUROC",
            Self::PixelAp => "pixel AP",
            Self::PixelF1max => "pixel F1max",
            Self::Aupro => "AUPRO",
        }
    }
}

/// Why there is no figure.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Missing {
    /// It cannot be computed from what was scored.
    Absent(Absent),
    /// Defective pictures without a word on where.
    NoMasks,
    /// No product has it.
    NoProduct,
}

impl From<Absent> for Missing {
    fn from(absent: Absent) -> Self {
        Self::Absent(absent)
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(absent) => absent.fmt(f),
            Self::NoMasks => f.write_str("the data set has no masks"),
            Self::NoProduct => f.write_str("no product has it"),
        }
    }
}

/// All figures, each a fraction or missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures([Result<f64, Missing>; Figure::ALL.len()]);

impl Figures {
    /// Asks for each.
    pub fn of(mut figure: impl FnMut(Figure) -> Result<f64, Missing>) -> Self {
        Self(Figure::ALL.map(&mut figure))
    }

    /// One of them.
    pub fn get(&self, figure: Figure) -> &Result<f64, Missing> {
        &self.0[figure as usize]
    }

    /// The mean of each over those that have it.
    pub fn mean<'a>(of: impl Iterator<Item = &'a Self> + Clone) -> Self {
        Self::of(|figure| {
            let values: Vec<f64> =
                of.clone().filter_map(|figures| figures.get(figure).as_ref().ok().copied()).collect();
            if values.is_empty() {
                Err(Missing::NoProduct)
            } else {
                Ok(values.iter().sum::<f64>() / values.len() as f64)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_is_over_those_that_have_the_figure() {
        let all = |value: f64| Figures::of(|_| Ok(value));
        let without_pixels =
            Figures::of(|figure| if figure == Figure::Aupro { Err(Missing::NoMasks) } else { Ok(0.5) });
        let mean = Figures::mean([all(1.0), without_pixels].iter());
        assert_eq!(mean.get(Figure::ImageAuroc), &Ok(0.75));
        assert_eq!(mean.get(Figure::Aupro), &Ok(1.0));
        assert_eq!(Figures::mean([].iter()).get(Figure::Aupro), &Err(Missing::NoProduct));
    }

    #[test]
    fn each_figure_has_its_place() {
        let figures = Figures::of(|figure| Ok(figure as usize as f64));
        for (at, figure) in Figure::ALL.into_iter().enumerate() {
            assert_eq!(figures.get(figure), &Ok(at as f64), "{figure:?}");
        }
    }
}
