//! ONNX Runtime's CPU provider, the wheel from PyPI: an independent reader of the same file.

use std::path::Path;

use moead_model::onnx::model_file::ModelFile;
use moead_tests::python;
use serde_json::{Value, json};

use super::Answer;

/// One run: a model, a batch of pictures, the outputs that are wanted.
pub(crate) struct Request<'a> {
    pub(crate) model: &'a ModelFile,
    pub(crate) batch: usize,
    pub(crate) input: &'a [f32],
    pub(crate) outputs: &'a [&'a str],
}

/// Answers all requests in one Python process.
pub(crate) fn answers(requests: &[Request<'_>]) -> Vec<Answer> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let list: Vec<Value> =
        requests.iter().enumerate().map(|(index, request)| write(folder.path(), index, request)).collect();
    let path = folder.path().join("requests.json");
    std::fs::write(&path, json!(list).to_string()).expect("room for the requests");
    let script = moead_tests::golden::root().join("tests/suite/engines/judge.py");
    python::run(script.as_os_str(), &[path.as_os_str()]);
    let read = |index: usize, request: &Request<'_>| {
        let number = |position: usize| {
            let bytes = std::fs::read(folder.path().join(format!("{index}.{position}.f64"))).expect("an answer");
            bytes.as_chunks::<8>().0.iter().map(|&number| f64::from_le_bytes(number)).collect()
        };
        request.outputs.iter().enumerate().map(|(position, name)| ((*name).to_owned(), number(position))).collect()
    };
    requests.iter().enumerate().map(|(index, request)| read(index, request)).collect()
}

fn write(folder: &Path, index: usize, request: &Request<'_>) -> Value {
    let (model, input) = (folder.join(format!("{index}.onnx")), folder.join(format!("{index}.f32")));
    std::fs::write(&model, request.model.bytes()).expect("room for the model");
    let bytes: Vec<u8> = request.input.iter().flat_map(|number| number.to_le_bytes()).collect();
    std::fs::write(&input, bytes).expect("room for the input");
    let size = request.model.manifest().input.size();
    json!({
        "model": model,
        "input": input,
        "shape": [request.batch, 3, size.height, size.width],
        "outputs": request.outputs,
        "answer": folder.join(index.to_string()),
    })
}
