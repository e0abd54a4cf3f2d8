//! Streams in pieces of any length, recorded ones and damaged ones.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::feed::Fed;
use super::*;
use crate::preprocess::raw::{ColourSpace, PixelFormat, Range, RawFormat};
use crate::stream::frame::{Arrival, Content};
use crate::stream::uri::query::Query;

/// A feed that gives what is written here, piece by piece; None: nothing within the patience.
struct Script {
    pieces: VecDeque<Option<Vec<u8>>>,
    waits: Arc<Mutex<Vec<Duration>>>,
}

impl Feed for Script {
    fn read(&mut self, room: &mut [u8], patience: Duration) -> io::Result<Fed> {
        self.waits.lock().unwrap().push(patience);
        let Some(piece) = self.pieces.pop_front() else { return Ok(Fed::End) };
        let Some(mut piece) = piece else { return Ok(Fed::Nothing) };
        let rest = piece.split_off(piece.len().min(room.len()));
        room[..piece.len()].copy_from_slice(&piece);
        if !rest.is_empty() {
            self.pieces.push_front(Some(rest));
        }
        Ok(Fed::Bytes(piece.len()))
    }
}

fn opener_with(
    settings: &str,
    pieces: impl IntoIterator<Item = Option<Vec<u8>>>,
) -> (StreamOpener, Arc<Mutex<Vec<Duration>>>) {
    let mut query = Query::parse(settings).unwrap();
    let request = StreamRequest::parse(&mut query).unwrap();
    query.finish().unwrap();
    let waits = Arc::default();
    let feed = Script { pieces: pieces.into_iter().collect(), waits: Arc::clone(&waits) };
    (StreamOpener::over(request, Box::new(feed), Interrupt::default()), waits)
}

fn opener(pieces: &[&[u8]]) -> StreamOpener {
    opener_with("", pieces.iter().map(|piece| Some(piece.to_vec()))).0
}

/// What came, with its bytes.
#[derive(Debug, Clone, PartialEq)]
enum Event {
    Jpeg(Vec<u8>),
    Raw(RawFormat, Vec<u8>),
    Corrupt(Corruption),
}

use super::super::Corruption;

fn event(next: Next<'_>) -> Option<Event> {
    match next {
        Next::Frame(Arrival { content: Content::Jpeg(bytes), .. }) => Some(Event::Jpeg(bytes.to_vec())),
        Next::Frame(Arrival { content: Content::Raw { format, bytes }, .. }) => {
            Some(Event::Raw(format, bytes.to_vec()))
        }
        Next::Corrupt { problem, .. } => Some(Event::Corrupt(problem)),
        other => panic!("{other:?}"),
    }
}

/// Everything up to the end.
fn all(opener: &StreamOpener) -> Vec<Event> {
    let mut source = opener.open().unwrap();
    let mut events = Vec::new();
    // Every reading gives something, or the stream ends.
    for _ in 0..100_000 {
        match source.next(Duration::ZERO, Order::Oldest).unwrap() {
            Next::End => return events,
            Next::Nothing => {}
            next => events.extend(event(next)),
        }
    }
    panic!("the stream does not end");
}

fn events(bytes: &[u8]) -> Vec<Event> {
    all(&opener(&[bytes]))
}

fn jpegs(bytes: &[u8]) -> Vec<Vec<u8>> {
    let jpeg = |event| if let Event::Jpeg(bytes) = event { Some(bytes) } else { None };
    events(bytes).into_iter().filter_map(jpeg).collect()
}

fn failure(bytes: &[u8]) -> String {
    opener(&[bytes]).open().err().map_or("none".into(), |error| error.to_string())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/streams")
}

