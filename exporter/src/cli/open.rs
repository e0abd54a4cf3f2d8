//! Opens a checkpoint as the arguments say.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;
use serde_json::Value;

use super::arguments::CheckpointArguments;
use crate::checkpoint::{Checkpoint, TensorError, strict_json};
use crate::resolve::{self, ResolveError, Resolved, Wishes, WithBackbone};
use crate::weights::Weights;

/// An `arch` is a page of text; more is a mistake.
const MAX_ARCH_BYTES: u64 = 1 << 20;

/// A checkpoint and, when it has no backbone of its own, the file that has.
pub(super) struct Opened {
    pub(super) checkpoint: Checkpoint,
    pub(super) backbone: Option<Checkpoint>,
    /// The file that `--arch` names, and what it says.
    arch: Option<(PathBuf, Value)>,
    wishes: Wishes,
}

impl Opened {
    pub(super) fn open(arguments: &CheckpointArguments) -> anyhow::Result<Self> {
        let open = |path: &Path| Checkpoint::open(path).at(path.display());
        let checkpoint = open(arguments.file())?;
        let backbone = arguments.backbone.as_deref().map(open).transpose()?;
        let read = |path: &PathBuf| Ok::<_, anyhow::Error>((path.clone(), read_arch(path)?));
        let arch = arguments.arch.as_ref().map(read).transpose()?;
        let wishes = Wishes { variant: arguments.variant.map(Into::into), input: arguments.input_size };
        Ok(Self { checkpoint, backbone, arch, wishes })
    }

    /// Resolves the network and hands it to `work`, with one view of all tensors.
    pub(super) fn resolve<T>(
        &self,
        printer: &Printer,
        work: impl FnOnce(&Resolved, &dyn Weights) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let place = || self.checkpoint.path().display().to_string();
        let arch = self.arch.as_ref().map(|(_, value)| value).or(self.checkpoint.architecture());
        let joined = match &self.backbone {
            Some(backbone) => {
                let joined = WithBackbone::new(&self.checkpoint, backbone);
                Some(joined.or_else(|error| self.blame(error))?)
            }
            None => None,
        };
        let weights: &dyn Weights = match &joined {
            Some(joined) => joined,
            None => &self.checkpoint,
        };
        let resolved = resolve::resolve(weights, arch, self.wishes).or_else(|error| self.blame(error))?;
        if !resolved.assumed.is_empty() {
            let list: Vec<String> = resolved.assumed.iter().map(ToString::to_string).collect();
            printer.warning(format_args!(
                "{}: neither the file nor a flag gives these settings, so they take the published values: {}",
                place(),
                list.join(", ")
            ));
        }
        if !resolved.unknown_keys.is_empty() {
            let list = resolved.unknown_keys.join(", ");
            printer.warning(format_args!("{}: arch: keys without a meaning here: {list}", place()));
        }
        work(&resolved, weights)
    }

    /// Puts the file in front that an error is about.
    fn blame<T>(&self, error: ResolveError) -> anyhow::Result<T> {
        let tensor: &str = match &error {
            ResolveError::Missing { first, .. } | ResolveError::Surplus { first, .. } => first,
            ResolveError::Tensor(TensorError::Shape { name, .. }) => name,
            ResolveError::UnknownBackbone { .. } => "backbone.",
            _ => "",
        };
        let culprit = match (&error, &self.arch, &self.backbone) {
            (ResolveError::Arch { .. }, Some((path, _)), _) => path,
            (_, _, Some(backbone)) if tensor.starts_with("backbone.") => backbone.path(),
            _ => self.checkpoint.path(),
        };
        let culprit = culprit.display().to_string();
        Err(error).at(culprit)
    }
}

fn read_arch(path: &Path) -> anyhow::Result<Value> {
    let mut text = String::new();
    let file = File::open(path).at(path.display())?;
    file.take(MAX_ARCH_BYTES + 1).read_to_string(&mut text).at(path.display())?;
    anyhow::ensure!(text.len() as u64 <= MAX_ARCH_BYTES, "{}: more than {MAX_ARCH_BYTES} bytes", path.display());
    strict_json::parse(&text)
        .context("expected a JSON list of the entries backbone, neck, reconstruction")
        .at(path.display())
}
