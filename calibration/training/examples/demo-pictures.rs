//! Draws the pictures that the model inside `moead-edge --demo` learns from, is calibrated with and is measured on:
//! `demo-pictures BRICK.png FOLDER`.
//!
//! BRICK.png is `skimage/data/brick.png` of scikit-image (512 x 512, grey, CC0). Three data sets are written: `FOLDER/train` and `FOLDER/test`,
//! the last with defects and masks, as `mvtec` has them, and `FOLDER/calibrate` as `folder` has it, since nothing was trained on it. Plates and blister packs are those of
//! `synthetic://station`, each data set with seeds of its own; bricks are crops, for training and calibration from the photograph's left
//! part, for the test from its right part, which overlap nowhere. The same arguments give the same bytes.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::decode;
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::sinks::heatmap;
use moead_runtime::stream::clock::SystemClock;
use moead_runtime::stream::frame::Content;
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::sources::synthetic::camera::SceneOpener;
use moead_runtime::stream::sources::synthetic::{Product, SceneRequest};
use moead_runtime::stream::sources::{Next, Opener as _, Order};
use moead_runtime::stream::uri::query::Query;
use moead_training::defects::{self, Kind};
use moead_training::random::{Purpose, Seed, Stream};

/// Side of the drawn pictures, and of crops of the photograph.
const STATION: usize = 448;
const CROP: usize = 160;

/// Pictures drawn with one seed: the same belt, the same grain of metal.
const OF_ONE_SCENE: usize = 25;

/// Where the photograph is cut: learnt and calibrated from the left, tested on the right.
const LEARNT: (usize, usize) = (0, 320);
const TESTED: (usize, usize) = (336, 512);

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [brick, folder] = &arguments[..] else {
        return Err("usage: demo-pictures BRICK.png FOLDER".into());
    };
    let brick = decode::read(brick)?;
    for product in Product::ALL {
        let place = |set: &str| folder.join(set).join(product.name());
        good(station(product, 1000, "0").take(200), &place("train").join("train"))?;
        good(station(product, 2000, "0").take(320), &place("calibrate"))?;
        good(station(product, 3000, "0").take(120), &place("test").join("test"))?;
        // Other products than the good ones, each with its defect and without.
        let pairs = station(product, 4000, "1").zip(station(product, 4000, "0")).take(200);
        for (number, (spoilt, plain)) in pairs.enumerate() {
            let ((kind, picture), (_, plain)) = (spoilt?, plain?);
            let Some(kind) = kind else { continue };
            defective(&place("test"), kind, number, &picture, &plain)?;
        }
    }
    let wall = |columns, seed| Wall { brick: &brick, columns, seed: Seed(seed) };
    let crops =
        |wall: Wall<'_>, count: usize| -> Vec<_> { (0..count).map(|number| Ok((None, wall.crop(number)?))).collect() };
    good(crops(wall(LEARNT, 1), 200), &folder.join("train/brick/train"))?;
    good(crops(wall(LEARNT, 2), 320), &folder.join("calibrate/brick"))?;
    good(crops(wall(TESTED, 3), 120), &folder.join("test/brick/test"))?;
    let test = wall(TESTED, 4);
    for number in 0..200 {
        let plain = test.crop(number)?;
        let mut picture = plain.clone();
        let kind = Kind::ALL[number % Kind::ALL.len()];
        defects::draw(&mut picture, kind, &mut test.seed.stream(Purpose::Defects, &[number as u64]));
        let name = match kind {
            Kind::Crack => "crack",
            Kind::Blob => "blob",
            Kind::Stain => "stain",
            Kind::Rectangle => "rectangle",
        };
        defective(&folder.join("test/brick"), name, number, &picture, &plain)?;
    }
    Ok(())
}

