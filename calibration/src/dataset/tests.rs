//! Each layout made small, and what bad data sets are told.

use std::fs;
use std::path::Path;

use super::*;

/// A folder with empty files: nothing here decodes a picture.
fn tree(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        write(root.path(), file, "");
    }
    root
}

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Samples as lines, paths from the root.
fn lines(root: &Path, dataset: &Dataset) -> Vec<String> {
    let root = root.canonicalize().unwrap();
    let relative = |path: &Path| path.canonicalize().unwrap().strip_prefix(&root).unwrap().display().to_string();
    let line = |sample: &Sample| {
        let split = match sample.split {
            Some(Split::Train) => " train",
            Some(Split::Test) => " test",
            None => "",
        };
        let truth = match &sample.truth {
            Truth::Good => "good".to_owned(),
            Truth::Defective { kind, mask: MaskSource::File(mask) } => format!("{kind} {}", relative(mask)),
            Truth::Defective { kind, mask } => format!("{kind} {mask:?}"),
        };
        format!("{}{split} {} {truth}", sample.product, relative(&sample.path))
    };
    dataset.samples.iter().map(line).collect()
}

fn open(root: &tempfile::TempDir) -> Result<Dataset, DatasetError> {
    Dataset::open(root.path(), None)
}

/// The message, with the folder's name taken out.
fn message(root: &tempfile::TempDir, layout: Option<Layout>) -> String {
    let error = Dataset::open(root.path(), layout).unwrap_err();
    error.to_string().replace(&root.path().display().to_string(), "[DIR]")
}

#[test]
fn mvtec_is_recognised() {
    let root = tree(&[
        "bolt/train/good/000.png",
        "bolt/test/good/000.png",
        "bolt/test/scratch/000.png",
        "bolt/test/scratch/001.png",
        "bolt/ground_truth/scratch/000_mask.png",
        "bolt/license.txt",
        "anchor/train/good/0.jpg",
        "anchor/test/hole/0.jpg",
        "anchor/test/hole/._0.jpg",
    ]);
    let dataset = open(&root).unwrap();
    assert_eq!(dataset.layout, Layout::Mvtec);
    assert_eq!(
        lines(root.path(), &dataset),
        [
            "anchor train anchor/train/good/0.jpg good",
            "anchor test anchor/test/hole/0.jpg hole None",
            "bolt train bolt/train/good/000.png good",
            "bolt test bolt/test/good/000.png good",
            "bolt test bolt/test/scratch/000.png scratch bolt/ground_truth/scratch/000_mask.png",
            "bolt test bolt/test/scratch/001.png scratch Missing",
        ]
    );
    let bolt = Counts { good: 2, defective: 2, missing_masks: 1 };
    assert_eq!(dataset.products()["bolt"], bolt);
    let alone = Dataset::open(&root.path().join("bolt"), None).unwrap();
    assert_eq!(alone.products()["bolt"], bolt);
}

#[test]
fn visa_is_recognised_as_a_tree_and_as_a_list() {
    let root = tree(&[
        "pcb1/train/good/0001.JPG",
        "pcb1/test/good/0002.JPG",
        "pcb1/test/bad/000.JPG",
        "pcb1/ground_truth/bad/000.png",
    ]);
    let dataset = open(&root).unwrap();
    assert_eq!(dataset.layout, Layout::Visa);
    let last = "pcb1 test pcb1/test/bad/000.JPG bad pcb1/ground_truth/bad/000.png";
    assert_eq!(lines(root.path(), &dataset)[2], last);

    let root =
        tree(&["pcb1/Data/Images/Normal/0.JPG", "pcb1/Data/Images/Anomaly/1.JPG", "pcb1/Data/Masks/Anomaly/1.png"]);
    let list = "object,split,label,image,mask\n\
                pcb1,train,normal,pcb1/Data/Images/Normal/0.JPG,\n\
                pcb1,test,anomaly,pcb1/Data/Images/Anomaly/1.JPG,pcb1/Data/Masks/Anomaly/1.png\n";
    write(root.path(), "split_csv/1cls.csv", list);
    let dataset = open(&root).unwrap();
    assert_eq!(dataset.layout, Layout::Visa);
    assert_eq!(
        lines(root.path(), &dataset),
        [
            "pcb1 train pcb1/Data/Images/Normal/0.JPG good",
            "pcb1 test pcb1/Data/Images/Anomaly/1.JPG bad pcb1/Data/Masks/Anomaly/1.png",
        ]
    );
}

