//! Drawings as a whole.

use super::*;

const THRESHOLD: f32 = 20.0;

/// A grey picture whose map rises to one peak.
struct Scene {
    picture: Picture,
    map: Vec<f32>,
    map_size: ImageSize,
    regions: Vec<Region>,
}

impl Scene {
    fn new(height: usize, width: usize) -> Self {
        let map_size = ImageSize { height: 4, width: 8 };
        let mut map = vec![0.0; 32];
        map[2 * 8 + 6] = 40.0;
        Self { picture: Picture::filled(ImageSize { height, width }, [90; 3]), map, map_size, regions: Vec::new() }
    }

    fn annotation(&self, verdict: Option<Verdict>) -> Annotation<'_> {
        Annotation {
            picture: &self.picture,
            map: &self.map,
            map_size: self.map_size,
            score: Score(40.0),
            threshold: Threshold::new(THRESHOLD).ok(),
            regions_from: None,
            verdict,
            regions: &self.regions,
            title: "housing-0001.png",
        }
    }

    fn draw(&self, scale: Scale) -> Picture {
        draw(&self.annotation(Some(Verdict::Defect)), scale)
    }

    fn layout(&self) -> Layout {
        let panel = PanelSize::of(self.picture.size()).size;
        Layout::of(panel, Unit::of(panel))
    }
}

fn fixed() -> Scale {
    Scale::around(Threshold::new(THRESHOLD).ok())
}

fn colour_at(picture: &Picture, x: usize, y: usize) -> Colour {
    let start = 3 * (y * picture.size().width + x);
    picture.pixels()[start..start + 3].try_into().unwrap()
}

#[test]
fn the_picture_itself_is_left_as_it_is() {
    let mut scene = Scene::new(600, 700);
    for (at, byte) in scene.picture.pixels_mut().iter_mut().enumerate() {
        *byte = (at % 251) as u8;
    }
    let drawing = scene.draw(fixed());
    let layout = scene.layout();
    assert_eq!(drawing.size(), layout.size);
    let [panel, _] = layout.panels;
    for (x, y) in [(0, 0), (699, 0), (0, 599), (699, 599), (351, 222)] {
        assert_eq!(colour_at(&drawing, panel.x + x, panel.y + y), colour_at(&scene.picture, x, y));
    }
}

#[test]
fn the_brightest_heat_is_where_the_map_is_largest() {
    let scene = Scene::new(600, 800);
    let drawing = scene.draw(fixed());
    let [_, panel] = scene.layout().panels;
    let brightness = |&(x, y): &(usize, usize)| colour_at(&drawing, x, y).map(u32::from).iter().sum::<u32>();
    let pixels = (0..600).flat_map(|y| (0..800).map(move |x| (panel.x + x, panel.y + y)));
    let (x, y) = pixels.max_by_key(brightness).unwrap();
    // The centre of the cell in row 2 of 4, column 6 of 8.
    assert!((x - panel.x).abs_diff(650) < 15 && (y - panel.y).abs_diff(375) < 20, "{} {}", x - panel.x, y - panel.y);
    assert_eq!(colour_at(&drawing, panel.x, panel.y), [90; 3], "normal areas show the picture as it is");
}

#[test]
fn boxes_lie_around_their_regions() {
    let mut scene = Scene::new(600, 800);
    scene.map.fill(0.0);
    let bounds = Rect { x: 300, y: 200, width: 100, height: 50 };
    scene.regions.push(Region { bounds, peak: Score(31.4), area: 5000 });
    let drawing = scene.draw(fixed());
    let [clear, panel] = scene.layout().panels;
    for (x, y) in [(299, 220), (400, 220), (350, 199), (350, 250)] {
        assert_eq!(colour_at(&drawing, panel.x + x, panel.y + y), boxes::LIGHT, "{x} {y}");
        assert_eq!(colour_at(&drawing, clear.x + x, clear.y + y), [90; 3], "{x} {y}");
    }
    assert_eq!(colour_at(&drawing, panel.x + 350, panel.y + 225), [90; 3], "the inside stays visible");
}

