//! A scene that is drawn: products on a conveyor, or one by one at a station, some of them defective, and a camera's faults on request.
//!
//! For demonstrations, tests and tuning without hardware. What is to be seen is a function of the settings and the frame's
//! number alone, in integers throughout: the same seed gives the same bytes on every machine. What is really there comes with
//! each frame ([`Truth`](crate::stream::frame::Truth)).
//!
//! `docs/reference/sources.md` has the settings for users.

use std::time::Duration;

use moead_model::architecture::ImageSize;

use crate::preprocess::limits;
use crate::preprocess::raw::PixelFormat;
use crate::stream::uri::UriError;
use crate::stream::uri::query::Query;

pub mod camera;
pub mod chance;
pub mod faults;

mod canvas;
mod defects;
mod driver;
mod formats;
mod product;
mod shapes;
mod stage;
mod surfaces;

use chance::Chance;
use faults::Faults;
pub use product::Product;

/// Below this, products are a few pixels wide and defects smaller than one.
const LEAST_SIDE: usize = 32;

/// What is asked of a scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneRequest {
    /// What is seen.
    pub scene: Scene,
    /// What is made there.
    pub product: Product,
    /// Of the frames.
    pub size: ImageSize,
    /// From one frame to the next.
    pub interval: Duration,
    /// How many of the products are defective.
    pub defects: Chance,
    /// Another seed, another scene.
    pub seed: u64,
    /// One of the formats that scenes are drawn in.
    pub format: PixelFormat,
    /// How fast frames come.
    pub pace: Pace,
    /// The stream ends after so many frames, those that the driver lost included. None: never.
    pub frames: Option<u64>,
    /// What goes wrong.
    pub faults: Faults,
}

/// What is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Products pass by.
    Conveyor,
    /// The belt brings one product after the other under the camera: each frame shows one, nearly always at the same place.
    Station,
}

impl Scene {
    const ALL: [(&str, Self); 2] = [("conveyor", Self::Conveyor), ("station", Self::Station)];

    /// Of the frames, where nothing is said.
    fn size(self) -> ImageSize {
        match self {
            Self::Conveyor => ImageSize { height: 480, width: 640 },
            Self::Station => ImageSize { height: 480, width: 480 },
        }
    }

    /// Frames per second, where nothing is said.
    fn rate(self) -> f64 {
        match self {
            Self::Conveyor => 30.0,
            Self::Station => 2.0,
        }
    }
}

/// How fast frames come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As from a camera: at their time, whether somebody takes them or not.
    Real,
    /// As fast as they are taken. Nothing is waited for: a stall or a loss is over as soon as somebody has asked.
    Free,
}

/// The formats that are drawn, with their names.
const FORMATS: [(&str, PixelFormat); 4] = [
    ("RGB3", PixelFormat::Rgb3),
    ("YUYV", PixelFormat::Yuyv),
    ("NV12", PixelFormat::Nv12),
    ("GREY", PixelFormat::Grey),
];

/// A format's name.
fn name_of(format: PixelFormat) -> &'static str {
    FORMATS.iter().find(|known| known.1 == format).map_or("", |known| known.0)
}

