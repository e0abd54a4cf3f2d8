//! Which product an embedding shows.

use moead_model::calibration::Embedding;

/// Root mean square, over features, of the difference to a product's mean in its standard deviations: Mahalanobis' distance for a diagonal
/// covariance, over the square root of the number of features. About 1 for the product's own pictures.
///
/// Missing features of either side are not compared; [`Embedding`] checks that its own lists have equal lengths.
pub fn distance(embedding: &[f32], product: &Embedding) -> f64 {
    distance_of(embedding.iter().copied(), product)
}

/// As [`distance`], of numbers that lie nowhere.
pub(super) fn distance_of(embedding: impl ExactSizeIterator<Item = f32>, product: &Embedding) -> f64 {
    let count = embedding.len().max(1) as f64;
    let features = embedding.zip(&product.mean).zip(&product.std);
    let squares = features.map(|((value, mean), std)| (f64::from(value - mean) / f64::from(*std)).powi(2));
    (squares.sum::<f64>() / count).sqrt()
}

/// What a picture shows. `K` names products: by their names, or by their places in a list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Recognised<K> {
    /// The nearest product.
    Product {
        /// Its name.
        name: K,
        /// To its mean.
        distance: f64,
    },
    /// Farther from the nearest product than its good pictures are.
    Unknown {
        /// That product, if there is any.
        nearest: Option<K>,
        /// To its mean; infinite without products.
        distance: f64,
    },
}

/// The nearest product, unless it is farther away than its refusal distance. An embedding that holds what is not a number shows nothing known.
/// Takes time for each feature of each product, and no memory.
pub fn recognise<'a, K>(embedding: &[f32], products: impl IntoIterator<Item = (K, &'a Embedding)>) -> Recognised<K> {
    let with_distance = |(name, product): (K, &'a Embedding)| (name, product, distance(embedding, product));
    let nearest = products.into_iter().map(with_distance).min_by(|a, b| a.2.total_cmp(&b.2));
    match nearest {
        Some((name, product, distance)) if distance <= product.refusal => Recognised::Product { name, distance },
        Some((name, _, distance)) => Recognised::Unknown { nearest: Some(name), distance },
        None => Recognised::Unknown { nearest: None, distance: f64::INFINITY },
    }
}
