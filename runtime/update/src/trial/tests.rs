//! What a watch decides, for every kind of release.

use super::*;
use crate::report::{Health, Report, SCHEMA, SourceReport, Unwell};

const CRITERIA: Criteria = Criteria { frames: 5, patience: 60, soak: 30 };

fn seen(active: Active, restarts: u32, judged: Option<u64>) -> Observation {
    let source = |judged| SourceReport {
        name: "a".into(),
        state: "streaming".into(),
        cause: None,
        since: 0.0,
        received: judged,
        judged,
        judged_at: None,
    };
    let report = judged.map(|judged| {
        let report = Report {
            schema: SCHEMA,
            version: "1".into(),
            pid: 1,
            boot: None,
            written: 0.0,
            patience: 20.0,
            ready: true,
            sources: vec![source(judged)],
        };
        (report, Health { healthy: true, reasons: Vec::new() })
    });
    Observation { active, restarts, result: "watchdog".into(), report }
}

/// What is decided when that is seen each second, and when.
fn watched(mut at: impl FnMut(u64) -> Result<Observation, String>) -> (u64, Decision) {
    let begin = Duration::from_secs(1000);
    let mut watch = Watch::new(CRITERIA, begin);
    for second in 0..1000 {
        let seen = at(second);
        match watch.look(begin + Duration::from_secs(second), seen.as_ref().map_err(Clone::clone)) {
            Decision::Wait => {}
            decision => return (second, decision),
        }
    }
    panic!("nothing was decided");
}

#[test]
fn a_release_that_judges_and_stays_is_well() {
    let (second, decision) = watched(|second| Ok(seen(Active::Ready, 0, Some(second / 2))));
    assert_eq!((second, decision), (40, Decision::Well));
    // At a start of the board it is not there at once, and what happened before does not count.
    let (second, decision) = watched(|second| match second {
        0..20 => Ok(seen(Active::Coming, 3, None)),
        20..25 => Err("no bus".into()),
        _ => Ok(seen(Active::Ready, 3, Some(9))),
    });
    assert_eq!((second, decision), (55, Decision::Well));
}

#[test]
fn a_release_that_ends_goes_back_at_once() {
    let ended = Reason::Ended { result: "watchdog".into(), words: String::new() };
    for (active, restarts) in [(Active::Ended, 0), (Active::Failed, 0), (Active::Coming, 1), (Active::Ready, 1)] {
        let (second, decision) = watched(|second| match second {
            0..9 => Ok(seen(Active::Ready, 0, Some(5))),
            _ => Ok(seen(active, restarts, None)),
        });
        assert_eq!((second, decision), (9, Decision::Back(ended.clone())), "{active:?}");
    }
}

#[test]
fn a_release_that_hangs_or_sees_nothing_goes_back_when_patience_ends() {
    let (second, decision) = watched(|_| Ok(seen(Active::Coming, 0, None)));
    assert_eq!((second, decision), (60, Decision::Back(Reason::NotReady { waited: 60, words: String::new() })));
    let (second, decision) = watched(|_| {
        let mut seen = seen(Active::Ready, 0, Some(4));
        let lost = Unwell { source: Some("a".into()), state: "lost".into(), cause: Some("gone".into()) };
        seen.report.as_mut().unwrap().1 = Health { healthy: false, reasons: vec![lost] };
        Ok(seen)
    });
    let blind = Reason::Blind { judged: 4, expected: 5, waited: 60, causes: "a: lost: gone".into() };
    assert_eq!((second, decision), (60, Decision::Back(blind.clone())));
    assert_eq!(blind.to_string(), "4 of 5 frames judged after 60 s; a: lost: gone");
    let (second, decision) = watched(|_| Err("systemctl: no bus".into()));
    assert_eq!((second, decision), (60, Decision::Back(Reason::Manager { said: "systemctl: no bus".into() })));
}

#[test]
fn a_release_that_fades_while_it_is_watched_goes_back() {
    let (second, decision) = watched(|second| {
        let mut seen = seen(Active::Ready, 0, Some(9));
        let health = Health { healthy: second < 5, reasons: Vec::new() };
        seen.report.as_mut().unwrap().1 = health;
        Ok(seen)
    });
    assert_eq!((second, decision), (90, Decision::Back(Reason::Faded { causes: String::new() })));
}

#[test]
fn what_the_release_before_judged_does_not_count() {
    let (second, decision) = watched(|second| {
        let mut seen = seen(Active::Ready, 0, Some(if second < 3 { 1000 } else { 9 }));
        seen.report.as_mut().unwrap().0.pid = if second < 3 { 1 } else { 2 };
        Ok(seen)
    });
    assert_eq!((second, decision), (33, Decision::Well));
}

#[test]
fn words_go_where_they_explain() {
    let ended = Reason::Ended { result: "exit-code".into(), words: String::new() };
    assert_eq!(
        ended.with_words(" error: model.onnx: damaged\n").to_string(),
        "it ended (exit-code); error: model.onnx: damaged"
    );
    assert_eq!(Reason::Asked.with_words("x"), Reason::Asked);
}
