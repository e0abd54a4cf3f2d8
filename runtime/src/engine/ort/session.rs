//! A model on ONNX Runtime, ready to run.

use ::ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ::ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use ::ort::session::{HasSelectedOutputs, IoBinding, OutputSelector, RunOptions, SessionOutputs};
use ::ort::value::TensorRef;
use moead_model::architecture::ImageSize;
use moead_model::onnx::contract::IMAGE;
use moead_model::onnx::foreign::ForeignModel;
use moead_model::onnx::model_file::ModelFile;

use super::elf::Version;
use super::providers::cuda::Launch;
use super::providers::{Setup, Target};
use super::replay::{self, Replay};
use super::words::whole;
use crate::engine::{Engine, EngineError, Output, Outputs, Tensor, named};

/// What errors call it.
pub(super) const NAME: &str = "ONNX Runtime";

/// A model that is ready to run.
pub struct Session {
    // Before `session` in this order, so that what belongs to the session goes first.
    io: Io,
    session: ::ort::session::Session,
    size: ImageSize,
    outputs: Vec<(Output, String)>,
}

/// Where a picture is handed over, and its answer.
enum Io {
    /// In our memory, as it is: the CPU provider reads and writes there.
    Direct(RunOptions<HasSelectedOutputs>),
    /// In memory of the library's, taken once: from there to the GPU and back.
    Bound { input: ::ort::value::Tensor<f32>, binding: Box<IoBinding>, options: RunOptions },
    /// In memory of the GPU's, taken once, from which a recorded graph reads.
    Replayed(Box<Replay>),
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("size", &self.size).field("outputs", &self.outputs).finish_non_exhaustive()
    }
}

impl Session {
    /// Loads a model: `setup` says on what and how, `outputs` what is wanted of it. What leads to none of them is not computed.
    ///
    /// # Errors
    /// [`EngineError::Load`], with the library's words.
    pub fn load(setup: &Setup<'_>, model: &ModelFile, outputs: &[Output]) -> Result<Self, EngineError> {
        let size = model.manifest().input.size();
        let outputs = named(model, outputs, NAME)?;
        // The library computes nothing but outputs of the file.
        let bytes = model.with_outputs(&outputs.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>());
        Self::of(setup, &bytes, size, outputs)
    }

    /// The same for a model of somebody else.
    ///
    /// # Errors
    /// [`EngineError::Load`], with the library's words.
    pub fn load_foreign(setup: &Setup<'_>, model: &ForeignModel, outputs: &[Output]) -> Result<Self, EngineError> {
        let named = outputs.iter().map(|&output| (output, output.name().to_owned())).collect();
        Self::of(setup, model.bytes(), model.input().size(), named)
    }

    fn of(
        setup: &Setup<'_>,
        bytes: &[u8],
        size: ImageSize,
        outputs: Vec<(Output, String)>,
    ) -> Result<Self, EngineError> {
        let load = move || -> ::ort::Result<Self> {
            let mut builder = setup.register(options(setup)?)?;
            let session = builder.commit_from_memory(bytes)?;
            let io = Io::new(setup, &session, size, &outputs)?;
            Ok(Self { io, session, size, outputs })
        };
        load().map_err(|error| EngineError::Load { engine: NAME, message: whole(&error) })
    }

    /// Records the work on a picture, for a session that was made to be recorded ([`Launch::AsGraph`]); from then on it is replayed.
    /// `seen` is what the session answered before.
    ///
    /// # Errors
    /// [`EngineError::Run`]
    pub(super) fn record(&mut self, device: u32, picture: &[f32], seen: &Outputs) -> Result<(), EngineError> {
        let device = device.cast_signed();
        let recorded = Replay::record(&mut self.session, device, picture, shape(self.size), seen, &self.outputs);
        self.io = Io::Replayed(Box::new(recorded.map_err(|error| failed(&error))?));
        Ok(())
    }

    /// Ends the profile that [`Setup::profile`] began; the file's path.
    ///
    /// # Errors
    /// [`EngineError::Run`]
    pub(super) fn end_profile(&mut self) -> Result<String, EngineError> {
        self.session.end_profiling().map_err(|error| failed(&error))
    }
}

fn failed(error: &::ort::Error) -> EngineError {
    EngineError::Run { engine: NAME, message: whole(error) }
}