fn recorded(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

const RECORDED: [(&str, &str); 12] = [
    ("ffmpeg-5.1.9-yuv420p.y4m", "YUV4MPEG2 4:2:0 35x17 at 25 fps on standard input"),
    ("ffmpeg-5.1.9-yuv422p.y4m", "YUV4MPEG2 4:2:2 35x17 at 25 fps on standard input"),
    ("ffmpeg-5.1.9-yuv444p.y4m", "YUV4MPEG2 4:4:4 35x17 at 25 fps on standard input"),
    ("ffmpeg-5.1.9-gray.y4m", "YUV4MPEG2 mono 35x17 at 25 fps, full range on standard input"),
    ("ffmpeg-5.1.9-yuvj420p.y4m", "YUV4MPEG2 4:2:0 35x17 at 25 fps, full range on standard input"),
    (
        "ffmpeg-5.1.9-interlaced.y4m",
        "YUV4MPEG2 4:2:0 35x17 at 25 fps on standard input; the stream is interlaced: what moves has combed edges",
    ),
    ("gstreamer-1.22.0.y4m", "YUV4MPEG2 4:2:0 40x18 at 15 fps on standard input"),
    (
        "mjpegtools-2.1.0.y4m",
        "YUV4MPEG2 4:2:0 40x24 at 29.97 fps on standard input; the stream is interlaced: what moves has combed edges",
    ),
    ("ffmpeg-5.1.9.mjpeg", "Motion JPEG on standard input"),
    ("ffmpeg-5.1.9.mpjpeg", "Motion JPEG on standard input"),
    ("gstreamer-1.22.0.mjpeg", "Motion JPEG on standard input"),
    ("gstreamer-1.22.0.mpjpeg", "Motion JPEG on standard input"),
];

/// As ffmpeg's `framecrc` counts it: from 0.
fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((0, 0), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65521;
        (a, (b + a) % 65521)
    });
    b << 16 | a
}

#[test]
fn what_tools_write_is_read_as_ffmpeg_reads_it() {
    for (name, mode) in RECORDED {
        let bytes = recorded(name);
        let found: Vec<_> = events(&bytes)
            .iter()
            .map(|event| match event {
                Event::Jpeg(bytes) | Event::Raw(_, bytes) => format!("{}, {:#010x}", bytes.len(), adler32(bytes)),
                Event::Corrupt(problem) => problem.to_string(),
            })
            .collect();
        let expected = String::from_utf8(recorded(&format!("{name}.framecrc"))).unwrap();
        let expected: Vec<_> = expected.lines().map(|line| line.splitn(5, ',').nth(4).unwrap().trim()).collect();
        assert_eq!(found, expected, "{name}");
        assert_eq!(opener(&[&bytes]).open().unwrap().mode().to_string(), mode, "{name}");
    }
}

#[test]
fn samples_are_as_their_kind_says() {
    let first = |name: &str| events(&recorded(name)).swap_remove(0);
    for (name, pixels, range) in [
        ("ffmpeg-5.1.9-yuv420p.y4m", PixelFormat::Yu12, Range::Limited),
        ("ffmpeg-5.1.9-yuvj420p.y4m", PixelFormat::Yu12, Range::Full),
        ("ffmpeg-5.1.9-yuv422p.y4m", PixelFormat::Yuv422p, Range::Limited),
        ("ffmpeg-5.1.9-yuv444p.y4m", PixelFormat::Yuv444p, Range::Limited),
        ("ffmpeg-5.1.9-gray.y4m", PixelFormat::Grey, Range::Full),
    ] {
        let Event::Raw(format, bytes) = first(name) else { panic!("{name}") };
        let size = ImageSize { height: 17, width: 35 };
        let colour = ColourSpace { matrix: Matrix::Bt601, range };
        assert_eq!(format, RawFormat { pixels, size, stride: 35, colour }, "{name}");
        assert_eq!(format.bytes(), Some(bytes.len()), "{name}");
    }
}

#[test]
fn settings_win_over_the_stream_and_say_so() {
    let open = |name: &str, settings: &str| opener_with(settings, [Some(recorded(name))]).0.open();
    let stream = open("ffmpeg-5.1.9-yuv420p.y4m", "fps=50&matrix=bt709").unwrap();
    assert_eq!(stream.mode().interval, Some(Duration::from_millis(20)));
    assert_eq!(stream.mode().differences, ["the stream says 25 fps, 50 fps were asked for and count"]);
    let stream = open("ffmpeg-5.1.9.mjpeg", "fps=50").unwrap();
    assert_eq!(stream.mode().interval, Some(Duration::from_millis(20)));
    assert_eq!(open("gstreamer-1.22.0.mjpeg", "").unwrap().mode().interval, None);
    let error = open("ffmpeg-5.1.9.mjpeg", "matrix=bt709").err().unwrap().to_string();
    assert_eq!(error, "standard input: the stream is Motion JPEG, which is always BT.601");
    let mut reader = open("ffmpeg-5.1.9-yuv420p.y4m", "matrix=bt709").unwrap();
    let Some(Event::Raw(format, _)) = event(reader.next(Duration::ZERO, Order::Oldest).unwrap()) else {
        panic!("a frame")
    };
    assert_eq!(format.colour.matrix, Matrix::Bt709);
    assert!(StreamRequest::parse(&mut Query::parse("matrix=bt2020").unwrap()).is_err());
}

