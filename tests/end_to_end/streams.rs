//! Streams of pictures: on standard input, as other programs write them, and drawn ones.

use std::path::Path;

use moead_tests::command::Ended;

use crate::desk::{Desk, lines, summary};

/// Runs with one of the recorded streams on standard input, which is a file or a pipe.
fn run(desk: &Desk, stream: &str, script: &str) -> Ended {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/tests/streams").join(stream);
    std::fs::copy(path, desk.path("stream")).unwrap();
    desk.program("--source line1=-?fps=10 --threshold 10 --policy never").through_shell(script).run()
}

#[test]
fn what_other_programs_write_is_judged_to_its_end() {
    let desk = Desk::new();
    for stream in ["ffmpeg-5.1.9.mjpeg", "gstreamer-1.22.0.mpjpeg", "ffmpeg-5.1.9-yuv422p.y4m", "ffmpeg-5.1.9-gray.y4m"]
    {
        for script in ["\"$@\" < stream", "cat stream | \"$@\"", "{ head -c 700; head -c 1; cat; } < stream | \"$@\""] {
            let ended = run(&desk, stream, script).success();
            let lines = lines(&ended);
            let frames = &summary(&lines)["frames"];
            assert_eq!((&frames["received"], &frames["judged"]), (&3.into(), &3.into()), "{stream}: {script}");
            let judged = lines.iter().filter(|line| line["verdict"].is_string());
            assert!(judged.clone().all(|line| line["source"] == "line1"));
            assert_eq!(judged.count(), 3, "{stream}: {script}");
        }
    }
}

#[test]
fn a_stream_that_is_none_is_an_error_with_pipes_that_work() {
    let desk = Desk::new();
    let says = |script: &str| desk.program("--source - --threshold 10").through_shell(script).run().transcript();
    insta::assert_snapshot!(says(r#"printf '\0\0\0\001\147\102\0\037' | "$@""#), @r"
    status: 1
    ----- stderr
    error: standard input: expected Motion JPEG or YUV4MPEG2, found H.264 or H.265 (begins with 00 00 00 01 67 42 00 1f)
    hint: a Raspberry Pi's camera: `rpicam-vid -t 0 --codec mjpeg -o - | moead-edge --source - …`
    hint: GStreamer: `gst-launch-1.0 -q … ! jpegenc ! fdsink fd=3 3>&1 1>&2 | moead-edge --source - …`
    hint: everything else: `ffmpeg -loglevel error -i … -f yuv4mpegpipe -pix_fmt yuv420p - | moead-edge --source - …`
    ");
    insta::assert_snapshot!(says("\"$@\" < /dev/null"), @r"
    status: 1
    ----- stderr
    error: standard input: expected Motion JPEG or YUV4MPEG2, found nothing
    hint: look at what the program in front of the pipe says: it wrote nothing
    ");
    insta::assert_snapshot!(says("echo 'YUV4MPEG2 W16 H16 C420p10' | \"$@\""), @r"
    status: 1
    ----- stderr
    error: standard input: expected 8-bit 4:2:0, 4:2:2, 4:4:4 or mono, found YUV4MPEG2 of kind 420p10
    hint: have them converted: `ffmpeg … -pix_fmt yuv420p -f yuv4mpegpipe -`
    ");
    insta::assert_snapshot!(says("exec \"$@\" --source b=-"), @r"
    status: 2
    ----- stderr
    error: standard input is given as a source twice, and can be read only once
    ");
}

#[test]
fn a_drawn_scene_says_what_is_really_there() {
    let desk = Desk::new();
    let uri = "synthetic://conveyor?size=96x64&pace=free&frames=40&defects=1&format=YUYV&fault=corrupt:0.2";
    let ended = desk.run(&format!("--source line1={uri} --threshold 10 --policy never")).success();
    let lines = lines(&ended);
    let frames = summary(&lines)["frames"].clone();
    let corrupt = frames["corrupt"].as_u64().unwrap();
    assert!(frames["received"] == 40 && (1..20).contains(&corrupt), "{frames}");
    let judged: Vec<_> = lines.iter().filter(|line| line.get("verdict").is_some()).collect();
    assert_eq!(judged.len() as u64, 40 - corrupt);
    for line in &judged {
        let truth = &line["truth"];
        let shows = truth["defect"].as_bool().unwrap();
        assert_eq!((truth["kind"].is_string(), truth["box"].is_object()), (shows, shows), "{truth}");
    }
    assert!(judged.iter().any(|line| line["truth"]["defect"] == true));
}
