//! What other people's libraries say, as it can stand in a message of ours.

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

/// ONNX Runtime puts a place in its own sources and a number in front of some messages, and a line's end behind:
/// `/onnxruntime_src/… [ONNXRuntimeError] : 1 : FAIL : Failed to load library …`. The rest is what people can use.
fn tidy(message: &str) -> &str {
    const MARK: &str = "[ONNXRuntimeError] : ";
    let inner = message.rsplit_once(MARK).and_then(|(_, rest)| rest.splitn(3, " : ").nth(2));
    inner.unwrap_or(message).trim()
}

#[cfg(test)]
mod tests {
    use super::*;

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