/// A picture, and its kind of defect if it has one.
type Taken = Result<(Option<&'static str>, Picture), Box<dyn Error>>;

fn good(pictures: impl IntoIterator<Item = Taken>, place: &Path) -> Result<(), Box<dyn Error>> {
    let folder = place.join("good");
    std::fs::create_dir_all(&folder)?;
    for (number, taken) in pictures.into_iter().enumerate() {
        heatmap::write_png(&folder.join(format!("{number:03}.png")), &taken?.1)?;
    }
    Ok(())
}

/// Writes a defective picture, and its mask: where it differs from the good one.
fn defective(
    product: &Path,
    kind: &str,
    number: usize,
    picture: &Picture,
    good: &Picture,
) -> Result<(), Box<dyn Error>> {
    let mask: Vec<u8> = defects::mask(picture, good).into_iter().flat_map(|pixel| [pixel; 3]).collect();
    if mask.iter().all(|&byte| byte == 0) {
        return Ok(());
    }
    let (pictures, masks) = (product.join("test").join(kind), product.join("ground_truth").join(kind));
    std::fs::create_dir_all(&pictures)?;
    std::fs::create_dir_all(&masks)?;
    heatmap::write_png(&pictures.join(format!("{number:03}.png")), picture)?;
    heatmap::write_png(&masks.join(format!("{number:03}_mask.png")), &Picture::new(picture.size(), mask)?)?;
    Ok(())
}

/// Drawn products without end, [`OF_ONE_SCENE`] of each seed from `seed` on; `defects` is the share of defective ones.
fn station(product: Product, seed: u64, defects: &'static str) -> impl Iterator<Item = Taken> {
    (seed..).flat_map(move |seed| scene(product, seed, defects).unwrap_or_else(|error| vec![Err(error)]))
}

/// The products of one seed.
fn scene(product: Product, seed: u64, defects: &str) -> Result<Vec<Taken>, Box<dyn Error>> {
    let name = product.name();
    let settings = format!(
        "product={name}&seed={seed}&size={STATION}x{STATION}&defects={defects}&pace=free&frames={OF_ONE_SCENE}"
    );
    let mut query = Query::parse(&settings)?;
    let request = SceneRequest::parse("station", &mut query)?;
    query.finish()?;
    let opener = SceneOpener::new(request, Arc::new(SystemClock), Interrupt::default());
    let mut source = opener.open()?;
    let mut pictures = Vec::new();
    loop {
        match source.next(Duration::from_secs(60), Order::Oldest)? {
            Next::Frame(frame) => {
                let Content::Raw { bytes, .. } = frame.content else { return Err("expected RGB".into()) };
                let size = ImageSize { height: STATION, width: STATION };
                let kind = frame.truth.and_then(|truth| truth.kind);
                pictures.push(Ok((kind, Picture::new(size, bytes.to_vec())?)));
            }
            Next::End => return Ok(pictures),
            _ => {}
        }
    }
}

/// Crops of the photograph, mirrored or not.
struct Wall<'a> {
    brick: &'a Picture,
    /// First and one behind the last.
    columns: (usize, usize),
    seed: Seed,
}

impl Wall<'_> {
    fn crop(&self, number: usize) -> Result<Picture, Box<dyn Error>> {
        let random: &mut Stream = &mut self.seed.stream(Purpose::Order, &[number as u64]);
        let ImageSize { height, width } = self.brick.size();
        let x = self.columns.0 + random.below(self.columns.1 - self.columns.0 - CROP + 1);
        let y = random.below(height - CROP + 1);
        let is_mirrored = random.below(2) == 1;
        let mut pixels = Vec::with_capacity(CROP * CROP * 3);
        for row in y..y + CROP {
            for column in 0..CROP {
                let column = x + if is_mirrored { CROP - 1 - column } else { column };
                pixels.extend_from_slice(&self.brick.pixels()[(row * width + column) * 3..][..3]);
            }
        }
        Ok(Picture::new(ImageSize { height: CROP, width: CROP }, pixels)?)
    }
}
