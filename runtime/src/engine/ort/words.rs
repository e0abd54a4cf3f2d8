//! What other people's libraries say, as it can stand in a message of ours, and what they mean by it.

use std::error::Error;

/// An error with its causes: some say what failed and leave the reason to the cause below.
pub(super) fn whole(error: &dyn Error) -> String {
    let mut text = tidy(&error.to_string()).to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(tidy(&reason)) {
            text = format!("{text}: {}", tidy(&reason));
        }
        cause = error.source();
    }
    text
}

/// What a GPU's libraries complain of, where a remedy is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Complaint {
    /// The GPU's memory is taken.
    OutOfMemory,
    /// The memory that may be taken is not enough.
    MemoryLimit,
    /// The driver shows no GPU.
    NoDevice,
    /// There are others, and not this one.
    NoSuchDevice,
}

/// How their messages begin; in front of that are places in their sources, and behind it, with CUDA, more of those.
const COMPLAINTS: [(&str, Option<Complaint>); 5] = [
    ("CUDA failure 2: ", Some(Complaint::OutOfMemory)),
    ("CUDA failure 100: ", Some(Complaint::NoDevice)),
    ("CUDA failure ", None),
    ("Available memory of ", Some(Complaint::MemoryLimit)),
    ("Invalid device ID: ", Some(Complaint::NoSuchDevice)),
];

/// What a message of a GPU's library complains of.
pub fn complaint(message: &str) -> Option<Complaint> {
    COMPLAINTS.iter().find(|(begin, _)| message.contains(begin)).and_then(|(_, complaint)| *complaint)
}

/// ONNX Runtime puts a place in its own sources and a number in front of some messages, and a line's end behind:
/// `/onnxruntime_src/… [ONNXRuntimeError] : 1 : FAIL : Failed to load library …`. The rest is what people can use.
fn tidy(message: &str) -> &str {
    const MARK: &str = "[ONNXRuntimeError] : ";
    let inner = message.rsplit_once(MARK).and_then(|(_, rest)| rest.splitn(3, " : ").nth(2));
    let inner = inner.unwrap_or(message).trim();
    let gist = COMPLAINTS.iter().find_map(|(begin, _)| inner.find(begin).and_then(|at| inner.get(at..)));
    gist.map_or(inner, |gist| gist.split(" ; ").next().unwrap_or(gist))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As 1.31.1 says it on an H200.
    #[test]
    fn of_a_gpus_complaint_the_gist_is_left() {
        let told = |message| (whole(&Said(message, None)), complaint(message));
        let limit = "Exception during initialization: /onnxruntime_src/onnxruntime/core/framework/bfc_arena.cc:360 void* \
                     onnxruntime::BFCArena::AllocateRawInternal(size_t, bool, onnxruntime::Stream*) Available memory of \
                     3474176 is smaller than requested bytes of 4194304";
        let gist = "Available memory of 3474176 is smaller than requested bytes of 4194304";
        assert_eq!(told(limit), (gist.into(), Some(Complaint::MemoryLimit)));
        let device = "provider_options_utils.h:187 Parse Failed to parse provider option \"device_id\": CUDA failure 100: no \
                      CUDA-capable device is detected ; GPU=-1 ; hostname=vm ; file=/onnxruntime_src/onnxruntime/core/\
                      providers/cuda/cuda_execution_provider_info.cc ; line=70 ; expr=cudaGetDeviceCount(&num_devices);";
        let gist = "CUDA failure 100: no CUDA-capable device is detected";
        assert_eq!(told(device), (gist.into(), Some(Complaint::NoDevice)));
        let number = "provider_options_utils.h:187 Parse Failed to parse provider option \"device_id\": \
                      cuda_execution_provider_info.cc:71 operator() Invalid device ID: 7, must be between 0 (inclusive) and 1 \
                      (exclusive).";
        let gist = "Invalid device ID: 7, must be between 0 (inclusive) and 1 (exclusive).";
        assert_eq!(told(number), (gist.into(), Some(Complaint::NoSuchDevice)));
        let memory = "cuda_call.cc:154 CudaCall(...) CUDA failure 2: out of memory ; GPU=0 ; hostname=vm";
        assert_eq!(told(memory), ("CUDA failure 2: out of memory".into(), Some(Complaint::OutOfMemory)));
        assert_eq!(told("CUDA failure 700: an illegal memory access ; GPU=0").1, None);
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Said(&'static str, #[source] Option<Box<Said>>);

    #[test]
    fn a_reason_below_is_part_of_it() {
        let error = Said("dlopen failed", Some(Box::new(Said("libcuda.so.1: no such file", None))));
        assert_eq!(whole(&error), "dlopen failed: libcuda.so.1: no such file");
        assert_eq!(whole(&Said("a: b", Some(Box::new(Said("b", None))))), "a: b");
    }

    /// As the GPU build of 1.31.1 says it.
    #[test]
    fn places_in_other_peoples_sources_are_left_out() {
        let message = "/onnxruntime_src/onnxruntime/core/session/provider_bridge_ort.cc:2043 onnxruntime::Provider& \
                       onnxruntime::ProviderLibrary::Get() [ONNXRuntimeError] : 1 : FAIL : Failed to load library \
                       libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared object file\n  ";
        assert_eq!(
            whole(&Said(message, None)),
            "Failed to load library libonnxruntime_providers_cuda.so with error: libcublasLt.so.13: cannot open shared \
             object file"
        );
        assert_eq!(whole(&Said("[ONNXRuntimeError] : 1 : FAIL", None)), "[ONNXRuntimeError] : 1 : FAIL");
    }
}
