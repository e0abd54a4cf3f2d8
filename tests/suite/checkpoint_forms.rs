//! Every form of a checkpoint, written by the golden data's own script, gives the same tensors to the bit.

use std::ffi::OsStr;

use moead_exporter::checkpoint::{Checkpoint, Format};
use moead_exporter::resolve::{self, Wishes, WithBackbone};
use moead_exporter::weights::Weights;
use moead_tests::golden::{self, Case};
use moead_tests::python;
use moead_tests::synthetic_checkpoint::{Checkpoint as Drawn, Form};
use moead_tests::torch_file::Element;

/// Runs `make_checkpoint.py` on a case.
fn written(case: &Case, options: &[&str], name: &str) -> (tempfile::TempDir, Checkpoint) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    let script = golden::root().join("tests/golden/make_checkpoint.py");
    let mut arguments = vec![case.folder.as_os_str(), path.as_os_str()];
    arguments.extend(options.iter().map(OsStr::new));
    python::run(script.as_os_str(), &arguments);
    let checkpoint = Checkpoint::open(&path).unwrap_or_else(|error| panic!("{options:?}: {error}"));
    (folder, checkpoint)
}

/// Every tensor of `drawn` that is left is in `checkpoint`, equal to the bit.
fn same(checkpoint: &Checkpoint, drawn: &Drawn) {
    let expected: Vec<_> = drawn.tensors.iter().map(|tensor| tensor.name.as_str()).collect();
    let mut found: Vec<_> = checkpoint.names().collect();
    if checkpoint.format() == Format::Safetensors {
        // Sorted by type and name there.
        found.sort_by_key(|name| expected.iter().position(|expected| expected == name));
    }
    assert_eq!(found, expected);
    for tensor in &drawn.tensors {
        assert_eq!(checkpoint.shape(&tensor.name), Some(&tensor.shape[..]), "{}", tensor.name);
        if tensor.element == Element::F32 {
            let read = checkpoint.read(&tensor.name).unwrap_or_else(|error| panic!("{error}"));
            assert!(read == tensor.values(), "{}: other numbers", tensor.name);
        }
    }
}

#[test]
fn torch_files_and_safetensors_give_the_same_tensors() {
    for name in ["tiny", "tiny_uniad", "tiny_resnet18"] {
        let case = Case::small(name);
        let drawn = Drawn::of(&case);
        let forms: [(&[&str], &str, Format); 3] = [
            (&[], "c.pth.tar", Format::TorchZip),
            (&["--format", "legacy"], "c.pth", Format::TorchLegacy),
            (&["--format", "safetensors"], "c.safetensors", Format::Safetensors),
        ];
        for (options, file, format) in forms {
            let (_folder, checkpoint) = written(&case, options, file);
            assert_eq!(checkpoint.format(), format);
            assert_eq!(checkpoint.architecture(), Some(&case.facts.arch));
            same(&checkpoint, &drawn);
        }
    }
}

#[test]
fn an_optimizer_s_state_is_weighed_and_not_loaded() {
    let case = Case::small("tiny");
    for format in ["zip", "legacy"] {
        let (_folder, checkpoint) = written(&case, &["--optimizer", "--format", format], "c.pth.tar");
        same(&checkpoint, &Drawn::of(&case));
        assert_eq!(checkpoint.epoch(), Some(1000));
        let optimizer = checkpoint.skipped().iter().find(|part| part.name == "optimizer").expect("it is named");
        assert!(optimizer.tensors > 100 && optimizer.bytes > 100_000, "{optimizer:?}");
    }
}

#[test]
fn a_state_dict_without_backbone_takes_it_from_another_file() {
    let case = Case::small("tiny");
    let whole = Drawn::of(&case);
    let (head, backbone) = whole.clone().split_backbone();
    let (_folder, bare) = written(&case, &["--bare", "--no-prefix", "--without-backbone"], "head.pth");
    same(&bare, &head.bare());
    let folder = tempfile::tempdir().expect("a temporary folder");
    for form in Form::ALL {
        let path = folder.path().join("backbone.pth");
        backbone.write(form, &path);
        let backbone = Checkpoint::open(&path).expect("a backbone file");
        let joined = WithBackbone::new(&bare, &backbone).expect("the two fit");
        let resolved = resolve::resolve(&joined, Some(&case.facts.arch), Wishes::default()).expect("a network");
        assert!(resolved.assumed.is_empty());
        let name = "backbone._conv_stem.weight";
        let expected = &whole.tensors.iter().find(|tensor| tensor.name == name).expect("it is drawn").values();
        assert_eq!(&joined.read(name).expect("it is there"), expected);
    }
}

#[test]
fn rust_writes_what_the_script_writes() {
    let case = Case::small("tiny_o");
    let drawn = Drawn::of(&case);
    let folder = tempfile::tempdir().expect("a temporary folder");
    for form in Form::ALL {
        let path = folder.path().join("c");
        drawn.write(form, &path);
        let checkpoint = Checkpoint::open(&path).unwrap_or_else(|error| panic!("{form:?}: {error}"));
        assert_eq!(checkpoint.architecture(), Some(&case.facts.arch));
        same(&checkpoint, &drawn);
    }
}