/// A picture of the parts that matter here: its start, a table, a scan with stuffed bytes and a restart, its end.
fn picture(mark: u8) -> Vec<u8> {
    let table = [0xff, 0xdb, 0, 5, mark, 0xff, 0xd9];
    let scan = [0xff, 0xff, 0xda, 0, 4, mark, 0, 1, 0xff, 0, mark, 0xff, 0xd3, 7, 0xff, 0xff, 0, 9];
    [&[0xff, 0xd8][..], &table, &scan, &[0xff, 0xd9]].concat()
}

/// An application's segment with those contents.
fn segment(code: u8, contents: &[u8]) -> Vec<u8> {
    [&[0xff, code][..], &u16::try_from(contents.len() + 2).unwrap().to_be_bytes(), contents].concat()
}

#[test]
fn a_preview_in_a_picture_is_part_of_it() {
    let (inner, outer) = (picture(1), picture(2));
    let with_preview = [&outer[..2], &segment(0xe1, &inner), &outer[2..]].concat();
    assert_eq!(jpegs(&with_preview.repeat(3)), [&with_preview[..]; 3]);
}

#[test]
fn pictures_of_several_scans_are_whole() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/corpus/picture");
    for name in ["progressive.jpg", "restarts.jpg", "cmyk.jpg", "orientation_6.jpg"] {
        let picture = std::fs::read(corpus.join(name)).unwrap();
        assert_eq!(jpegs(&picture.repeat(2)), [&picture[..]; 2], "{name}");
    }
}

#[test]
fn zeros_and_headers_between_pictures_are_nothing_and_much_else_is_told_once() {
    let (a, b) = (picture(1), picture(2));
    let whole = |bytes: &Vec<u8>| Event::Jpeg(bytes.clone());
    let zeros = [&a[..], &[0; 50_000], &b, b"\r\n--spot\r\nContent-Type: image/jpeg\r\n\r\n", &a].concat();
    assert_eq!(events(&zeros), [whole(&a), whole(&b), whole(&a)]);
    let trash = [&a[..], &[7; 50_000], &b, &[7; 10_000]].concat();
    let foreign = Event::Corrupt(Corruption::Foreign);
    assert_eq!(events(&trash), [whole(&a), foreign.clone(), whole(&b), foreign]);
}

#[test]
fn a_picture_that_breaks_off_costs_itself() {
    let (a, b) = (picture(1), picture(2));
    for length in 3..a.len() - 1 {
        let stream = [&b[..], &a[..length], &b, &b].concat();
        let found = events(&stream);
        let whole = found.iter().filter(|event| **event == Event::Jpeg(b.clone())).count();
        assert_eq!((whole, found.len()), (3, 4), "{length}: {found:?}");
        let end = [&b[..], &a[..length]].concat();
        let found = events(&end);
        assert!(matches!(found[..], [Event::Jpeg(_), Event::Corrupt(_)]), "{length}: {found:?}");
    }
}

#[test]
fn only_real_pictures_come_out_of_a_real_stream_with_a_hole() {
    let bytes = recorded("ffmpeg-5.1.9.mjpeg");
    let whole = jpegs(&bytes);
    for start in (0..bytes.len() - 100).step_by(37) {
        let damaged = [&bytes[..start], &bytes[start + 100..]].concat();
        if !damaged.starts_with(&[0xff, 0xd8, 0xff]) {
            continue;
        }
        let found = jpegs(&damaged);
        let damaged = found.iter().filter(|picture| !whole.contains(picture)).count();
        // A hole in a picture's data cannot be seen here; the decoder looks at it.
        assert!(damaged <= 1 && found.len() >= whole.len() - 2, "{start}: {damaged} {}", found.len());
    }
}

