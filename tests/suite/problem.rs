//! A golden case as something to compute.

use std::collections::BTreeMap;

use moead_exporter::checkpoint::Checkpoint;
use moead_exporter::export::{self, ExportError, Exported, Provenance};
use moead_exporter::graph::Form;
use moead_exporter::precision;
use moead_exporter::resolve::{self, Resolved, Wishes};
use moead_model::architecture::Decoder;
use moead_model::manifest::{Moe, Precision, Source};
use moead_model::onnx::model_file::ModelFile;
use moead_runtime::preprocess::normalize::normalize;
use moead_tests::golden::{Case, Expected};
use moead_tests::synthetic_checkpoint::{Checkpoint as Drawn, Form as FileForm};

/// The four forms of a graph.
pub(crate) const FORMS: [Form; 4] = [
    Form { precision: Precision::F32, moe: Moe::Sparse },
    Form { precision: Precision::F32, moe: Moe::Dense },
    Form { precision: Precision::F16, moe: Moe::Sparse },
    Form { precision: Precision::F16, moe: Moe::Dense },
];

/// Network, input and what the reference computed from them.
pub(crate) struct Problem {
    pub(crate) case: Case,
    pub(crate) resolved: Resolved,
    pub(crate) checkpoint: Checkpoint,
    /// 1 x 3 x H x W.
    pub(crate) input: Vec<f32>,
    pub(crate) expected: BTreeMap<String, Expected>,
    _folder: tempfile::TempDir,
}

impl Problem {
    pub(crate) fn new(case: Case) -> Self {
        Self::with_checkpoint(case, |_| {})
    }

    /// With settings that differ from the case's own; `expected` is then another network's.
    pub(crate) fn with_arch(case: Case, change: impl FnOnce(&mut serde_json::Value)) -> Self {
        Self::with_checkpoint(case, |drawn| change(drawn.arch.as_mut().expect("a case has settings")))
    }

    /// With another checkpoint than the case's own; `expected` is then another network's.
    pub(crate) fn with_checkpoint(case: Case, change: impl FnOnce(&mut Drawn)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("checkpoint.safetensors");
        let mut drawn = Drawn::of(&case);
        change(&mut drawn);
        drawn.write(FileForm::Safetensors, &path);
        let checkpoint = Checkpoint::open(&path).expect("a checkpoint that can be read");
        let resolved = resolve::resolve(&checkpoint, checkpoint.architecture(), Wishes::default())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert!(resolved.assumed.is_empty(), "{}: {:?}", case.name, resolved.assumed);
        let expected = case.expected();
        let pixels: Vec<u8> = expected["image_u8"].data.iter().map(|&byte| byte as u8).collect();
        let input = normalize(&pixels, resolved.architecture.backbone().normalization());
        Self { case, resolved, checkpoint, input, expected, _folder: folder }
    }

    /// The model file in that form.
    pub(crate) fn model(&self, form: Form) -> ModelFile {
        let exported = self.export(form).unwrap_or_else(|error| panic!("{}: {error}", self.case.name));
        exported.model().clone()
    }

    /// The model in that form, or why there is none.
    pub(crate) fn export(&self, form: Form) -> Result<Exported, ExportError> {
        let weights = precision::stored(&self.checkpoint, &self.resolved.architecture, form.precision);
        let source = Source { file: "x".into(), sha256: "0".repeat(64), extra: serde_json::Map::default() };
        let provenance = Provenance { name: self.case.name.clone(), source };
        export::export(&self.resolved.architecture, weights.as_ref(), form, provenance)
    }

    /// How many rounds of routed experts there are; none for stacked layers.
    pub(crate) fn rounds(&self) -> usize {
        match &self.resolved.architecture.reconstruction().decoder {
            Decoder::Shared(rounds) => rounds.rounds,
            Decoder::Stacked(_) => 0,
        }
    }

    /// The graph's names of what the golden data call `round{r}.moe{n}_{what}`.
    pub(crate) fn choices(&self) -> Vec<(String, String)> {
        let of_round = |round: usize| {
            [("moe1", "moe_ffn"), ("moe2", "moe_ffn_2")].map(|(golden, graph)| {
                (format!("round{round}.{golden}_experts"), format!("round{round}.{graph}.choice.experts"))
            })
        };
        (0..self.rounds()).flat_map(of_round).collect()
    }
}

/// Declares one test per golden case, so that one run names every case that fails. The large ones say so when they are
/// not here.
macro_rules! for_each_case {
    ($check:path) => {
        for_each_case!($check: tiny tiny_b4_l234 tiny_experts8_top3 tiny_mask_mixed tiny_nomask tiny_o tiny_prenorm
            tiny_quiet tiny_rect tiny_resnet18 tiny_top1 tiny_uniad tiny_wrn50);

        #[test]
        fn official_224() {
            if let Some(case) = moead_tests::golden::Case::large("official_224") {
                $check($crate::problem::Problem::new(case));
            }
        }

        #[test]
        fn visa_256() {
            if let Some(case) = moead_tests::golden::Case::large("visa_256") {
                $check($crate::problem::Problem::new(case));
            }
        }
    };
    ($check:path: $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                $check($crate::problem::Problem::new(moead_tests::golden::Case::small(stringify!($name))));
            }
        )*

        #[test]
        fn every_case_of_the_repository_is_in_the_list() {
            let found: Vec<_> = moead_tests::golden::Case::all_small().into_iter().map(|case| case.name).collect();
            assert_eq!(found, [$(stringify!($name)),*]);
        }
    };
}

pub(crate) use for_each_case;
