//! A whole run: what is written, said and kept.

use moead_tests::command::Program;

use super::Desk;

const RUN: &str = "good --backbone backbone.safetensors --preset tiny --steps 12 --threads 1";

#[test]
fn a_run_writes_a_checkpoint_that_can_be_exported() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    let files = "-o bolt.safetensors --metrics bolt.jsonl --report bolt.html";
    // Which pass is the best one may be the vector unit's choice, too.
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"step \d+", "step [STEP]");
    let _filters = settings.bind_to_scope();
    insta::assert_snapshot!(desk.says(&format!("{RUN} {files}")), @r"
    status: 0
    ----- stderr
    note: 30 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    note: kept: step [STEP], AUROC [AUROC] on drawn defects, loss [LOSS]
    note: without a network, position-std: AUROC [AUROC] on the same drawn defects
    note: without a network, position-cov:64: AUROC [AUROC] on the same drawn defects
    note: report: bolt.html
    note: written: bolt.safetensors (the run itself: bolt.last.safetensors)
    ");
    let exported = Program::new("moead-export").args(["bolt.safetensors"]).in_folder(desk.folder.path()).run();
    assert!(exported.success().stderr.is_empty(), "nothing is assumed of a checkpoint of ours");
    let metrics = String::from_utf8(desk.read("bolt.jsonl")).unwrap();
    let lines: Vec<serde_json::Value> = metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |event: &str| lines.iter().filter(|line| line["event"] == event).count();
    // 27 pictures are learnt from: 12 steps of 8 are three passes and a part of the next.
    assert_eq!((of("step"), of("epoch"), of("without_network")), (12, 4, 2));
    let page = String::from_utf8(desk.read("bolt.html")).unwrap();
    assert_eq!(page.matches("<svg").count(), 2);
}

#[test]
fn each_distance_goes_all_the_way() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    for distance in ["l2", "position-std", "position-cov:8"] {
        let run = format!("{RUN} --distance {distance} --no-model-free -o d.safetensors");
        desk.program(&run).run().success();
        for precision in ["f32", "f16", "int8"] {
            let export = ["d.safetensors", "--precision", precision];
            let ended = Program::new("moead-export").args(export).in_folder(desk.folder.path()).run().success();
            assert!(ended.stderr.is_empty(), "{distance}, {precision}: {}", ended.stderr);
            let verify = ["verify", "--model", "d.onnx", "--engine", "tract"];
            Program::new("moead-edge").args(verify).in_folder(desk.folder.path()).run().success();
        }
        let shown = Program::new("moead-export").args(["inspect", "d.safetensors", "--json"]);
        let shown = shown.in_folder(desk.folder.path()).run().success().stdout;
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let said = shown["architecture"][2]["kwargs"]["distance"].as_str().unwrap_or("l2");
        assert_eq!(said, distance);
    }
}

#[test]
fn the_number_of_threads_does_not_show() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    desk.program(&format!("{RUN} -o whole.safetensors")).run().success();
    desk.program(&format!("{RUN} -o again.safetensors --threads 3").replace("--threads 1 ", "")).run().success();
    assert!(desk.read("whole.last.safetensors") == desk.read("again.last.safetensors"), "threads show");
    assert!(desk.read("whole.safetensors") == desk.read("again.safetensors"), "threads show");
}

#[test]
fn altered_copies_are_learnt_from_where_asked() {
    let desk = Desk::new();
    desk.backbone();
    desk.pictures("good", 30);
    let augmented = format!("{RUN} --augment light,mirror --copies 2 --no-model-free -o c.safetensors");
    desk.program(&format!("{augmented} --metrics c.jsonl")).run().success();
    let metrics = String::from_utf8(desk.read("c.jsonl")).unwrap();
    // 27 pictures are learnt from and 54 copies of them: 12 steps of 8 are one pass and a part of the next.
    assert_eq!(metrics.matches("\"epoch\"").count(), 2, "{metrics}");
    let whole = desk.read("c.safetensors");
    // Again with the copies' features from their file, and with the changes in another order.
    let again = augmented.replace("light,mirror", "mirror,light,light");
    insta::assert_snapshot!(desk.says(&again).lines().take(7).collect::<Vec<_>>().join("\n"), @r"
    status: 0
    ----- stderr
    note: 30 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    note: a run begins anew, without `--resume`, and will replace c.safetensors and c.last.safetensors
    note: features of 30 pictures: read from c.features
    note: features of 54 altered copies: read from c.altered.features
    note: features of 6 pictures with drawn defects: read from c.drawn.features
    ");
    assert!(desk.read("c.safetensors") == whole, "the same run");
    insta::assert_snapshot!(desk.says(&format!("{RUN} -o c.safetensors --resume")), @r#"
    status: 1
    ----- stderr
    note: 30 good pictures; efficientnet_b0, layers [1, 2, 3, 4]: 192 features at 7x7 places of 112x112
    error: c.last.safetensors: augmentation: the run was begun with "mirror,light x 2", expected null
    hint: give the settings and pictures that the run was begun with, or begin anew without `--resume`
    "#);
    insta::assert_snapshot!(desk.says(&augmented.replace("copies 2", "copies 1")).lines().nth(5).unwrap(), @"note: c.altered.features: its features were made with another value of augmentation: computed anew");
}
