//! The graphics processor and what is needed to compute on it: driver, CUDA, cuDNN, TensorRT, and on Jetsons L4T and JetPack.

use super::board::Kind;
use super::finding::{Area, Finding};
use super::limits;
use super::root::{Root, cut};

const AREA: Area = Area::Graphics;

/// Where a machine keeps libraries.
const LIBRARIES: [&str; 7] = [
    "usr/lib/aarch64-linux-gnu",
    "usr/lib/x86_64-linux-gnu",
    "usr/local/cuda/lib64",
    "usr/local/lib",
    "usr/lib64",
    "usr/lib",
    "usr/lib/aarch64-linux-gnu/nvidia",
];

pub(super) fn findings(root: &Root, kind: Kind) -> Vec<Finding> {
    let driver = root.line("proc/driver/nvidia/version").map(|line| driver_version(&line));
    if kind != Kind::Jetson && driver.is_none() {
        return vec![Finding::ok(AREA, "graphics processor", "none with an NVIDIA driver: models run on the CPU")];
    }
    let mut findings = Vec::new();
    if kind == Kind::Jetson {
        findings.extend(jetson(root));
    }
    if let Some(driver) = driver {
        findings.push(Finding::ok(AREA, "driver", driver));
    }
    let cuda = cuda_version(root).or_else(|| library_version(root, "libcudart.so."));
    let parts = [
        ("CUDA", cuda),
        ("cuDNN", library_version(root, "libcudnn.so.")),
        ("TensorRT", library_version(root, "libnvinfer.so.")),
    ];
    for (name, version) in parts {
        findings.push(match version {
            Some(version) => Finding::ok(AREA, name, version),
            None => {
                let finding = Finding::note(AREA, name, "not found: the graphics processor cannot be used with it");
                if kind == Kind::Jetson { finding.remedy("`sudo apt install nvidia-jetpack`") } else { finding }
            }
        });
    }
    findings
}

fn jetson(root: &Root) -> Vec<Finding> {
    let release = root.line("etc/nv_tegra_release").and_then(|line| l4t_version(&line));
    let jetpack = package_version(root, "nvidia-jetpack");
    let mut findings = vec![match &release {
        Some(release) => Finding::ok(AREA, "L4T", release),
        None => Finding::note(AREA, "L4T", "not known: /etc/nv_tegra_release is missing"),
    }];
    let by_release = release.as_deref().and_then(jetpack_of);
    findings.push(match (jetpack, by_release) {
        (Some(version), _) => Finding::ok(AREA, "JetPack", version),
        (None, Some(version)) => {
            Finding::ok(AREA, "JetPack", format!("{version}, by its L4T; the package is not installed"))
        }
        (None, None) => Finding::note(AREA, "JetPack", "not known: the package nvidia-jetpack is not installed"),
    });
    findings
}

/// `36.4.3` of `# R36 (release), REVISION: 4.3, GCID: …`
fn l4t_version(line: &str) -> Option<String> {
    let is_number = |text: &&str| !text.is_empty() && text.chars().all(|digit| digit.is_ascii_digit() || digit == '.');
    let major = line.strip_prefix("# R")?.split_whitespace().next().filter(is_number)?;
    let revision = line.split("REVISION:").nth(1)?.split(',').next().map(str::trim).filter(is_number)?;
    Some(cut(&format!("{major}.{revision}")))
}

/// Which JetPack brought an L4T, for machines without the package.
fn jetpack_of(release: &str) -> Option<&'static str> {
    Some(match release {
        "35.3.1" => "5.1.1",
        "35.4.1" => "5.1.2",
        "35.5.0" => "5.1.3",
        "36.3.0" => "6.0",
        "36.4.0" => "6.1",
        "36.4.3" => "6.2",
        "36.4.4" => "6.2.1",
        "36.5.0" => "6.2.2",
        _ => return None,
    })
}

/// `540.4.0` of `NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build …`
fn driver_version(line: &str) -> String {
    let is_version = |word: &&str| {
        word.contains('.') && word.chars().all(|character| character.is_ascii_digit() || character == '.')
    };
    line.split_whitespace().find(is_version).map_or_else(|| cut(line), str::to_owned)
}

/// From the file that the toolkit brings.
fn cuda_version(root: &Root) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(&root.text("usr/local/cuda/version.json")?).ok()?;
    Some(cut(document.pointer("/cuda/version")?.as_str()?))
}

/// The highest version that a library's file is named with: `10.3.0` of `libnvinfer.so.10.3.0`.
fn library_version(root: &Root, stem: &str) -> Option<String> {
    let numbers = |version: &str| -> Option<Vec<u32>> { version.split('.').map(|part| part.parse().ok()).collect() };
    let files = LIBRARIES.iter().flat_map(|folder| root.names(folder, stem));
    let versions = files.filter_map(|file| {
        let version = file.strip_prefix(stem)?;
        Some((numbers(version)?, version.to_owned()))
    });
    versions.max().map(|(_, version)| version)
}

/// Of an installed package of Debian's.
fn package_version(root: &Root, name: &str) -> Option<String> {
    let text = root.text_up_to("var/lib/dpkg/status", limits::PACKAGES)?;
    let mut lines = text.lines().skip_while(|line| line.strip_prefix("Package: ") != Some(name));
    lines.next()?;
    let paragraph: Vec<_> = lines.take_while(|line| !line.is_empty()).collect();
    let value = |key: &str| paragraph.iter().find_map(|line| line.strip_prefix(key));
    value("Status: ")
        .is_some_and(|status| status.ends_with(" installed"))
        .then(|| value("Version: ").map(cut))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_the_words_around_them() {
        let line = "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64";
        assert_eq!(l4t_version(line).unwrap(), "36.4.3");
        for wrong in
            ["", "# R", "# R36 (release)", "# R36 (release), REVISION: ", "R36, REVISION: 1", "# Rx, REVISION: 1.0"]
        {
            assert_eq!(l4t_version(wrong), None, "{wrong}");
        }
        let line = "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  540.4.0  Release Build";
        assert_eq!(driver_version(line), "540.4.0");
        assert_eq!(driver_version("something else"), "something else");
    }

    #[test]
    fn of_several_libraries_the_newest_counts() {
        let folder = tempfile::tempdir().unwrap();
        let libraries = folder.path().join("usr/lib");
        std::fs::create_dir_all(&libraries).unwrap();
        std::fs::create_dir(folder.path().join("etc")).unwrap();
        for name in ["libcudnn.so.8.9.7", "libcudnn.so.9.3.0", "libcudnn.so.10", "libcudnn.so.x", "libcudnn.so"] {
            std::fs::write(libraries.join(name), "").unwrap();
        }
        let root = Root::recorded(folder.path()).unwrap();
        assert_eq!(library_version(&root, "libcudnn.so.").unwrap(), "10");
        assert_eq!(library_version(&root, "libnvinfer.so."), None);
    }
}