#[test]
fn the_verdict_is_told_by_word_and_by_colour() {
    let verdicts = [None, Some(Verdict::Ok), Some(Verdict::Defect)];
    let [none, ok, defect] = verdicts.map(badge);
    assert!(none.0.ends_with("no verdict") && ok.0.ends_with("OK") && defect.0.ends_with("DEFECT"));
    let scene = Scene::new(60, 80);
    let drawings = verdicts.map(|verdict| draw(&scene.annotation(verdict), fixed()));
    let header = scene.layout().header;
    let ground = drawings.each_ref().map(|drawing| colour_at(drawing, header.x + 12, header.y + 12));
    assert_eq!(ground, [none.1, ok.1, defect.1]);
}

#[test]
fn the_score_is_held_against_the_threshold_in_words() {
    let threshold = Threshold::new(20.5).ok();
    assert_eq!(score_line(Score(31.416), threshold), "score 31.4 ≥ threshold 20.5");
    assert_eq!(score_line(Score(20.4999), threshold), "score 20.4999 < threshold 20.5000");
    assert_eq!(score_line(Score(f32::NAN), threshold), "score not a number, threshold 20.5");
    assert_eq!(score_line(Score(3.0), None), "score 3.00, no threshold");
}

#[test]
fn values_that_are_not_finite_are_grey() {
    let mut scene = Scene::new(600, 800);
    scene.map[..8].copy_from_slice(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e-45, -0.0, 0.0]);
    for scale in [fixed(), Scale::OwnRange, Scale::Fixed { low: f32::NAN, high: 0.0 }] {
        let drawing = scene.draw(scale);
        let [_, panel] = scene.layout().panels;
        for x in [0, 150, 250] {
            let [red, green, blue] = colour_at(&drawing, panel.x + x, panel.y);
            assert!(red == green && green == blue && red != 90, "{scale:?} {x}");
        }
    }
    for map in [vec![f32::NAN; 32], Vec::new(), vec![7.0; 32]] {
        scene.map = map;
        scene.draw(Scale::OwnRange);
    }
    scene.map_size = ImageSize { height: 0, width: 0 };
    scene.draw(Scale::OwnRange);
}

#[test]
fn pictures_of_extreme_shape_are_drawn() {
    for (height, width) in [(1, 1), (5000, 1), (20, 10_000), (1, 3), (0, 0), (2000, 2500)] {
        let mut scene = Scene::new(height, width);
        for corner in [0, 1, 5, usize::MAX / 2] {
            let bounds = Rect { x: corner, y: corner, width: width.max(1), height: 1 };
            scene.regions.push(Region { bounds, peak: Score(corner as f32), area: 1 });
        }
        let drawing = scene.draw(fixed());
        assert_eq!(drawing.size(), scene.layout().size, "{height}x{width}");
        assert!(drawing.size().height <= 4000 && drawing.size().width <= 4000, "{height}x{width}");
    }
}

#[test]
fn a_drawing_is_written_as_png() {
    let folder = std::env::temp_dir().join(format!("moead-heatmap-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("map.png");
    let drawing = Scene::new(60, 80).draw(fixed());
    write_png(&path, &drawing).unwrap();
    let read = image::load_from_memory(&std::fs::read(&path).unwrap()).unwrap().into_rgb8();
    assert_eq!((read.height() as usize, read.width() as usize), (drawing.size().height, drawing.size().width));
    assert_eq!(read.into_raw(), drawing.pixels());
    let empty = Picture::filled(ImageSize { height: 0, width: 4 }, [0; 3]);
    assert_eq!(write_png(&path, &empty).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    assert!(path.exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn the_live_view_draws_what_the_files_show() {
    let mut scene = Scene::new(600, 600);
    let bounds = Rect { x: 400, y: 250, width: 90, height: 120 };
    scene.regions = vec![Region { bounds, peak: Score(40.0), area: 10_800 }];
    let drawn = scene.draw(fixed());
    let [_, panel] = scene.layout().panels;
    let size = scene.picture.size();
    assert_eq!((panel.width, panel.height), (size.width, size.height));
    let threshold = Threshold::new(THRESHOLD).ok();
    let live =
        heated(scene.picture.clone(), &scene.map, scene.map_size, Scale::around(threshold), &scene.regions, size);
    for y in 0..panel.height {
        for x in 0..panel.width {
            assert_eq!(colour_at(&live, x, y), colour_at(&drawn, panel.x + x, panel.y + y), "{x},{y}");
        }
    }
}
