//! A folder of pictures through the three threads of `moead-edge`, against bare inference of as many: pictures per second.

#[expect(dead_code, reason = "the other benchmark uses the rest")]
mod subject;
#[expect(dead_code, reason = "the other benchmarks use the rest")]
mod timing;

use std::convert::Infallible;
use std::num::NonZeroUsize;
use std::sync::Arc;

use image::{ImageFormat, RgbImage};
use moead_model::architecture::ImageSize;
use moead_model::self_test;
use moead_runtime::engine::Output;
use moead_runtime::engine::crew::Crew;
use moead_runtime::engine::tract::Session;
use moead_runtime::stream::clock::{Clock, SystemClock};
use moead_runtime::stream::interrupt::Interrupt;
use moead_runtime::stream::pipeline::{self, Feed, Nature, Told};
use moead_runtime::stream::policy::Policy;
use moead_runtime::stream::sources::files::FileList;
use subject::{Subject, settings};
use timing::Summary;

/// Pictures as a line camera's little sister delivers them.
const PICTURE: ImageSize = ImageSize { height: 480, width: 640 };
/// Rounds, each of both ways.
const ROUNDS: usize = 5;

fn main() {
    let pictures = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(200);
    let subject = Subject::official();
    let folder = tempfile::tempdir().expect("a temporary folder");
    for number in 0..pictures {
        let pixels = self_test::picture(number, PICTURE);
        let picture = RgbImage::from_raw(PICTURE.width as u32, PICTURE.height as u32, pixels).expect("pixels fill it");
        let path = folder.path().join(format!("{number:04}.jpg"));
        picture.save_with_format(path, ImageFormat::Jpeg).expect("room for the pictures");
    }
    let list = Arc::new(FileList::of_path(folder.path()).expect("pictures"));
    let session = Session::load(&subject.model, &Output::JUDGED, NonZeroUsize::MIN).expect("our own model loads");
    let mut crew = Crew::new(session);
    let settings = settings(&subject.model);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (mut bare, mut whole) = (Summary::new("bare inference, a picture"), Summary::new("the folder, a picture"));
    for _ in 0..ROUNDS {
        let start = clock.monotonic();
        for _ in 0..pictures {
            crew.first().run(&subject.input).expect("an answer");
        }
        let middle = clock.monotonic();
        let mut judged = 0;
        let opener = Arc::clone(&list) as _;
        let feed = Feed { opener, nature: Nature::Files, policy: Policy::Never, region: None };
        pipeline::run(&mut crew, vec![(feed, None)], &settings, &clock, &Interrupt::default(), |event| {
            if let pipeline::Event::Frame(result, _) = event {
                judged += u64::from(result.outcome.is_ok());
            }
            Ok::<_, Infallible>(Told::Written)
        })
        .expect("a folder does not fail");
        assert_eq!(judged, pictures);
        let per_picture = |duration: std::time::Duration| duration.as_secs_f64() / pictures as f64;
        bare.add(per_picture(middle.since(start)));
        whole.add(per_picture(clock.monotonic().since(middle)));
    }
    bare.report(None);
    whole.report(Some(&bare));
}
