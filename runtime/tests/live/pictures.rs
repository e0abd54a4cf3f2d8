//! Pictures: drawn for whoever asks, the newest for whoever reads slowly.

use std::time::Duration;

use moead_model::architecture::ImageSize;
use moead_runtime::score::regions::Rect;
use moead_runtime::sinks::http::{Observation, View};
use moead_runtime::stream::clock::Clock as _;

use crate::scene::{SIZE, Scene};
use crate::{Stand, client};

fn decoded(jpeg: &[u8]) -> image::RgbImage {
    image::load_from_memory_with_format(jpeg, image::ImageFormat::Jpeg).unwrap().to_rgb8()
}

/// Mean difference to the pixels, of 255.
fn difference(picture: &image::RgbImage, pixels: &[u8]) -> f64 {
    assert_eq!(picture.as_raw().len(), pixels.len());
    let sum: u64 = picture.as_raw().iter().zip(pixels).map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
    sum as f64 / pixels.len() as f64
}

#[test]
fn a_snapshot_is_the_frame_with_its_heat_or_without() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(3, true);
    stand.publish(0, 3, &scene);
    let plain = stand.get("/snapshot.jpg?heat=0");
    assert_eq!((plain.header("content-type"), plain.header("x-frame")), (Some("image/jpeg"), Some("3")));
    let plain = decoded(&plain.body);
    assert_eq!(plain.dimensions(), (SIZE.width as u32, SIZE.height as u32));
    let change = difference(&plain, &scene.pixels);
    assert!(change < 4.0, "{change}");
    let heated = decoded(&stand.get("/snapshot.jpg").body);
    let changed: Vec<_> = heated
        .enumerate_pixels()
        .filter(|&(x, y, pixel)| pixel.0.iter().zip(plain.get_pixel(x, y).0).any(|(&a, b)| a.abs_diff(b) > 60))
        .collect();
    // Around the scratch, and nowhere else.
    assert!(changed.len() > 2000, "{}", changed.len());
    let scratch = (150.0 + 111.0 + 45.0, 210.0);
    for (x, y, _) in changed {
        assert!((f64::from(x) - scratch.0).hypot(f64::from(y) - scratch.1) < 110.0, "{x},{y}");
    }
}

#[test]
fn the_networks_view_is_shown_in_the_shape_of_what_it_saw() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(0, false);
    let pixels = [90; 24 * 24 * 3];
    let view = View {
        pixels: &pixels,
        size: ImageSize { height: 24, width: 24 },
        part: Rect { x: 40, y: 0, width: 300, height: 150 },
        ..scene.view()
    };
    let captured = stand.clock.monotonic();
    stand.live.publish(&Observation { view: Some(view), ..scene.observation(0, 0, captured) });
    assert_eq!(decoded(&stand.get("/snapshot.jpg").body).dimensions(), (448, 224));
    let picture = &stand.get("/api/state").json()["sources"][0]["picture"];
    assert_eq!((&picture["width"], &picture["height"]), (&448.into(), &224.into()));
}

#[test]
fn pixels_that_do_not_fill_their_size_are_no_picture() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(0, true);
    let captured = stand.clock.monotonic();
    let whole = scene.view();
    let huge = ImageSize { height: usize::MAX, width: usize::MAX };
    for view in [
        View { pixels: &whole.pixels[1..], ..whole },
        View { pixels: &[], ..whole },
        View { map: &whole.map[1..], ..whole },
        View { size: huge, ..whole },
        View { map_size: huge, ..whole },
        View { pixels: &[], size: ImageSize { height: 0, width: 9 }, ..whole },
    ] {
        stand.live.publish(&Observation { view: Some(view), ..scene.observation(0, 0, captured) });
        assert_eq!(stand.get("/snapshot.jpg").status, 404);
    }
    // A frame without a map is a frame all the same.
    let view = View { map: &[], ..whole };
    stand.live.publish(&Observation { view: Some(view), ..scene.observation(0, 0, captured) });
    assert_eq!(stand.get("/snapshot.jpg").status, 200);
}

#[test]
fn unwatched_pictures_are_copied_once_a_second_and_watched_ones_ten_times() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(0, false);
    let number = || stand.get("/api/state").json()["sources"][0]["picture"]["number"].as_u64().unwrap();
    for frame in 0..100 {
        // 50 ms each.
        stand.publish(0, frame, &scene);
    }
    assert_eq!(number(), 5);
    stand.clock.advance(Duration::from_secs(1));
    stand.get("/snapshot.jpg");
    let before = number();
    for frame in 0..40 {
        stand.publish(0, frame, &scene);
    }
    assert_eq!(number() - before, 20);
}

#[test]
fn a_stream_of_pictures_follows_the_frames() {
    let stand = Stand::new(&["line1"]);
    let scene = Scene::draw(0, false);
    stand.publish(0, 0, &scene);
    let mut stream = client::open(stand.live.address(), "/stream.mjpg?source=line1&heat=0");
    let kind = stream.header("content-type").unwrap().to_owned();
    let boundary = kind.strip_prefix("multipart/x-mixed-replace; boundary=").unwrap();
    assert_eq!(stream.line(), format!("--{boundary}"));
    for frame in 0..5 {
        if frame > 0 {
            stand.clock.advance(Duration::from_millis(100));
            stand.publish(0, frame, &scene);
        }
        let (number, picture) = stream.picture();
        assert_eq!(number, frame);
        assert_eq!(decoded(&picture).dimensions(), (640, 480));
        // The boundary comes with the picture, so that it is shown at once.
        assert_eq!((stream.line(), stream.line()), (String::new(), format!("--{boundary}")));
    }
}

#[test]
fn defects_are_kept_as_pictures() {
    let stand = Stand::new(&["line1", "line2"]);
    let mut events = client::open(stand.live.address(), "/events");
    events.event();
    let scenes = [Scene::draw(0, false), Scene::draw(1, true)];
    stand.publish(1, 0, &scenes[0]);
    stand.publish(1, 1, &scenes[1]);
    // In the same second, so the same part.
    stand.publish(1, 2, &scenes[1]);
    let defects = loop {
        let event = events.event();
        match event["sources"][1]["defects"].as_array() {
            Some(defects) if !defects.is_empty() => break defects.clone(),
            _ => {}
        }
    };
    assert_eq!(defects.len(), 1);
    assert_eq!((&defects[0]["frame"], &defects[0]["threshold"]), (&1.into(), &4.5.into()));
    let path = format!("/defects/{}.jpg", defects[0]["id"]);
    let heated = decoded(&stand.get(&path).body);
    let plain = decoded(&stand.get(&format!("{path}?heat=0")).body);
    assert!(difference(&plain, &scenes[1].pixels) < 4.0);
    assert!(difference(&heated, &scenes[1].pixels) > 4.0);
}