#[test]
fn a_kind_of_defect_called_bad_has_its_masks_by_either_name() {
    let root = tree(&[
        "bolt/test/bad/000.png",
        "bolt/test/bad/001.png",
        "bolt/test/bad/001_mask.png",
        "bolt/test/good/000.png",
        "bolt/ground_truth/bad/000_mask.png",
        "bolt/ground_truth/bad/001.png",
        "bolt/ground_truth/bad/001_mask.png",
    ]);
    let dataset = open(&root).unwrap();
    assert_eq!(dataset.layout, Layout::Visa);
    assert_eq!(
        lines(root.path(), &dataset),
        [
            "bolt test bolt/test/good/000.png good",
            "bolt test bolt/test/bad/000.png bad bolt/ground_truth/bad/000_mask.png",
            "bolt test bolt/test/bad/001.png bad bolt/ground_truth/bad/001.png",
            "bolt test bolt/test/bad/001_mask.png bad bolt/ground_truth/bad/001_mask.png",
        ]
    );
}

#[test]
fn lists_of_the_published_code_are_recognised() {
    let root = tree(&[
        "images/bolt/0.png",
        "images/bolt/1.png",
        "images/bolt/1_mask.png",
        "images/bolt/2.png",
        "another/x.png",
    ]);
    write(
        root.path(),
        "train.json",
        "{\"filename\": \"bolt/0.png\", \"label\": 0, \"label_name\": \"good\", \"clsname\": \"bolt\"}\n\n",
    );
    let test = r#"{"filename": "./bolt/1.png", "label": 1, "label_name": "defective", "maskname": "bolt/1_mask.png", "clsname": "bolt"}
        {"filename": "bolt/2.png", "label": 1, "clsname": "bolt", "more": [1]}"#;
    write(root.path(), "test.json", test);
    let dataset = open(&root).unwrap();
    assert_eq!(dataset.layout, Layout::Json);
    assert_eq!(
        lines(root.path(), &dataset),
        [
            "bolt train images/bolt/0.png good",
            "bolt test images/bolt/1.png defective images/bolt/1_mask.png",
            "bolt test images/bolt/2.png defective Missing",
        ]
    );
}

#[test]
fn folders_are_recognised() {
    let root = tree(&[
        "nut/good/b.png",
        "nut/good/a.png",
        "nut/defect/c.png",
        "nut/defect/burr/d.png",
        "nut/masks/c.png",
        "screw/good/0.bmp",
    ]);
    let dataset = open(&root).unwrap();
    assert_eq!(dataset.layout, Layout::Folder);
    assert_eq!(
        lines(root.path(), &dataset),
        [
            "nut nut/good/a.png good",
            "nut nut/good/b.png good",
            "nut nut/defect/burr/d.png burr Missing",
            "nut nut/defect/c.png defect nut/masks/c.png",
            "screw screw/good/0.bmp good",
        ]
    );
    let alone = Dataset::open(&root.path().join("nut"), None).unwrap();
    assert_eq!((alone.samples.len(), alone.products()["nut"].defective), (4, 2));
    let plain = Dataset::open(&root.path().join("nut/good"), None).unwrap();
    assert_eq!(plain.products()["good"], Counts { good: 2, defective: 0, missing_masks: 0 });
}