/// What holds for every provider: the threads that were asked for and no more, which sleep while there is nothing to do. By
/// default they would spin for milliseconds after every picture.
fn options(setup: &Setup<'_>) -> ::ort::Result<SessionBuilder> {
    let mut builder = SessionBuilder::new(setup.library.environment())?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(setup.threads.get())?
        .with_inter_threads(1)?
        .with_parallel_execution(false)?
        .with_config_entry("session.intra_op.allow_spinning", "0")?
        .with_config_entry("session.inter_op.allow_spinning", "0")?;
    if let Some(batch) = &setup.batch {
        builder = builder.with_dimension_override(batch, 1)?;
    }
    if let Some(profile) = &setup.profile {
        builder = builder.with_profiling(profile)?;
    }
    Ok(builder)
}

impl Io {
    fn new(
        setup: &Setup<'_>,
        session: &::ort::session::Session,
        size: ImageSize,
        outputs: &[(Output, String)],
    ) -> ::ort::Result<Self> {
        let Some(device) = setup.gpu() else {
            let selected = OutputSelector::no_default();
            let selected = outputs.iter().fold(selected, |selected, (_, name)| selected.with(name));
            return Ok(Self::Direct(RunOptions::new()?.with_outputs(selected)));
        };
        let (input, answers) = if is_pinned_memory_readable(setup.library.version) {
            let pinned =
                || MemoryInfo::new(AllocationDevice::CUDA_PINNED, device, AllocatorType::Device, MemoryType::CPUOutput);
            (Allocator::new(session, pinned()?)?, pinned()?)
        } else {
            let plain = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput)?;
            (Allocator::default(), plain)
        };
        let input = ::ort::value::Tensor::new(&input, shape(size))?;
        let options = match setup.provider {
            Target::Cuda(_, Launch::AsGraph) => replay::unrecorded()?,
            _ => RunOptions::new()?,
        };
        let mut binding = Box::new(session.create_binding()?);
        for (_, name) in outputs {
            binding.bind_output_to_device(name, &answers)?;
        }
        Ok(Self::Bound { input, binding, options })
    }
}

/// Whether tensors in pinned memory, from which the GPU copies without a detour, can be read here. Since 1.23 the library calls it
/// memory of the GPU, and only the interface of that version, which older libraries lack, says that the processor reaches it too:
/// the bindings then refuse to look.
fn is_pinned_memory_readable(version: Option<Version>) -> bool {
    version.is_some_and(|version| version < Version { major: 1, minor: 23, patch: 0 })
}

fn shape(size: ImageSize) -> [usize; 4] {
    [1, 3, size.height, size.width]
}

impl Engine for Session {
    fn input(&self) -> ImageSize {
        self.size
    }

    fn run(&mut self, picture: &[f32]) -> Result<Outputs, EngineError> {
        let ImageSize { height, width } = self.size;
        let expected = 3 * height * width;
        if picture.len() != expected {
            return Err(EngineError::Input { size: self.size, expected, found: picture.len() });
        }
        let mut run = || match &mut self.io {
            Io::Direct(options) => {
                let input = TensorRef::from_array_view((shape(self.size), picture))?;
                let answers = self.session.run_with_options(::ort::inputs![input], options)?;
                read(&answers, &self.outputs)
            }
            Io::Bound { input, binding, options } => {
                input.try_extract_tensor_mut()?.1.copy_from_slice(picture);
                // Binding is what copies it to the device.
                binding.bind_input(IMAGE, input)?;
                let answers = self.session.run_binding_with_options(binding, options)?;
                binding.synchronize_outputs()?;
                read(&answers, &self.outputs)
            }
            Io::Replayed(replay) => replay.run(&mut self.session, picture),
        };
        run().map_err(|error: ::ort::Error| failed(&error))
    }
}

fn read(answers: &SessionOutputs<'_>, outputs: &[(Output, String)]) -> ::ort::Result<Outputs> {
    let tensor = |(output, name): &(Output, String)| {
        let missing = || ::ort::Error::new(format!("no output {name}"));
        let answer = answers.get(name).ok_or_else(missing)?;
        let sides = |shape: &[i64]| shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect();
        let tensor = match output {
            Output::Experts(_) => {
                let (shape, numbers) = answer.try_extract_tensor::<i64>()?;
                Tensor { shape: sides(shape), data: numbers.iter().map(|&number| number as f32).collect() }
            }
            _ => {
                let (shape, data) = answer.try_extract_tensor::<f32>()?;
                Tensor { shape: sides(shape), data: data.to_vec() }
            }
        };
        Ok((*output, tensor))
    };
    outputs.iter().map(tensor).collect::<::ort::Result<_>>().map(Outputs::new)
}
