//! Numbers for Prometheus, in its text format 0.0.4. `docs/reference/http.md` lists them.

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use crate::score::severity::Severity;
use crate::score::verdict::{Score, Threshold};

use super::figures::{Figures, Life};
use super::histogram::Histogram;
use super::shared::Shared;

/// What the text is sent as.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All numbers, as they are now.
pub(super) fn exposition(shared: &Shared) -> String {
    let sources: Vec<(&str, Figures)> =
        shared.sources.iter().map(|source| (source.name.as_str(), source.figures().clone())).collect();
    let mut text = Exposition { text: String::with_capacity(8192) };
    text.family("moead_build_info", "gauge", "The program; always 1.");
    text.sample("moead_build_info", &[("version", &shared.settings.version)], 1.0);
    text.family("moead_uptime_seconds", "gauge", "Since the server began.");
    text.sample("moead_uptime_seconds", &[], shared.elapsed().as_secs_f64());
    counters(&mut text, &sources);
    gauges(&mut text, &sources, shared);
    histograms(&mut text, &sources);
    server(&mut text, shared);
    text.text
}

/// What only grows.
fn counters(text: &mut Exposition, sources: &[(&str, Figures)]) {
    type Count = fn(&Figures) -> u64;
    let plain: [(&str, &str, Count); 7] = [
        ("moead_frames_received_total", "Frames received: judged, dropped by policy, or corrupt.", |of| {
            of.counts.received()
        }),
        ("moead_frames_judged_total", "Frames that the network answered.", |of| of.counts.judged),
        ("moead_frames_corrupt_total", "Frames that were broken or could not be read.", |of| of.counts.corrupt),
        ("moead_frames_repeated_total", "Frames that the driver handed out again.", |of| of.counts.repeated),
        ("moead_results_late_total", "Results older than a frame interval and 1.3 inferences.", |of| of.counts.late),
        ("moead_reconnects_total", "Times that the source was opened again.", |of| of.counts.reconnects),
        ("moead_drifts_total", "Times that what the source shows began to drift.", |of| of.counts.drifts),
    ];
    for (name, help, count) in plain {
        text.family(name, "counter", help);
        for (source, figures) in sources {
            text.sample(name, &[("source", source)], count(figures) as f64);
        }
    }
    let dropped: [(&str, Count); 3] =
        [("policy", |of| of.counts.policy), ("driver", |of| of.counts.driver), ("sink", |of| of.counts.sink)];
    let verdicts: [(&str, Count); 3] =
        [("ok", |of| of.counts.ok), ("defect", |of| of.counts.defects), ("none", |of| of.counts.no_verdict)];
    for (name, label, help, counts) in [
        (
            "moead_frames_dropped_total",
            "cause",
            "Lost frames (driver), frames passed over (policy), results that a slow sink did not take (sink).",
            dropped,
        ),
        ("moead_verdicts_total", "verdict", "Judged frames by verdict.", verdicts),
    ] {
        text.family(name, "counter", help);
        for (source, figures) in sources {
            for (value, count) in counts {
                text.sample(name, &[("source", source), (label, value)], count(figures) as f64);
            }
        }
    }
}

/// What is true now.
fn gauges(text: &mut Exposition, sources: &[(&str, Figures)], shared: &Shared) {
    text.family("moead_source_state", "gauge", "1 for the state that the source is in, 0 for the others.");
    for (source, figures) in sources {
        for state in Life::NAMES {
            let is_in = f64::from(u8::from(figures.life.name() == state));
            text.sample("moead_source_state", &[("source", source), ("state", state)], is_in);
        }
    }
    type Number = fn(&Figures) -> Option<f64>;
    let of_last: [(&str, &str, Number); 3] = [
        ("moead_score", "Score of the last frame.", |of| of.last?.score.map(|Score(score)| f64::from(score))),
        ("moead_severity", "Severity of the last frame: 0 at the median of good pictures, 1 at the threshold.", |of| {
            of.last?.severity.map(|Severity(severity)| severity)
        }),
        ("moead_threshold", "The score from which on a frame is defective.", |of| {
            of.last?.threshold.map(Threshold::value).map(f64::from)
        }),
    ];
    for (name, help, number) in of_last {
        text.family(name, "gauge", help);
        for (source, figures) in sources {
            if let Some(number) = number(figures) {
                text.sample(name, &[("source", source)], number);
            }
        }
    }
    text.family("moead_drift", "gauge", "Distance of the latest frames from good ones; 1 is what good ones reach.");
    for (source, figures) in sources {
        for drift in &figures.drifts {
            let product = drift.product.as_deref().map(|product| ("product", product));
            let labels: Vec<_> = [("source", *source)].into_iter().chain(product).collect();
            text.sample("moead_drift", &labels, drift.measure);
        }
    }
    let elapsed = shared.elapsed();
    text.family("moead_last_frame_age_seconds", "gauge", "Since the last frame with a result was captured.");
    for (source, figures) in sources {
        if let Some(last) = figures.last {
            let age = elapsed.saturating_sub(last.captured).as_secs_f64();
            text.sample("moead_last_frame_age_seconds", &[("source", source)], age);
        }
    }
}

/// How numbers are spread.
fn histograms(text: &mut Exposition, sources: &[(&str, Figures)]) {
    text.family("moead_scores", "histogram", "Scores of judged frames.");
    for (source, figures) in sources {
        text.histogram("moead_scores", &[("source", source)], &figures.scores);
    }
    text.family("moead_result_age_seconds", "histogram", "From a frame's capture to its result.");
    for (source, figures) in sources {
        text.histogram("moead_result_age_seconds", &[("source", source)], &figures.ages);
    }
    text.family("moead_stage_duration_seconds", "histogram", "How long a stage took, per judged frame.");
    for (source, figures) in sources {
        for (stage, durations) in [
            ("preprocess", &figures.preprocess),
            ("inference", &figures.inference),
            ("postprocess", &figures.postprocess),
        ] {
            text.histogram("moead_stage_duration_seconds", &[("source", source), ("stage", stage)], durations);
        }
    }
}

/// About this server.
fn server(text: &mut Exposition, shared: &Shared) {
    let open = shared.settings.limits.connections.saturating_sub(shared.connections.available_permits());
    text.family("moead_http_connections", "gauge", "Open connections, this one included.");
    text.sample("moead_http_connections", &[], open as f64);
    text.family("moead_http_connections_refused_total", "counter", "Connections that found no place.");
    text.sample("moead_http_connections_refused_total", &[], shared.refused.load(Ordering::Relaxed) as f64);
}

/// The text as it grows. Writing into a string cannot fail.
struct Exposition {
    text: String,
}

impl Exposition {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = write!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.text.push_str(name);
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"", if index == 0 { '{' } else { ',' });
            for character in text.chars() {
                match character {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    other => self.text.push(other),
                }
            }
            self.text.push('"');
        }
        if !labels.is_empty() {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {}", Number(value));
    }

    fn histogram(&mut self, name: &str, labels: &[(&str, &str)], histogram: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (bound, count) in histogram.cumulated() {
            let bound = Number(bound).to_string();
            let labels: Vec<_> = labels.iter().copied().chain([("le", bound.as_str())]).collect();
            self.sample(&bucket, &labels, count as f64);
        }
        self.sample(&format!("{name}_sum"), labels, histogram.sum());
        self.sample(&format!("{name}_count"), labels, histogram.count() as f64);
    }
}

/// A number as the format writes it.
struct Number(f64);

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            value if value.is_nan() => f.write_str("NaN"),
            value => write!(f, "{value}"),
        }
    }
}
