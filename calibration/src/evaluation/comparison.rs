//! Two models on the same pictures: differences, and whether they are more than chance.

use super::Evaluation;
use super::figures::{Figure, Figures, Missing};
use crate::metrics::bootstrap::{self, Difference, ROUNDS, Scores};
use crate::metrics::interval::Confidence;
use crate::metrics::ranking::Truth;

/// The same draws on every machine.
const SEED: u64 = 12;

/// The second model minus the first.
#[derive(Debug)]
pub struct Comparison {
    /// Product by product, in the order of both.
    pub products: Vec<ProductDifference>,
    /// Of the means over products.
    pub mean: ProductDifference,
}

/// The differences of one product, or of the means.
#[derive(Debug)]
pub struct ProductDifference {
    /// The product; none for the mean.
    pub name: Option<String>,
    /// Each figure of the second minus that of the first.
    pub figures: Figures,
    /// The image AUROC's, with an interval.
    pub auroc: Option<Difference>,
}

/// Why two evaluations cannot be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComparisonError {
    /// A picture that only one model judged, or that counts as good for one and as defective for the other.
    #[error("the models were not measured on the same pictures: {picture}")]
    OtherPictures {
        /// The first that differs.
        picture: String,
    },
}

impl Comparison {
    /// Compares two evaluations of the same samples.
    ///
    /// # Errors
    /// [`ComparisonError`]
    pub fn of(first: &Evaluation, second: &Evaluation) -> Result<Self, ComparisonError> {
        same_pictures(first, second)?;
        let pairs = || first.products.iter().zip(&second.products);
        let lists: Vec<_> = pairs().map(|(first, second)| (first.scores(), second.scores().0)).collect();
        let scores: Vec<Scores<'_>> =
            lists.iter().map(|((first, truths), second)| Scores { first, second, truths }).collect();
        // Without both classes there is no AUROC, and the figure says why.
        let auroc = |of: &[Scores<'_>]| bootstrap::mean_auroc_difference(of, Confidence::USUAL, ROUNDS, SEED).ok();
        let products: Vec<_> = pairs()
            .zip(&scores)
            .map(|((first, second), scores)| ProductDifference {
                name: Some(first.name.clone()),
                figures: differences(&first.figures, &second.figures),
                auroc: auroc(&[*scores]),
            })
            .collect();
        let with_auroc = scores.iter().zip(&products).filter(|(_, product)| product.auroc.is_some());
        let with_auroc: Vec<_> = with_auroc.map(|(scores, _)| *scores).collect();
        let figures = differences(&first.mean(), &second.mean());
        let mean = ProductDifference { name: None, figures, auroc: auroc(&with_auroc) };
        Ok(Self { products, mean })
    }
}

fn differences(first: &Figures, second: &Figures) -> Figures {
    Figures::of(|figure: Figure| -> Result<f64, Missing> {
        Ok(second.get(figure).clone()? - first.get(figure).clone()?)
    })
}

fn same_pictures(first: &Evaluation, second: &Evaluation) -> Result<(), ComparisonError> {
    let pictures = |evaluation: &Evaluation| -> Vec<(String, Truth)> {
        let of = evaluation.products.iter().flat_map(|product| &product.pictures);
        of.map(|picture| (picture.path.display().to_string(), picture.truth)).collect()
    };
    let (first, second) = (pictures(first), pictures(second));
    let at = (0..first.len().max(second.len())).find(|at| first.get(*at) != second.get(*at));
    let Some(at) = at else { return Ok(()) };
    let picture = first.get(at).or(second.get(at)).map(|(path, _)| path.clone()).unwrap_or_default();
    Err(ComparisonError::OtherPictures { picture })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::tests::evaluation;

    #[test]
    fn a_better_model_is_better_in_each_product_and_in_the_mean() {
        let worse = evaluation(&[("bolt", 0.4), ("nut", 0.5)]);
        let better = evaluation(&[("bolt", 3.0), ("nut", 4.0)]);
        let found = Comparison::of(&worse, &better).unwrap();
        let value = |difference: &ProductDifference| difference.auroc.unwrap().value;
        let [bolt, nut] = &found.products[..] else { panic!("{found:?}") };
        assert!(value(bolt) > 0.2 && value(nut) > 0.2, "{found:?}");
        assert!((value(&found.mean) - f64::midpoint(value(bolt), value(nut))).abs() < 1e-12);
        assert!(found.mean.auroc.unwrap().interval.low > 0.0);
        assert_eq!(found.mean.figures.get(Figure::ImageAuroc), &Ok(value(&found.mean)));
        assert_eq!(found.mean.figures.get(Figure::Aupro), &Err(Missing::NoProduct));
    }

    #[test]
    fn other_pictures_cannot_be_compared() {
        let first = evaluation(&[("bolt", 1.0)]);
        let error = Comparison::of(&first, &evaluation(&[("nut", 1.0)])).unwrap_err();
        assert_eq!(error.to_string(), "the models were not measured on the same pictures: bolt/0.png");
        let error = Comparison::of(&first, &evaluation(&[("bolt", 1.0), ("nut", 1.0)])).unwrap_err();
        assert_eq!(error.to_string(), "the models were not measured on the same pictures: nut/0.png");
    }
}
