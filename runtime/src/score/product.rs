//! Which product an embedding shows.

use moead_model::calibration::Embedding;

/// Root mean square, over features, of the difference to a product's mean in its standard deviations: Mahalanobis' distance for a diagonal
/// covariance, over the square root of the number of features. About 1 for the product's own pictures.
///
/// Missing features of either side are not compared; [`Embedding`] checks that its own lists have equal lengths.
pub fn distance(embedding: &[f32], product: &Embedding) -> f64 {
    let features = embedding.iter().zip(&product.mean).zip(&product.std);
    let squares = features.map(|((value, mean), std)| (f64::from(value - mean) / f64::from(*std)).powi(2));
    (squares.sum::<f64>() / embedding.len().max(1) as f64).sqrt()
}

/// What a picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recognised<'a> {
    /// The nearest product.
    Product {
        /// Its name.
        name: &'a str,
        /// To its mean.
        distance: f64,
    },
    /// Farther from the nearest product than its good pictures are.
    Unknown {
        /// That product, if there is any.
        nearest: Option<&'a str>,
        /// To its mean; infinite without products.
        distance: f64,
    },
}

/// The nearest product, unless it is farther away than its refusal distance. An embedding that holds what is not a number shows nothing known.
pub fn recognise<'a>(
    embedding: &[f32],
    products: impl IntoIterator<Item = (&'a str, &'a Embedding)>,
) -> Recognised<'a> {
    let with_distance = |(name, product): (&'a str, &'a Embedding)| (name, product, distance(embedding, product));
    let nearest = products.into_iter().map(with_distance).min_by(|a, b| a.2.total_cmp(&b.2));
    match nearest {
        Some((name, product, distance)) if distance <= product.refusal => Recognised::Product { name, distance },
        Some((name, _, distance)) => Recognised::Unknown { nearest: Some(name), distance },
        None => Recognised::Unknown { nearest: None, distance: f64::INFINITY },
    }
}
