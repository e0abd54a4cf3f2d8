//! A picture's work as one CUDA graph: recorded once, and from then on given to the GPU in one piece. Kernel by kernel, the processor
//! takes longer to start the hundreds of kernels of a network than a GPU to run them.
//!
//! A graph is bound to addresses, so picture and answers have places of their own in the GPU's memory, and are copied there and back.

use ::ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ::ort::session::{IoBinding, RunOptions, Session};
use ::ort::value::Tensor;
use moead_model::onnx::contract::IMAGE;

use super::elf::Version;
use crate::engine::{Output, Outputs, Tensor as Answer};

/// Since when the library can leave a single run out of the recording, which the look at what runs where needs.
pub(super) const SINCE: Version = Version { major: 1, minor: 18, patch: 0 };

/// For a run that is neither recorded nor replayed: in the library's words, of the graph that has no number.
pub(super) fn unrecorded() -> ::ort::Result<RunOptions> {
    let mut options = RunOptions::new()?;
    options.set("gpu_graph_id", "-1")?;
    Ok(options)
}

/// A session's places on both sides, and what was recorded between them.
pub(super) struct Replay {
    picture: Places<f32>,
    answers: Vec<(Output, Place)>,
    binding: IoBinding,
}

/// The same numbers in the processor's memory and in the GPU's.
struct Places<T: ::ort::value::PrimitiveTensorElementType + std::fmt::Debug> {
    here: Tensor<T>,
    there: Tensor<T>,
}

enum Place {
    Numbers(Places<f32>),
    Indices(Places<i64>),
}

impl<T: ::ort::value::PrimitiveTensorElementType + std::fmt::Debug + 'static> Places<T> {
    fn new(gpu: &Allocator, shape: &[usize]) -> ::ort::Result<Self> {
        let shape: Vec<i64> = shape.iter().map(|&side| side as i64).collect();
        Ok(Self { here: Tensor::new(&Allocator::default(), shape.clone())?, there: Tensor::new(gpu, shape)? })
    }

    /// What lies on the GPU, brought here.
    fn fetch(&mut self) -> ::ort::Result<&[T]> {
        self.there.copy_into(&mut self.here)?;
        Ok(self.here.try_extract_tensor()?.1)
    }
}

impl Replay {
    /// Takes the places and records the work. `seen` is what the session answered to a run that was not recorded: shapes come from there.
    pub(super) fn record(
        session: &mut Session,
        device: i32,
        picture: &[f32],
        shape: [usize; 4],
        seen: &Outputs,
        names: &[(Output, String)],
    ) -> ::ort::Result<Self> {
        let memory = MemoryInfo::new(AllocationDevice::CUDA, device, AllocatorType::Device, MemoryType::Default)?;
        let gpu = Allocator::new(session, memory)?;
        let mut binding = session.create_binding()?;
        let input = Places::new(&gpu, &shape)?;
        binding.bind_input(IMAGE, &input.there)?;
        let mut answers = Vec::new();
        for (output, name) in names {
            let missing = || ::ort::Error::new(format!("no output {name}"));
            let shape = &seen.get(*output).ok_or_else(missing)?.shape;
            let place = match output {
                Output::Experts(_) => {
                    let mut places = Places::new(&gpu, shape)?;
                    binding.bind_output(name, &mut places.there)?;
                    Place::Indices(places)
                }
                _ => {
                    let mut places = Places::new(&gpu, shape)?;
                    binding.bind_output(name, &mut places.there)?;
                    Place::Numbers(places)
                }
            };
            answers.push((*output, place));
        }
        let mut replay = Self { picture: input, answers, binding };
        // The first run takes the memory, records, and replays.
        replay.run(session, picture)?;
        Ok(replay)
    }

    /// * `picture`: as many numbers as the network's input has.
    pub(super) fn run(&mut self, session: &mut Session, picture: &[f32]) -> ::ort::Result<Outputs> {
        let Self { picture: input, answers, binding } = self;
        input.here.try_extract_tensor_mut()?.1.copy_from_slice(picture);
        input.here.copy_into(&mut input.there)?;
        session.run_binding(binding)?;
        let fetched = answers.iter_mut().map(|(output, place)| {
            let data = match place {
                Place::Numbers(places) => places.fetch()?.to_vec(),
                Place::Indices(places) => places.fetch()?.iter().map(|&index| index as f32).collect(),
            };
            Ok((*output, Answer { shape: place.shape(), data }))
        });
        fetched.collect::<::ort::Result<_>>().map(Outputs::new)
    }
}

impl Place {
    fn shape(&self) -> Vec<usize> {
        let shape = match self {
            Self::Numbers(places) => places.here.shape(),
            Self::Indices(places) => places.here.shape(),
        };
        shape.iter().map(|&side| usize::try_from(side).unwrap_or(0)).collect()
    }
}