#[test]
fn a_picture_without_an_end_takes_bounded_memory_and_the_next_one_comes() {
    let (a, b) = (picture(1), picture(2));
    let mut endless = a[..a.len() - 2].to_vec();
    endless.resize(limits::JPEG_BYTES + 3_000_000, 7);
    let large = Event::Corrupt(Corruption::Large { limit: limits::JPEG_BYTES });
    // It makes no difference whether it comes at once or in pieces, and whether it has an end.
    for ending in [&b[..], &[&[0xff, 0xd9][..], &b].concat()] {
        let stream = [&endless[..], ending].concat();
        let pieces = stream.chunks(100_000).map(|piece| Some(piece.to_vec()));
        let expected = [large.clone(), Event::Jpeg(b.clone())];
        assert_eq!(all(&opener_with("", pieces).0), expected);
        assert_eq!(events(&stream), expected);
    }
}

#[test]
fn what_makes_no_sense_in_a_frame_stream_is_skipped() {
    let head = b"YUV4MPEG2 W2 H2 F10:1 Cmono\n";
    let frame = |mark: u8| [&b"FRAME\n"[..], &[mark; 4]].concat();
    let marks = |stream: &[&[u8]]| -> Vec<String> {
        let shown = |event| match event {
            Event::Raw(_, bytes) => bytes[0].to_string(),
            Event::Corrupt(problem) => problem.to_string(),
            Event::Jpeg(_) => "a JPEG".into(),
        };
        events(&stream.concat()).into_iter().map(shown).collect()
    };
    let foreign = "the stream has bytes that belong to no picture";
    assert_eq!(marks(&[head, &frame(1), b"trash\nF", &frame(2), &frame(3)]), ["1", foreign, "2", "3"]);
    assert_eq!(marks(&[head, &frame(1), &[7; 5000], &frame(2)]), ["1", foreign, "2"]);
    assert_eq!(marks(&[head, &frame(1), b"FRAMES\n", &frame(2)]), ["1", foreign, "2"]);
    assert_eq!(marks(&[head, &frame(1), b"FRAME ", &[b'x'; 300], &frame(2)]), ["1", foreign, "2"]);
    assert_eq!(marks(&[head, b"FRAME Ip XNAME=1\n", &[9; 4], &frame(2)]), ["9", "2"]);
    // Longer than they should be, every one: the first cannot be told, the others are.
    let padded = |mark: u8| [&b"FRAME\n"[..], &[mark; 6]].concat();
    let senseless = "the picture makes no sense";
    assert_eq!(marks(&[head, &padded(1), &padded(2), &padded(3)]), ["1", foreign, senseless, senseless]);
    assert_eq!(marks(&[head, &padded(1), &frame(2), &padded(3), &frame(4)]), ["1", foreign, "2", "3", foreign, "4"]);
    // Cut at the end: in the samples, in the line.
    assert_eq!(marks(&[head, &frame(1), &frame(2)[..8]]), ["1", "the frame has 2 bytes, expected 4"]);
    assert_eq!(marks(&[head, &frame(1), b"FRA"]), ["1", foreign]);
    assert_eq!(marks(&[head]), [""; 0]);
    // Another stream behind it, with a header that makes sense, and with one that does not.
    assert_eq!(marks(&[head, &frame(1), b"YUV4MPEG2 W1 H1 Cmono\n", b"FRAME\n\x05FRAME\n\x06"]), ["1", "5", "6"]);
    assert_eq!(marks(&[head, &frame(1), b"YUV4MPEG2 W0 H1\n", &frame(2)]), ["1", foreign, "2"]);
}

