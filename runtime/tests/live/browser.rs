//! The page in a browser: what it shows, what it asks for, what it says when there is nothing to be seen any more.
//!
//! Screenshots lie in `target/tmp` afterwards, for people to look at.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use moead_runtime::score::severity::Severity;
use moead_runtime::score::verdict::Verdict;
use moead_runtime::sinks::http::{Limits, LiveView, Observation};
use moead_runtime::stream::clock::Clock as _;
use moead_runtime::stream::drift::{Course, Drift};
use moead_runtime::stream::status::State;
use moead_runtime::stream::tally::Counts;
use moead_tests::browser::Browser;
use serde_json::{Value, json};

use crate::scene::Scene;
use crate::{Stand, client, settings};

/// Four minutes of lines, with a defect here and there; ends with one. All of them are kept as pictures.
fn run(stand: &Stand, sources: &[usize]) {
    for &source in sources {
        stand.state(source, State::Streaming, "YUYV 640x480 at 30 fps");
    }
    let mut events = client::open(stand.live.address(), "/events");
    let scenes: Vec<_> = (0..ROUND).map(|number| Scene::draw(number, number == ROUND - 1)).collect();
    for frame in 0..ROUND * ROUNDS {
        let scene = &scenes[(frame % ROUND) as usize];
        stand.clock.advance(Duration::from_secs(1));
        let captured = stand.clock.monotonic();
        stand.clock.advance(Duration::from_millis(50));
        for &source in sources {
            let defects = (frame + 1) / ROUND;
            let counts = Counts { judged: frame + 1, ok: frame + 1 - defects, defects, ..Counts::default() };
            stand.live.publish(&Observation { counts, ..scene.observation(source, frame, captured) });
            let is_kept = |event: Value| {
                event["sources"][source]["defects"].as_array().is_some_and(|list| list.len() == defects as usize)
            };
            while scene.is_defective() && !is_kept(events.event()) {}
        }
    }
}

/// Frames from one defect to the next.
const ROUND: u64 = 17;
/// So many defects.
const ROUNDS: u64 = 14;

fn wait_for_word(browser: &mut Browser, word: &str) {
    browser.wait_for(&format!("document.querySelector('.word').textContent === '{word}'"));
}

/// All pictures are there.
const LOADED: &str = "[...document.querySelectorAll('main img')].every((image) => image.src !== '' && image.complete && image.naturalWidth > 0)";

fn screenshot(browser: &mut Browser, name: &str, is_whole: bool) {
    browser.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(name), is_whole);
}

/// Nothing was asked of anybody else, and nothing was refused.
fn assert_quiet(browser: &Browser, stand: &Stand) {
    let own = format!("http://{}/", stand.live.address());
    let foreign: Vec<_> =
        browser.requests.iter().filter(|address| !address.starts_with(&own) && *address != "about:blank").collect();
    assert!(foreign.is_empty() && !browser.requests.is_empty(), "{foreign:?}");
    assert_eq!(browser.complaints, [""; 0]);
}

#[test]
fn the_page_shows_what_was_fed_in_and_follows_it() {
    let Some(mut browser) = Browser::start() else { return };
    let stand = Stand::new(&["line1"]);
    run(&stand, &[0]);
    browser.show(1400, 900, 1, "light");
    browser.navigate(&format!("http://{}/", stand.live.address()));
    wait_for_word(&mut browser, "DEFECT");
    browser.wait_for("document.querySelectorAll('.defects li').length === 14");
    browser.wait_for(LOADED);
    browser.wait_for("document.querySelector('.frame img').alt.includes('frame 237')");
    let shown = browser.evaluate(
        "({shape: document.querySelector('.card').dataset.shape, score: document.querySelector('.score').textContent, \
           judged: document.querySelector('dd').textContent, title: document.title, \
           picture: document.querySelector('.frame img').alt, age: document.querySelector('.age').textContent, \
           chart: document.querySelector('canvas').getAttribute('aria-label')})",
    );
    let expected = json!({
        "shape": "defect", "score": "6.33 ≥ threshold 4.50", "judged": "238", "title": "✗ DEFECT · line1",
        "picture": "line1, frame 237, under its anomaly map", "age": "frame 237: defect, 6.33",
        "chart": "scores of the last 5 minutes: largest 6.33, threshold 4.5, 14 of 238 half seconds with a defect",
    });
    assert_eq!(shown, expected);
    screenshot(&mut browser, "live-desktop.png", false);

    stand.clock.advance(Duration::from_millis(500));
    stand.publish(0, 238, &Scene::draw(2, false));
    wait_for_word(&mut browser, "OK");
    browser.wait_for("document.querySelector('.why').textContent.startsWith('last defect ')");
    assert_eq!(browser.evaluate("getComputedStyle(document.querySelector('.drift')).display"), "none");
    let product: Arc<str> = "bolt <b>".into();
    let drift = Some(Arc::clone(&product));
    let drift = Drift { product: drift, window: 64, measure: 1.75, course: Course::Drifting, has_turned: true };
    let scene = Scene::draw(3, false);
    let whole = scene.observation(0, 239, stand.clock.monotonic());
    let severity = Some(Severity(0.421));
    stand.live.publish(&Observation { product: Some(&product), severity, drift: Some(&drift), ..whole });
    browser.wait_for("document.querySelector('.product').textContent === 'bolt <b>, severity 0.421'");
    let words = "drift of bolt <b>: 1.75 times what good parts show";
    browser.wait_for(&format!("document.querySelector('.drift').textContent === '{words}'"));
    screenshot(&mut browser, "live-drift.png", false);
    browser.wait_for("document.querySelector('.frame img').src.includes('heat=1')");
    browser.evaluate("document.querySelector('.card .heat').click()");
    browser.wait_for("document.querySelector('.frame img').src.includes('heat=0')");
    browser.evaluate("document.querySelector('.defects button').click()");
    browser
        .wait_for("document.querySelector('dialog').open && document.querySelector('dialog img').naturalWidth === 640");
    let title = browser.evaluate("document.querySelector('dialog p').textContent");
    assert!(title.as_str().unwrap().starts_with("line1, frame 237, "), "{title}");
    assert_quiet(&browser, &stand);
}

