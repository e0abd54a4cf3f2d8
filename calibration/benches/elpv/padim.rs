//! PaDiM by `moead-eval --baseline padim`, beside what a PyTorch prototype measured on the same split.

use moead_tests::command::Program;
use serde_json::Value;

use crate::say;
use crate::subject::Subject;

/// The prototype's, for mono-a, mono-b, poly-a, poly-b.
const PROTOTYPE: [(&str, [f64; 4]); 2] =
    [("apart", [0.923, 0.943, 0.917, 0.882]), ("together", [0.927, 0.927, 0.923, 0.875])];
const PRODUCTS: [&str; 4] = ["mono-a", "mono-b", "poly-a", "poly-b"];

pub(crate) fn report(subject: &Subject) {
    say(
        "\n| image AUROC | fitted to | PaDiM (95 %) | prototype | untrained decoder | decoder - PaDiM (95 %) |\n| --- | --- | --- | --- | --- | --- |",
    );
    for (tree, prototype) in PROTOTYPE {
        let (model, data) = (subject.model.display().to_string(), subject.data(tree).display().to_string());
        let eval = Program::new("moead-eval").args(["--model", &model, &data, "--baseline", "padim", "--json"]);
        let document: Value = serde_json::from_str(&eval.run().success().stdout).expect("a document");
        let baseline = &document["baseline"];
        for (product, prototype) in PRODUCTS.into_iter().zip(prototype) {
            let (peer, model) = (&baseline["products"][product], &document["products"][product]);
            let (interval, difference) = (ends(peer), ends(&baseline["difference"]["products"][product]));
            say(&format!(
                "| {product} | {} cells, {tree} | {:.3} ({interval}) | {prototype:.3} | {:.3} | {difference} |",
                baseline["fits"][product]["images"],
                number(&peer["image_auroc"]),
                number(&model["image_auroc"]),
            ));
        }
    }
}

fn ends(figures: &Value) -> String {
    let [low, high] = [0, 1].map(|at| number(&figures["image_auroc_interval"][at]));
    format!("{low:.3} to {high:.3}")
}

fn number(value: &Value) -> f64 {
    value.as_f64().expect("a figure")
}