#[test]
fn a_header_that_makes_no_sense_is_an_error_that_says_what_does() {
    for (fields, expected) in [
        ("W2", "the YUV4MPEG2 header has 0 `H`, expected one"),
        ("H2", "the YUV4MPEG2 header has 0 `W`, expected one"),
        ("W2 H2 W3", "the YUV4MPEG2 header has 2 `W`, expected one"),
        ("W2 H2 C444 C420", "the YUV4MPEG2 header has 2 `C`, expected one"),
        ("W0 H2", "the YUV4MPEG2 header has `W0`, expected a width in pixels"),
        ("W2 H-2", "the YUV4MPEG2 header has `H-2`, expected a height in pixels"),
        ("W2 H2 F30", "the YUV4MPEG2 header has `F30`, expected a rate, as in F30000:1001"),
        ("W2 H2 Ix", "the YUV4MPEG2 header has `Ix`, expected Ip, It, Ib, Im or I?"),
        ("W2 H2 XCOLORRANGE=HUGE", "the YUV4MPEG2 header has `XCOLORRANGE=HUGE`, expected FULL or LIMITED"),
        ("W40000 H2", "pictures of 40000x2 are too large"),
        ("W30000 H30000", "pictures of 30000x30000 are too large"),
        ("W99999999999999999999 H2", "the YUV4MPEG2 header has `W99999999999999999999`, expected a width in pixels"),
        ("W2 H2 C420p10", "expected 8-bit 4:2:0, 4:2:2, 4:4:4 or mono, found YUV4MPEG2 of kind 420p10"),
        ("W2 H2 Cmono12", "expected 8-bit 4:2:0, 4:2:2, 4:4:4 or mono, found YUV4MPEG2 of kind mono12"),
        ("W2 H2 C411", "expected 8-bit 4:2:0, 4:2:2, 4:4:4 or mono, found YUV4MPEG2 of kind 411"),
        ("W2 H2 C\x1b[31m", "expected 8-bit 4:2:0, 4:2:2, 4:4:4 or mono, found YUV4MPEG2 of kind \\x1b[31m"),
    ] {
        assert_eq!(
            failure(format!("YUV4MPEG2 {fields}\n").as_bytes()),
            format!("standard input: {expected}"),
            "{fields}"
        );
    }
    assert_eq!(failure(b"YUV4MPEG2 W2 H"), "standard input: the stream ends within the YUV4MPEG2 header");
    let endless = format!("YUV4MPEG2 W2 H2 X{}", "y".repeat(2000));
    assert_eq!(failure(endless.as_bytes()), "standard input: the YUV4MPEG2 header has no end after 1024 bytes");
    // Rates that say nothing are no error.
    for fields in ["F0:0", "F30:0", "F0:1", "F1:0"] {
        let stream = opener(&[format!("YUV4MPEG2 W2 H2 {fields}\n").as_bytes()]).open().unwrap();
        assert_eq!(stream.mode().interval, None, "{fields}");
    }
}

#[test]
fn what_is_no_stream_of_pictures_is_named_by_its_first_bytes() {
    let expected = |found: &str| format!("standard input: expected Motion JPEG or YUV4MPEG2, found {found}");
    for (bytes, found) in [
        (&[0, 0, 0, 1, 0x67, 0x42, 0, 0x1f, 9][..], "H.264 or H.265 (begins with 00 00 00 01 67 42 00 1f)"),
        (b"\0\0\0\x20ftypisom", "MP4 (begins with 00 00 00 20 66 74 79 70)"),
        (b"\x89PNG\r\n\x1a\n", "PNG (begins with 89 50 4e 47 0d 0a 1a 0a)"),
        (b"hello\n", "bytes that begin with 68 65 6c 6c 6f 0a"),
        (b"YUV4MPEG3 W2", "bytes that begin with 59 55 56 34 4d 50 45 47"),
        (b"\r\n\r\n\r\n\r\n\r\n\r\n--x", "bytes that begin with 0d 0a 0d 0a 0d 0a 0d 0a"),
        (b"\xff\xd8", "bytes that begin with ff d8"),
        (b"-", "bytes that begin with 2d"),
        (b"", "nothing"),
    ] {
        assert_eq!(failure(bytes), expected(found), "{bytes:?}");
    }
}

#[test]
fn a_terminal_is_refused() {
    struct Terminal;
    impl Feed for Terminal {
        fn read(&mut self, _: &mut [u8], _: Duration) -> io::Result<Fed> {
            Ok(Fed::Nothing)
        }

        fn is_terminal(&self) -> bool {
            true
        }
    }
    let opener = StreamOpener::over(StreamRequest::default(), Box::new(Terminal), Interrupt::default());
    let error = opener.open().err().unwrap().to_string();
    assert_eq!(error, "standard input: expected a stream of pictures, found a terminal");
}

