//! From the source picture to the network's input, against Pillow's own pixels.

use moead_runtime::preprocess::{decode, normalize, resize};
use moead_tests::golden::Case;

use crate::problem::{Problem, for_each_case};

for_each_case!(check);

/// Pixels exactly; the input to the bit, for it follows from pixels by two operations in f32.
fn check(problem: Problem) {
    let picture = decode::read(&problem.case.picture()).expect("a golden picture");
    let (image, size) = (&problem.case.facts.image, picture.size());
    assert_eq!((size.height, size.width), (image.height, image.width));
    let architecture = &problem.resolved.architecture;
    let resized = resize::resize(&picture, architecture.input());
    let pixels: Vec<f64> = resized.pixels().iter().map(|&byte| f64::from(byte)).collect();
    assert!(pixels == problem.expected["image_u8"].data, "other pixels than Pillow's");
    let input = normalize::normalize(resized.pixels(), architecture.backbone().normalization());
    let numbers: Vec<f64> = input.iter().map(|&number| f64::from(number)).collect();
    let shape = [1, 3, size_of(&problem.case).0, size_of(&problem.case).1];
    let found = problem.case.thinned("input", &shape, &numbers);
    assert!(found.data == problem.expected["input"].data, "another input than torchvision's");
}

fn size_of(case: &Case) -> (usize, usize) {
    (case.facts.input.height, case.facts.input.width)
}
