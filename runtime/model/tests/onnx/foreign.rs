//! Files of others: what is asked of them, one missing thing at a time.

use moead_model::architecture::{ImageSize, Normalization};
use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::messages::GraphProto;

use crate::small_model::{ANY, changed, info};

fn open(change: impl FnOnce(&mut GraphProto), size: Option<[usize; 2]>) -> Result<ForeignModel, String> {
    let size = size.map(|[height, width]| ImageSize { height, width });
    ForeignModel::from_bytes(changed(change), size, Normalization::IMAGENET).map_err(|error| error.to_string())
}

#[test]
fn a_size_comes_from_the_file_or_from_the_caller() {
    let model = open(|_| {}, None).unwrap();
    assert_eq!(model.input().size(), ImageSize { height: 8, width: 8 });
    assert!(model.batch().is_some());
    assert_eq!(model.input().normalization(), Normalization::IMAGENET);
    let any_size = |graph: &mut GraphProto| graph.input = vec![info("frame", &[1, 3, ANY, ANY])];
    let model = open(any_size, Some([16, 24])).unwrap();
    assert_eq!((model.input().size(), model.batch()), (ImageSize { height: 16, width: 24 }, None));
    let message = open(any_size, None).unwrap_err();
    assert_eq!(message, "input: the file does not say for pictures of what size it is");
    let message = open(|_| {}, Some([16, 24])).unwrap_err();
    assert_eq!(message, "input: expected 16x24, as was asked for, found 8x8");
    let message = open(any_size, Some([16, 5000])).unwrap_err();
    assert_eq!(message, "input: expected sides of 1 to 4096 pixels, found 16x5000");
}

#[test]
fn one_picture_goes_in() {
    let inputs = |shapes: &[(&str, &[i64])]| {
        let inputs: Vec<_> = shapes.iter().map(|(name, shape)| info(name, shape)).collect();
        open(move |graph| graph.input = inputs, None).map(drop)
    };
    let expected = |found: &str| Err(format!("input: expected one of N x 3 x H x W, found {found}"));
    assert_eq!(inputs(&[]), expected("none"));
    assert_eq!(inputs(&[("image", &[3, 8, 8])]), expected("image of 3 x 8 x 8"));
    assert_eq!(inputs(&[("image", &[1, 1, 8, 8])]), expected("image of 1 x 1 x 8 x 8"));
    assert_eq!(inputs(&[("image", &[8, 3, 8, 8])]), expected("image of 8 x 3 x 8 x 8"));
    assert_eq!(inputs(&[("image", &[])]), expected("image of no known shape"));
    let two = expected("image of 1 x 3 x 8 x 8, mask of 8 x 8");
    assert_eq!(inputs(&[("image", &[1, 3, 8, 8]), ("mask", &[8, 8])]), two);
    // A constant that is listed as an input, as old files do.
    assert_eq!(inputs(&[("image", &[1, 3, 8, 8]), ("bias", &[4])]), Ok(()));
}

#[test]
fn a_map_and_a_score_come_out() {
    let message = open(|graph| graph.output[1].name = Some("score".into()), None).unwrap_err();
    assert_eq!(message, "output pred_score is missing; there are: anomaly_map, score, anomaly_grid, embedding");
    // Neither operators nor their order are looked at.
    assert!(open(|graph| graph.node[0].op_type = Some("Magic".into()), None).is_ok());
}
