//! `moead-train` as its users meet it: usage, what is wrong with their files, and a whole run.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up its case has failed")]

use moead_tests::command::Program;

mod bad_input;
mod early_ends;
mod files;
mod resumed;
mod run;
mod usage;

/// An empty folder in which the program runs; snapshots taken while it lives have run-dependent parts replaced.
struct Desk {
    folder: tempfile::TempDir,
    _filters: insta::internals::SettingsBindDropGuard,
}

impl Desk {
    fn new() -> Self {
        let mut settings = insta::Settings::clone_current();
        settings.add_filter(r"commit: \S+", "commit: [COMMIT]");
        settings.add_filter(r"target: \S+", "target: [TARGET]");
        settings.add_filter(r"tract \d+\.\d+\.\d+", "tract [VERSION]");
        // The last digits are the vector unit's.
        settings.add_filter(r"loss [\d.]+", "loss [LOSS]");
        settings.add_filter(r"AUROC [\d.]+", "AUROC [AUROC]");
        Self { folder: tempfile::tempdir().unwrap(), _filters: settings.bind_to_scope() }
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// Good pictures of a product, each a little different: stripes of some width at some place.
    fn pictures(&self, folder: &str, count: u32) {
        for number in 0..count {
            let pixel = |x: u32, y: u32| {
                let bright = if ((x + 3 * number) / 6).is_multiple_of(2) { 90 } else { 160 };
                let noise =
                    x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).wrapping_add(number * 977);
                image::Rgb([bright + (noise >> 7 & 15) as u8, bright, 200 - bright / 2])
            };
            let picture = image::RgbImage::from_fn(48, 40, pixel);
            let path = self.folder.path().join(folder).join(format!("{number:03}.png"));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            picture.save(path).unwrap();
        }
    }

    /// A backbone of drawn weights, as part of a whole checkpoint.
    fn backbone(&self) {
        let checkpoint = moead_tests::synthetic_checkpoint::Checkpoint::of(&moead_tests::golden::Case::small("tiny"));
        let path = self.folder.path().join("backbone.safetensors");
        checkpoint.write(moead_tests::synthetic_checkpoint::Form::Safetensors, &path);
    }

    /// What a user sees, given these arguments, separated by spaces.
    fn says(&self, arguments: &str) -> String {
        self.program(arguments).run().transcript()
    }

    fn program(&self, arguments: &str) -> Program {
        Program::new("moead-train").args(arguments.split_whitespace()).in_folder(self.folder.path())
    }
}