#[test]
fn opening_waits_for_the_first_bytes_and_not_for_ever() {
    let stream = picture(1);
    let late = [None, None, Some(stream[..2].to_vec()), None, Some(stream[2..].to_vec())];
    let (opener, waits) = opener_with("", late);
    assert_eq!(opener.open().unwrap().mode().description, "Motion JPEG on standard input");
    assert_eq!(*waits.lock().unwrap(), [READING; 5]);
    // What comes later is taken then.
    let (opener, _) = opener_with("", (0..60).map(|_| None).chain([Some(stream.clone())]));
    let mut source = opener.open().unwrap();
    assert_eq!(source.mode().description, "standard input, of which nothing has come yet");
    let mut found = Vec::new();
    for _ in 0..12 {
        match source.next(READING, Order::Oldest).unwrap() {
            Next::Nothing => {}
            Next::End => break,
            next => found.extend(event(next)),
        }
    }
    assert_eq!(found, [Event::Jpeg(stream)]);
    // Whoever wants to stop does not wait.
    let interrupt = Interrupt::default();
    interrupt.request();
    let feed = Script { pieces: [None, None].into(), waits: Arc::default() };
    let waits = Arc::clone(&feed.waits);
    assert!(StreamOpener::over(StreamRequest::default(), Box::new(feed), interrupt).open().is_ok());
    assert_eq!(waits.lock().unwrap().len(), 1);
}

#[test]
fn a_stream_that_begins_late_says_what_it_is_before_its_first_picture() {
    let nothing = || std::iter::repeat_n(None, READINGS);
    let head = b"YUV4MPEG2 W2 H1 F10:1 Cmono\nFRAME\n\x05\x06";
    for (bytes, mode) in
        [(&head[..], "YUV4MPEG2 mono 2x1 at 10 fps on standard input"), (&picture(1), "Motion JPEG on standard input")]
    {
        let (opener, _) = opener_with("", nothing().chain([Some(bytes.to_vec())]));
        let mut source = opener.open().unwrap();
        assert_eq!(source.mode().to_string(), "standard input, of which nothing has come yet");
        assert!(matches!(source.next(READING, Order::Newest).unwrap(), Next::Nothing));
        assert_eq!(source.mode().to_string(), mode);
        assert!(matches!(source.next(READING, Order::Newest).unwrap(), Next::Frame(_)));
    }
    // One that is none, or ends without a word, cannot be helped by opening it again.
    for pieces in [vec![Some(b"hello".repeat(30))], Vec::new()] {
        let (opener, _) = opener_with("", nothing().chain(pieces));
        let error = opener.open().unwrap().next(READING, Order::Newest).unwrap_err();
        assert!(error.is_final(), "{error}");
        assert!(opener.open().err().is_some_and(|error| error.is_final()));
    }
}

#[test]
fn opening_again_goes_on_where_the_stream_was_left() {
    let (a, b) = (picture(1), picture(2));
    let opener = opener(&[&a, &b[..9], &b[9..]]);
    let mut source = opener.open().unwrap();
    assert_eq!(event(source.next(READING, Order::Oldest).unwrap()), Some(Event::Jpeg(a)));
    assert_eq!(opener.open().err().unwrap().to_string(), "standard input: it is still being read");
    drop(source);
    assert_eq!(all(&opener), [Event::Jpeg(b)]);
    assert_eq!(all(&opener), []);
}

#[test]
fn a_reading_waits_once_and_then_takes_what_is_there() {
    let stream = picture(1);
    let pieces = [Some(stream[..7].to_vec()), Some(stream[7..9].to_vec()), None, Some(stream[9..].to_vec())];
    let (opener, waits) = opener_with("", pieces);
    let mut source = opener.open().unwrap();
    waits.lock().unwrap().clear();
    assert!(matches!(source.next(READING, Order::Oldest), Ok(Next::Nothing)));
    assert_eq!(*waits.lock().unwrap(), [READING, Duration::ZERO]);
    assert!(matches!(source.next(READING, Order::Oldest), Ok(Next::Frame(_))));
}

#[test]
fn a_stream_that_never_pauses_does_not_hold_its_reader() {
    /// A picture, and then bytes without end.
    struct Endless(Vec<u8>);
    impl Feed for Endless {
        fn read(&mut self, room: &mut [u8], _: Duration) -> io::Result<Fed> {
            let piece = std::mem::replace(&mut self.0, vec![7; 1000]);
            room[..piece.len()].copy_from_slice(&piece);
            Ok(Fed::Bytes(piece.len()))
        }
    }
    for order in [Order::Oldest, Order::Newest] {
        let opener = StreamOpener::over(StreamRequest::default(), Box::new(Endless(picture(1))), Interrupt::default());
        let mut source = opener.open().unwrap();
        assert!(matches!(source.next(READING, order), Ok(Next::Frame(_))));
        assert!(matches!(
            source.next(READING, order),
            Ok(Next::Corrupt { problem: Corruption::Foreign, .. } | Next::Nothing)
        ));
        assert!(matches!(
            source.next(READING, order),
            Ok(Next::Corrupt { problem: Corruption::Foreign, .. } | Next::Nothing)
        ));
    }
}

