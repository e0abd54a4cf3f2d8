//! A training run as a page for a browser: its curves, and which network was kept.

use super::chart::{self, Axis, Curve};
use super::markup::{escaped, percent};
use super::{file_name, page as whole};

/// A run.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The checkpoint's file, as given.
    pub checkpoint: String,
    /// The folder of pictures, as given.
    pub data: String,
    /// In words.
    pub network: String,
    /// That were learnt from.
    pub pictures: usize,
    /// Of the whole run.
    pub steps: u64,
    /// Behind which step the network is that was kept.
    pub kept: Option<u64>,
    /// In their order.
    pub epochs: Vec<Epoch>,
    /// Detectors without a network, and what they came to on the same drawn defects.
    pub yardsticks: Vec<(String, Option<f64>)>,
}

/// The end of a pass over all pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Epoch {
    /// Made until then.
    pub steps: u64,
    /// Mean over the epoch.
    pub loss: f64,
    /// Image AUROC on drawn defects.
    pub auroc: Option<f64>,
}

/// The page.
pub fn page(subject: &Subject) -> String {
    let name = file_name(&subject.checkpoint);
    let mut body = format!(
        "<header><h1>How {} was trained</h1><p>{} pictures of <code>{}</code>, {}, {} steps</p></header>",
        escaped(&name),
        subject.pictures,
        escaped(&subject.data),
        escaped(&subject.network),
        subject.steps,
    );
    body += &remarks(subject);
    body += "<section><div class=\"charts\">";
    let steps = Axis { name: "step", end: subject.steps.max(1) as f64 };
    let across = |made: u64| made as f64 / steps.end;
    let kept = subject.kept.map(|made| (across(made), "kept"));
    let loss = Axis::up_to("loss", subject.epochs.iter().map(|epoch| epoch.loss).fold(0.0, f64::max));
    let losses = subject.epochs.iter().map(|epoch| (across(epoch.steps), epoch.loss / loss.end)).collect();
    let legend = "mean of a pass over all pictures".to_owned();
    body += &chart::course("Loss", Curve::through(losses, "first", legend), [steps, loss], kept);
    let judged: Vec<_> = subject.epochs.iter().filter_map(|epoch| Some((across(epoch.steps), epoch.auroc?))).collect();
    if !judged.is_empty() {
        let legend = "image AUROC on drawn defects".to_owned();
        let curve = Curve::through(judged, "second", legend);
        body += &chart::course("Drawn defects", curve, [steps, Axis::of_shares("AUROC")], kept);
    }
    body += "</div>";
    body += "</section>";
    whole(&name, &body)
}

fn remarks(subject: &Subject) -> String {
    let kept = subject.epochs.iter().find(|epoch| Some(epoch.steps) == subject.kept);
    let first = match kept {
        Some(Epoch { steps, loss, auroc: Some(auroc) }) => format!(
            "kept: the network behind step {steps}, loss {loss:.4}, image AUROC {} on defects that were drawn on pictures held back",
            percent(*auroc)
        ),
        Some(Epoch { steps, loss, auroc: None }) => {
            format!("kept: the network behind step {steps}, loss {loss:.4}; no picture was held back to judge it by")
        }
        None => "stopped before the first pass over all pictures was over".to_owned(),
    };
    let second =
        "Drawn defects are not real ones: whether this network finds those, `moead-eval` tells on pictures of them.";
    let yardsticks = subject.yardsticks.iter().map(|(name, auroc)| {
        let auroc = auroc.map_or("none".to_owned(), percent);
        format!("without a network, {name}: image AUROC {auroc} on the same drawn defects")
    });
    super::markup::remarks([first, second.to_owned()].into_iter().chain(yardsticks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_and_the_kept_network_are_on_the_page() {
        let epoch = |steps, loss, auroc| Epoch { steps, loss, auroc: Some(auroc) };
        let mut subject = Subject {
            checkpoint: "a/<bolt>.safetensors".into(),
            data: "bolts".into(),
            network: "preset small on efficientnet_lite0".into(),
            pictures: 90,
            steps: 40,
            kept: Some(24),
            epochs: vec![epoch(12, 0.9, 0.75), epoch(24, 0.7, 0.875), epoch(36, 0.6, 0.8)],
            yardsticks: vec![("position-std".into(), Some(0.8125))],
        };
        let found = page(&subject);
        assert!(found.contains("&lt;bolt&gt;.safetensors") && !found.contains("<bolt>"));
        assert!(found.contains("behind step 24, loss 0.7000, image AUROC 87.50 on"), "{found}");
        assert!(found.contains("without a network, position-std: image AUROC 81.25 on"));
        assert_eq!((found.matches("<svg").count(), found.matches(">kept</text>").count()), (2, 2));
        subject.epochs.clear();
        assert!(page(&subject).contains("stopped before the first pass"));
        assert_eq!(page(&subject).matches("<svg").count(), 1);
    }
}
