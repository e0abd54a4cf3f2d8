//! A board is a file: what it runs, how fast, under which limits, and how that was tested.
//!
//! [`mod@file`] specifies the form, [`catalogue`] has the boards that this program knows, and [`Profile`] is what the rest of the
//! crate works with: complete, and without contradictions.

use std::num::{NonZeroU16, NonZeroU32};

use moead_bundle::version::Version;
use moead_model::manifest::Moe;
use serde::{Deserialize, Serialize};

pub mod catalogue;
pub mod error;
pub mod file;

/// All that a bundle must know about a board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// As it is asked for.
    pub name: String,
    /// For people.
    pub title: String,
    /// Which boards it is for.
    pub board: Board,
    /// What its programs are.
    pub target: Target,
    /// What computes.
    pub engine: Engine,
    /// Where pictures come from.
    pub camera: Camera,
    /// How systemd runs it.
    pub service: Service,
    /// What the above rests on.
    pub tested: Tested,
}

/// Which boards a profile is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Board {
    /// What `/proc/device-tree/model` begins with, one of them; empty: any board.
    pub names: Vec<String>,
    /// The system that is meant, for people.
    pub system: Option<String>,
}

/// What a board's programs are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Target {
    /// The machine.
    pub triple: Triple,
    /// The oldest that the system may have.
    pub glibc: Version,
}

/// The machines that this project is built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Triple {
    /// 64-bit ARM.
    #[serde(rename = "aarch64-unknown-linux-gnu")]
    Aarch64,
    /// 64-bit PC.
    #[serde(rename = "x86_64-unknown-linux-gnu")]
    X86_64,
}

impl Triple {
    /// As Rust names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }

    /// As Debian and container images name the machine.
    #[must_use]
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Aarch64 => "arm64",
            Self::X86_64 => "amd64",
        }
    }
}

/// What computes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Engine {
    /// Of moead-edge.
    pub name: EngineName,
    /// What the engine computes on.
    pub provider: Provider,
    /// Forms of experts that it takes, the best one first.
    pub moe: Vec<Moe>,
    /// Threads that compute one picture.
    pub threads: NonZeroU16,
}

/// Of moead-edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineName {
    /// Inside the program.
    Tract,
    /// ONNX Runtime's library, which must be on the board.
    Ort,
}

/// What an engine computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The processor.
    Cpu,
    /// An NVIDIA GPU.
    Cuda,
    /// An NVIDIA GPU, by engines that are compiled for it.
    TensorRt,
}

impl EngineName {
    /// As moead-edge's flag names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tract => "tract",
            Self::Ort => "ort",
        }
    }
}

impl Provider {
    /// As moead-edge's flag names it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        }
    }
}

/// Where pictures come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Camera {
    /// A source as moead-edge takes them.
    pub source: String,
}

/// How systemd runs it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Service {
    /// Changes to the unit that the board needs.
    pub drop_ins: Vec<DropIn>,
    /// Whose devices it may use.
    pub groups: Vec<String>,
    /// At most so much memory, as systemd writes it: `600M`.
    pub memory: String,
    /// Seconds until it must be ready.
    pub start_timeout: NonZeroU32,
    /// Seconds without a sign of life after which it is killed and started again.
    pub watchdog: NonZeroU32,
}

/// Changes to the unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropIn {
    /// CUDA's devices and compiled kernels on a Jetson.
    JetsonGpu,
}

impl DropIn {
    /// The file's name without its ending.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::JetsonGpu => "jetson-gpu",
        }
    }
}

/// What a profile rests on. Never inherited: another board is another board.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tested {
    /// The strongest of the proofs.
    pub how: How,
    /// What is not covered.
    pub note: Option<String>,
}

/// How it was tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// On that board.
    Hardware,
    /// In a virtual machine with that processor.
    Emulated,
    /// Written from documents.
    NotTried,
}

impl How {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hardware => "hardware",
            Self::Emulated => "emulated",
            Self::NotTried => "not tried",
        }
    }
}