#[test]
fn the_newest_picture_is_the_last_whole_one() {
    let pictures: Vec<_> = (1..=5).map(picture).collect();
    let (a, b, c, d, e) = (&pictures[0], &pictures[1], &pictures[2], &pictures[3], &pictures[4]);
    let cut = &a[..a.len() - 4];
    let pieces = [
        Some([&a[..], b, &c[..9]].concat()),
        None,
        Some([&c[9..], d].concat()),
        Some(cut.to_vec()),
        Some([&e[..], a].concat()),
    ];
    let (opener, _) = opener_with("", pieces);
    let mut source = opener.open().unwrap();
    let mut next = || match source.next(READING, Order::Newest).unwrap() {
        Next::Frame(Arrival { content: Content::Jpeg(bytes), passed_over, .. }) => {
            (bytes.to_vec(), passed_over.to_string())
        }
        Next::Corrupt { problem, passed_over, .. } => (Vec::new(), format!("{problem} {passed_over}")),
        other => (Vec::new(), format!("{other:?}")),
    };
    assert_eq!(next(), (b.clone(), "1".into()));
    assert_eq!(next(), (d.clone(), "1".into()));
    assert_eq!(next(), (Vec::new(), "the picture breaks off 0".into()));
    assert_eq!(next(), (a.clone(), "1".into()));
    assert_eq!(next(), (Vec::new(), "End".into()));
}

#[test]
fn the_newest_frame_before_another_header_is_as_its_own_says() {
    let stream = b"YUV4MPEG2 W1 H1 Cmono\nFRAME\n\x05YUV4MPEG2 W2 H1 Cmono\nFRAME\n\x06\x07";
    let opener = opener(&[stream]);
    let mut source = opener.open().unwrap();
    for (width, bytes) in [(1, &[5][..]), (2, &[6, 7])] {
        let Some(Event::Raw(format, found)) = event(source.next(READING, Order::Newest).unwrap()) else {
            panic!("a frame")
        };
        assert_eq!((format.size.width, &found[..]), (width, bytes));
        if width == 1 {
            assert!(
                matches!(source.next(READING, Order::Newest).unwrap(), Next::Nothing),
                "a look at the mode comes first"
            );
            assert_eq!(source.mode().size, Some(ImageSize { height: 1, width: 2 }));
        }
    }
}

/// Streams with everything that can happen in them.
fn troubled() -> Vec<Vec<u8>> {
    let (a, b) = (picture(1), picture(2));
    let preview = [&a[..2], &segment(0xe1, &b), &segment(0xfe, &[0xff; 300]), &a[2..]].concat();
    let mut streams: Vec<_> = RECORDED.iter().map(|(name, _)| recorded(name)).collect();
    streams
        .push([&preview[..], &[0; 300], &a[..20], &b, &a[..5], &[7; 9000], &preview, &[0xff; 70], &b[..12]].concat());
    let real = recorded("ffmpeg-5.1.9.mjpeg");
    streams.push([&real[..700], &real[900..2000], &real].concat());
    let frames = recorded("gstreamer-1.22.0.y4m");
    streams.push([&frames[..1500], &frames[1600..], b"FRAM", &frames, &frames[..50]].concat());
    streams
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn however_a_stream_is_cut_into_pieces_the_same_comes_out(
        which in 0..15_usize,
        lengths in prop::collection::vec(prop_oneof![1..4_usize, 1..400_usize, 1..4000_usize], 1..200),
        pauses in prop::collection::vec(any::<bool>(), 1..20),
    ) {
        let stream = troubled().swap_remove(which);
        let (mut rest, mut pieces) = (&stream[..], Vec::new());
        for (&length, &pause) in lengths.iter().cycle().zip(pauses.iter().cycle()) {
            if rest.is_empty() {
                break;
            }
            let (piece, after) = rest.split_at(length.min(rest.len()));
            pieces.extend(pause.then_some(None));
            pieces.push(Some(piece.to_vec()));
            rest = after;
        }
        // Opening waits for the first bytes only so long.
        prop_assert_eq!(all(&opener_with("", pieces).0), events(&stream));
    }
}