impl SceneRequest {
    /// Reads what stands behind `synthetic://`: the scene's name and its settings.
    ///
    /// # Errors
    /// [`UriError`]
    pub fn parse(address: &str, query: &mut Query) -> Result<Self, UriError> {
        let refused = |key: &str, value: String, expected: &str| {
            Err(UriError::Value { key: key.to_owned(), value, expected: expected.to_owned() })
        };
        let Some(&(_, scene)) = Scene::ALL.iter().find(|known| known.0 == address) else {
            return refused("scene", address.to_owned(), "conveyor or station");
        };
        let product = query.take_with("product", "plate or blister", |text| {
            Product::ALL.into_iter().find(|known| known.name() == text)
        })?;
        let size = query.take_size("size")?.unwrap_or(scene.size());
        let rate = query.take_rate("fps")?.unwrap_or(scene.rate());
        let defects = query.take_with("defects", "a share from 0 to 1, as in 0.1", Chance::parse)?;
        let seed = query.take_number("seed", "a whole number, at most 2^64 - 1")?.unwrap_or(0);
        let format = query.take_with("format", "RGB3, YUYV, NV12 or GREY", |text| {
            FORMATS.iter().find(|known| known.0.eq_ignore_ascii_case(text)).map(|known| known.1)
        })?;
        let format = format.unwrap_or(PixelFormat::Rgb3);
        let pace = query.take_with("pace", "real or free", |text| match text {
            "real" => Some(Pace::Real),
            "free" => Some(Pace::Free),
            _ => None,
        })?;
        let frames = query.take_number("frames", "a whole number")?;
        let faults = query.take("fault").map_or(Ok(Faults::default()), |text| Faults::parse(&text))?;

        let shown = format!("{}x{}", size.width, size.height);
        let sides = [size.width, size.height];
        let is_too_large = sides.iter().any(|&side| side > limits::SIDE as usize)
            || size.width as u64 * size.height as u64 > limits::PIXELS;
        if sides.iter().any(|&side| side < LEAST_SIDE) || is_too_large {
            return refused("size", shown, "32x32 or more, and at most 100 million pixels");
        }
        match format {
            PixelFormat::Yuyv if !size.width.is_multiple_of(2) => {
                return refused("size", shown, "an even width, as pairs of pixels share their colour in YUYV");
            }
            PixelFormat::Nv12 if sides.iter().any(|side| !side.is_multiple_of(2)) => {
                return refused("size", shown, "even sides, as squares of four pixels share their colour in NV12");
            }
            _ => {}
        }
        Ok(Self {
            scene,
            product: product.unwrap_or(Product::Plate),
            size,
            interval: Duration::from_secs_f64(1.0 / rate),
            defects: defects.unwrap_or(Chance::TENTH),
            seed,
            format,
            pace: pace.unwrap_or(Pace::Real),
            frames,
            faults,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<SceneRequest, UriError> {
        let mut query = Query::parse(text)?;
        let request = SceneRequest::parse("conveyor", &mut query)?;
        query.finish()?;
        Ok(request)
    }

    fn message(text: &str) -> String {
        parse(text).unwrap_err().to_string()
    }

    #[test]
    fn every_setting_is_read() {
        let request =
            parse("size=320x200&fps=50&defects=0.25&seed=7&format=nv12&pace=free&frames=9&fault=drop:0.5").unwrap();
        assert_eq!(request.size, ImageSize { height: 200, width: 320 });
        assert_eq!(request.interval, Duration::from_millis(20));
        assert_eq!(request.defects, Chance::parse("0.25").unwrap());
        assert_eq!((request.seed, request.frames), (7, Some(9)));
        assert_eq!((request.format, request.pace), (PixelFormat::Nv12, Pace::Free));
        assert_eq!(request.faults, Faults::parse("drop:0.5").unwrap());
    }

    #[test]
    fn without_settings_it_is_a_camera_of_640x480_at_30_fps() {
        let request = parse("").unwrap();
        assert_eq!(request.size, ImageSize { height: 480, width: 640 });
        assert_eq!(request.interval, Duration::from_nanos(33_333_333));
        assert_eq!((request.seed, request.frames), (0, None));
        assert_eq!((request.format, request.pace), (PixelFormat::Rgb3, Pace::Real));
        assert_eq!(request.defects, Chance::parse("0.1").unwrap());
    }

    #[test]
    fn a_station_shows_squares_at_leisure() {
        let request = SceneRequest::parse("station", &mut Query::parse("product=blister").unwrap()).unwrap();
        assert_eq!((request.scene, request.product), (Scene::Station, Product::Blister));
        assert_eq!(
            (request.size, request.interval),
            (ImageSize { height: 480, width: 480 }, Duration::from_millis(500))
        );
    }

    #[test]
    fn what_cannot_be_drawn_is_refused_with_what_can() {
        assert_eq!(message("format=MJPG"), "`format=MJPG`: expected RGB3, YUYV, NV12 or GREY");
        assert_eq!(message("pace=fast"), "`pace=fast`: expected real or free");
        assert_eq!(message("defects=1.5"), "`defects=1.5`: expected a share from 0 to 1, as in 0.1");
        assert_eq!(message("size=16x480"), "`size=16x480`: expected 32x32 or more, and at most 100 million pixels");
        assert_eq!(message("size=99999x40"), "`size=99999x40`: expected 32x32 or more, and at most 100 million pixels");
        for text in
            ["size=641x480&format=YUYV", "size=640x481&format=NV12", "size=641x480&format=NV12", "seed=-1", "frames=x"]
        {
            assert!(matches!(parse(text), Err(UriError::Value { .. })), "{text}");
        }
        assert!(parse("size=641x481").is_ok() && parse("size=641x481&format=GREY").is_ok());
        let error = SceneRequest::parse("belt", &mut Query::default()).unwrap_err();
        assert_eq!(error.to_string(), "`scene=belt`: expected conveyor or station");
        assert_eq!(message("product=nut"), "`product=nut`: expected plate or blister");
    }
}
