//! The TensorRT provider's settings.

use std::path::PathBuf;

use ::ort::ep::{
    ArbitrarilyConfigurableExecutionProvider as _, ExecutionProvider as _, ExecutionProviderDispatch, TensorRT,
};

use super::cuda::GpuSettings;

/// Its name in the library, and its own library.
pub(super) const NAMES: (&str, &str) = (TensorRT::NAME, "libonnxruntime_providers_tensorrt.so");

/// With how many bits TensorRT may compute. Whether the result is still good enough is for the self-test to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Precision {
    /// Single.
    #[default]
    F32,
    /// Half, where TensorRT finds it faster.
    F16,
    /// Eight bits where the calibration table has a range, half elsewhere.
    Int8,
}

impl Precision {
    /// As typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
            Self::Int8 => "int8",
        }
    }
}

/// How a model becomes a TensorRT engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EngineSettings {
    /// The least precise arithmetic.
    pub precision: Precision,
    /// Where the provider reads and writes engines; without, none is kept.
    pub folder: Option<PathBuf>,
    /// For eight bits: the name of TensorRT's own calibration table, in `folder`.
    pub calibration: Option<&'static str>,
}

impl EngineSettings {
    fn options(&self, gpu: &GpuSettings) -> Vec<(&'static str, String)> {
        let on = || "1".to_owned();
        let mut options = vec![("device_id", gpu.device.to_string())];
        if let Some(folder) = &self.folder {
            let folder = folder.to_string_lossy().into_owned();
            options.extend([
                ("trt_engine_cache_enable", on()),
                ("trt_engine_cache_path", folder.clone()),
                ("trt_timing_cache_enable", on()),
                ("trt_timing_cache_path", folder),
            ]);
        }
        if let Some(bytes) = gpu.memory {
            options.push(("trt_max_workspace_size", bytes.to_string()));
        }
        if self.precision != Precision::F32 {
            options.push(("trt_fp16_enable", on()));
        }
        if self.precision == Precision::Int8 {
            options.push(("trt_int8_enable", on()));
        }
        if let Some(table) = &self.calibration {
            options.push(("trt_int8_calibration_table_name", (*table).to_owned()));
            options.push(("trt_int8_use_native_calibration_table", on()));
        }
        options
    }

    pub(super) fn provider(&self, gpu: &GpuSettings) -> ExecutionProviderDispatch {
        let options = self.options(gpu).into_iter();
        options.fold(TensorRT::default(), |provider, (key, value)| provider.with_arbitrary_config(key, value)).build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(engine: &EngineSettings, gpu: GpuSettings) -> String {
        let options = engine.options(&gpu);
        options.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
    }

    const CACHE: &str =
        "trt_engine_cache_enable=1 trt_engine_cache_path=/c trt_timing_cache_enable=1 trt_timing_cache_path=/c";

    #[test]
    fn precision_is_switched_on_step_by_step() {
        let engine = |precision| EngineSettings { precision, folder: Some("/c".into()), calibration: None };
        let of = |precision| options(&engine(precision), GpuSettings::default());
        assert_eq!(options(&EngineSettings::default(), GpuSettings::default()), "device_id=0");
        assert_eq!(of(Precision::F32), format!("device_id=0 {CACHE}"));
        assert_eq!(of(Precision::F16), format!("device_id=0 {CACHE} trt_fp16_enable=1"));
        assert_eq!(of(Precision::Int8), format!("device_id=0 {CACHE} trt_fp16_enable=1 trt_int8_enable=1"));
    }

    #[test]
    fn device_memory_and_table_are_passed_on() {
        let engine =
            EngineSettings { precision: Precision::Int8, folder: Some("/c".into()), calibration: Some("ranges.table") };
        let gpu = GpuSettings { device: 2, memory: Some(1 << 30) };
        assert_eq!(
            options(&engine, gpu),
            format!(
                "device_id=2 {CACHE} trt_max_workspace_size=1073741824 trt_fp16_enable=1 trt_int8_enable=1 \
                 trt_int8_calibration_table_name=ranges.table trt_int8_use_native_calibration_table=1"
            )
        );
    }
}
