//! The guide `docs/guide/training.md`, command by command: good pictures go in, and verdicts on a camera come out.
//!
//! In place of ten minutes it takes seconds: the backbone's weights are drawn from a seed, and training takes a few steps.

use std::sync::Arc;
use std::time::Duration;

use moead_model::architecture::ImageSize;
use moead_runtime::preprocess::picture::Picture;
use moead_runtime::sinks::heatmap;
use moead_runtime::stream::clock::SystemClock;
use moead_runtime::stream::frame::Content;
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::sources::synthetic::SceneRequest;
use moead_runtime::stream::sources::synthetic::camera::SceneOpener;
use moead_runtime::stream::sources::{Next, Opener as _, Order};
use moead_runtime::stream::uri::query::Query;

use crate::desk::{Desk, lines, summary};

const SIDE: usize = 112;

/// Photographs of good plates at a station.
fn photograph(desk: &Desk, folder: &str, seed: u64, count: usize) {
    desk.folder(folder);
    let settings = format!("size={SIDE}x{SIDE}&defects=0&pace=free&seed={seed}");
    let request = SceneRequest::parse("station", &mut Query::parse(&settings).unwrap()).unwrap();
    let opener = SceneOpener::new(request, Arc::new(SystemClock), Interrupt::default());
    let mut camera = opener.open().unwrap();
    for number in 0..count {
        let Ok(Next::Frame(frame)) = camera.next(Duration::from_secs(60), Order::Oldest) else { panic!("no frame") };
        let Content::Raw { bytes, .. } = frame.content else { panic!("no pixels") };
        let picture = Picture::new(ImageSize { height: SIDE, width: SIDE }, bytes.to_vec()).unwrap();
        heatmap::write_png(&desk.path(&format!("{folder}/{number:02}.png")), &picture).unwrap();
    }
}

#[test]
fn good_pictures_become_a_detector() {
    let desk = Desk::new();
    photograph(&desk, "bolts", 1, 24);
    photograph(&desk, "kept-aside", 2, 12);

    let train = "bolts --backbone model.safetensors --preset tiny --steps 40 -o bolt.safetensors --report bolt.html";
    desk.program_of("moead-train", train).run().success();
    assert!(String::from_utf8(desk.read("bolt.html")).unwrap().contains("<svg"));
    desk.program_of("moead-export", "bolt.safetensors").run().success();
    let calibrate = "--model bolt.onnx kept-aside --product bolt --false-alarms 0.2 --confidence 0.8";
    desk.program_of("moead-calibrate", calibrate).run().success();

    let scene = format!("synthetic://station?size={SIDE}x{SIDE}&defects=0.5&pace=free&frames=40&seed=3");
    let judged = desk.bare_program("--model bolt.onnx --product bolt --policy never --source").args([scene.as_str()]);
    let lines = lines(&judged.run().success());
    assert_eq!(summary(&lines)["frames"]["judged"], 40);
    let mean = |is_defective: bool| {
        let alike = lines.iter().filter(|line| line["truth"]["defect"] == is_defective);
        let severities: Vec<f64> = alike.map(|line| line["severity"].as_f64().unwrap()).collect();
        assert!(severities.len() >= 10, "{is_defective}: {} products", severities.len());
        severities.iter().sum::<f64>() / severities.len() as f64
    };
    // A backbone of chance sees little; that it sees defects at all shows that everything between the pictures and the verdict fits together.
    let (good, defective) = (mean(false), mean(true));
    assert!(defective > good, "severity {defective:.3} with defects, {good:.3} without");
}