#[test]
fn nothing_to_find_is_an_error() {
    assert_eq!(
        message(&tree(&["notes.txt"]), None),
        "[DIR]: expected a data set (mvtec, visa, json, folder), found none of these layouts"
    );
    assert_eq!(
        message(&tree(&["bolt/train/good/notes.txt"]), None),
        "[DIR]: expected pictures in layout mvtec, found none"
    );
    let plain = tree(&["a.png"]);
    assert_eq!(message(&plain, Some(Layout::Json)), "[DIR]: expected pictures in layout json, found none");
    assert_eq!(message(&plain, Some(Layout::Mvtec)), "[DIR]: expected pictures in layout mvtec, found none");
    let missing = Dataset::open(Path::new("no/such/folder"), None).unwrap_err();
    assert!(matches!(missing, DatasetError::Read { .. }), "{missing}");
    assert_eq!(
        "mvtek".parse::<Layout>().unwrap_err().to_string(),
        "expected one of mvtec, visa, json, folder, found mvtek"
    );
}

#[test]
fn folders_that_nobody_knows_are_not_taken_for_good() {
    let root = tree(&["a.png", "nok/b.png"]);
    assert!(matches!(open(&root), Err(DatasetError::Unknown { .. })));
    let asked = Dataset::open(root.path(), Some(Layout::Folder)).unwrap();
    assert!(asked.samples.iter().all(|sample| sample.truth == Truth::Good) && asked.samples.len() == 2);
}