#[test]
fn the_page_fits_a_phone() {
    let Some(mut browser) = Browser::start() else { return };
    let stand = Stand::new(&["line1"]);
    run(&stand, &[0]);
    stand.clock.advance(Duration::from_secs(1));
    stand.publish(0, ROUND * ROUNDS, &Scene::draw(5, false));
    browser.show(360, 740, 2, "dark");
    browser.navigate(&format!("http://{}/", stand.live.address()));
    wait_for_word(&mut browser, "OK");
    browser.wait_for("document.querySelector('.frame img').naturalWidth === 640");
    let sizes = browser.evaluate(
        "({page: document.documentElement.scrollWidth, window: innerWidth, \
           verdict: document.querySelector('.verdict').getBoundingClientRect().bottom, \
           picture: document.querySelector('.frame').getBoundingClientRect().bottom, height: innerHeight, \
           dark: getComputedStyle(document.body).backgroundColor})",
    );
    // Nothing is cut off at the side; verdict and picture are seen without scrolling.
    assert_eq!(sizes["page"], sizes["window"], "{sizes}");
    assert!(sizes["picture"].as_f64() < sizes["height"].as_f64(), "{sizes}");
    assert_eq!(sizes["dark"], "rgb(18, 18, 20)");
    screenshot(&mut browser, "live-phone.png", false);
    assert_quiet(&browser, &stand);
}

#[test]
fn what_is_no_longer_seen_does_not_look_live() {
    let Some(mut browser) = Browser::start() else { return };
    let stand = Stand::new(&["line1"]);
    run(&stand, &[0]);
    browser.show(1000, 800, 1, "light");
    let address = stand.live.address();
    browser.navigate(&format!("http://{address}/"));
    wait_for_word(&mut browser, "DEFECT");
    browser.wait_for("document.querySelector('.frame img').naturalWidth === 640");

    // Frames stop, and nobody has noticed yet.
    stand.clock.advance(Duration::from_secs(6));
    wait_for_word(&mut browser, "NO RESULT");
    browser.wait_for("document.querySelector('.card').classList.contains('stale')");
    stand.state(0, State::Lost, "/dev/video0: no such device");
    wait_for_word(&mut browser, "CAMERA LOST");
    assert_eq!(browser.evaluate("document.querySelector('.why').textContent"), "/dev/video0: no such device");
    assert_eq!(browser.evaluate("document.querySelector('.card').dataset.shape"), "wrong");
    screenshot(&mut browser, "live-lost.png", false);
    stand.state(0, State::Streaming, "");
    let scene = Scene::draw(0, false);
    let captured = stand.clock.monotonic();
    let dark: Observation<'_> = scene.observation(0, 239, captured);
    let dark = Observation { verdict: None::<Verdict>, cause: Some(&"the camera is dark: the frame is black"), ..dark };
    stand.live.publish(&dark);
    wait_for_word(&mut browser, "NO VERDICT");
    assert_eq!(
        browser.evaluate("document.querySelector('.why').textContent"),
        "the camera is dark: the frame is black"
    );
    assert_quiet(&browser, &stand);

    // The program ends, and comes again.
    let Stand { live, clock } = stand;
    drop(live);
    wait_for_word(&mut browser, "NOT CONNECTED");
    browser.wait_for("document.getElementById('link').dataset.link === 'closed'");
    browser.wait_for("document.querySelector('.old').textContent.startsWith('Not live: ')");
    let sources = settings(Limits::default(), &["line7"]);
    let live = LiveView::bind(address, sources, Arc::<crate::Hands>::clone(&clock)).unwrap();
    let stand = Stand { live, clock };
    stand.state(0, State::Streaming, "");
    stand.publish(0, 0, &scene);
    wait_for_word(&mut browser, "OK");
    assert_eq!(browser.evaluate("document.querySelector('h2').textContent"), "line7");
    assert_eq!(browser.evaluate("document.getElementById('link').dataset.link"), "open");
}

#[test]
fn several_sources_stand_beside_each_other() {
    let Some(mut browser) = Browser::start() else { return };
    let stand = Stand::new(&["line1", "line2", "<b>&amp;\"line3\"?"]);
    run(&stand, &[0, 1, 2]);
    stand.clock.advance(Duration::from_secs(1));
    stand.publish(0, ROUND * ROUNDS, &Scene::draw(5, false));
    stand.state(2, State::Lost, "/dev/video2: no such device");
    browser.show(1600, 900, 1, "light");
    browser.navigate(&format!("http://{}/", stand.live.address()));
    let loaded =
        "[...document.querySelectorAll('.frame img')].filter((image) => image.naturalWidth === 640).length === 3";
    browser.wait_for(loaded);
    // A name is text, whatever it looks like.
    let names = browser.evaluate("[...document.querySelectorAll('h2')].map((name) => name.textContent)");
    assert_eq!(names, json!(["line1", "line2", "<b>&amp;\"line3\"?"]));
    screenshot(&mut browser, "live-three.png", false);
    assert_quiet(&browser, &stand);
}