proptest::proptest! {
    /// Whatever lists hold: an answer, never a panic, and no path that leaves the folder.
    #[test]
    fn any_list_has_an_answer(
        lines in proptest::collection::vec(r#"(\{"filename": "[a./\\]{0,6}", "label": [012], "maskname": "[a./]{0,4}", "clsname": "[ab ]{0,2}"\}|.{0,20})"#, 0..4),
        table in r#"(object,split,label,image,mask\n)?((b|B),(train|test),(normal|anomaly),[a./]{0,5},[a./"]{0,4}\n){0,3}.{0,20}"#,
    ) {
        let root = tree(&["a", "a.png"]);
        write(root.path(), "test.json", &lines.join("\n"));
        write(root.path(), "split_csv/1cls.csv", &table);
        for layout in [Layout::Json, Layout::Visa] {
            for sample in Dataset::open(root.path(), Some(layout)).map(|dataset| dataset.samples).unwrap_or_default() {
                let stays = |path: &Path| path.components().all(|part| part != std::path::Component::ParentDir);
                let inside = |path: &Path| path.starts_with(root.path()) && stays(path);
                proptest::prop_assert!(inside(&sample.path), "{:?}", sample);
                if let Truth::Defective { mask: MaskSource::File(mask), .. } = &sample.truth {
                    proptest::prop_assert!(inside(mask), "{:?}", sample);
                }
            }
        }
    }
}

#[test]
fn a_broken_line_is_named() {
    let good = r#"{"filename": "a.png", "label": 0, "clsname": "bolt"}"#;
    let long = "x".repeat(70_000);
    for (line, expected) in [
        ("{", "EOF while parsing an object at line 1 column 1"),
        (r#"{"filename": "a.png", "label": 0}"#, "missing field `clsname` at line 1 column 33"),
        (r#"{"filename": "a.png", "label": 2, "clsname": "b"}"#, "label: expected 0 or 1, found 2"),
        (r#"{"filename": "a.png", "label": 0, "clsname": ""}"#, "clsname: expected a name, found "),
        (
            r#"{"filename": "b/../../a.png", "label": 0, "clsname": "b"}"#,
            "filename: expected a path inside of the folder of pictures, found b/../../a.png",
        ),
        (
            r#"{"filename": "a.png", "label": 1, "maskname": "/etc/passwd", "clsname": "b"}"#,
            "maskname: expected a path inside of the folder of pictures, found /etc/passwd",
        ),
        (&long, "expected at most 65536 bytes"),
    ] {
        let root = tree(&["a.png"]);
        write(root.path(), "test.json", &format!("{good}\n{line}"));
        assert_eq!(message(&root, None), format!("[DIR]/test.json:2: {expected}"));
    }
    let root = tree(&["a.png"]);
    fs::write(root.path().join("test.json"), b"\"\xff\"").unwrap();
    assert_eq!(message(&root, None), "[DIR]/test.json:1: expected UTF-8");
}

#[test]
fn a_broken_line_of_a_table_is_named() {
    for (line, expected) in [
        (
            "bolt,train",
            "CSV error: record 2 (line: 3, byte: 55): found record with 2 fields, but the previous record has 5 fields",
        ),
        ("bolt,train,odd,a.png,", "label: expected normal or anomaly, found odd"),
        ("bolt,learn,normal,a.png,", "split: expected train or test, found learn"),
        ("bolt,test,normal,../a.png,", "image: expected a path inside of the folder of pictures, found ../a.png"),
    ] {
        let root = tree(&[]);
        write(
            root.path(),
            "split_csv/1cls.csv",
            &format!("object,split,label,image,mask\nbolt,train,normal,b.png,\n{line}\n"),
        );
        assert_eq!(message(&root, None), format!("[DIR]/split_csv/1cls.csv:3: {expected}"));
    }
    let root = tree(&[]);
    write(root.path(), "split_csv/1cls.csv", "object,split\nbolt,train\n");
    assert!(message(&root, None).contains("1cls.csv:2: CSV deserialize error"), "{}", message(&root, None));
}

#[test]
fn a_picture_is_listed_once() {
    let root = tree(&["a.png"]);
    let line = |label| format!(r#"{{"filename": "a.png", "label": {label}, "clsname": "bolt"}}"#);
    write(root.path(), "train.json", &line(0));
    write(root.path(), "test.json", &line(1));
    assert_eq!(
        message(&root, None),
        "[DIR]/a.png: listed as good bolt for training and again as defective bolt for testing"
    );
}

#[test]
fn products_that_look_alike_are_refused() {
    let root = tree(&["Bolt/good/a.png", "bolt/good/a.png"]);
    assert_eq!(message(&root, None), "products `Bolt` and `bolt` differ in capitals or spaces only");
}

#[test]
fn listed_pictures_must_be_somewhere() {
    let root = tree(&["images/b.png"]);
    write(root.path(), "test.json", r#"{"filename": "a.png", "label": 0, "clsname": "bolt"}"#);
    assert_eq!(message(&root, None), "[DIR]: expected the listed picture a.png here or in a folder below");
}

#[cfg(unix)]
#[test]
fn names_beyond_utf_8_and_folders_in_themselves_are_refused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let root = tree(&["good/a.png"]);
    fs::write(root.path().join("good").join(OsStr::from_bytes(b"\xff.png")), "").unwrap();
    assert_eq!(message(&root, None), "[DIR]/good/\u{fffd}.png: expected a name in UTF-8");
    let root = tree(&["good/a.png"]);
    std::os::unix::fs::symlink(root.path(), root.path().join("good/again")).unwrap();
    assert_eq!(message(&root, None), "[DIR]/good/again: the folder contains itself: [DIR]");
}

#[cfg(unix)]
#[test]
fn what_cannot_be_followed_is_a_picture_if_it_is_called_one() {
    use std::os::unix::fs::symlink;

    let root = tree(&["good/a.png", "good/.thumbnails/a.png", ".trash/good/b.png"]);
    let link = |name: &str| symlink("nowhere", root.path().join(name)).unwrap();
    // As an editor locks a file that is being written.
    for name in ["good/.#note.txt", "good/.#a.png", "good/z.png"] {
        link(name);
    }
    symlink("self.png", root.path().join("good/self.png")).unwrap();
    let samples = open(&root).unwrap().samples;
    let names: Vec<_> = samples.iter().map(|sample| sample.path.file_name().unwrap()).collect();
    assert_eq!(names, ["a.png", "self.png", "z.png"]);
    // A folder that is not there might hold anything.
    link("good/more");
    assert_eq!(message(&root, None), "[DIR]/good/more: No such file or directory (os error 2)");
}
