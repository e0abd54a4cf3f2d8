//! Which GPU and which TensorRT there are, as files say it: an engine that was built for others must not be loaded.

use std::fs;
use std::path::{Path, PathBuf};

/// Board or GPU, with the device's number. `root` is `/`, but in tests.
///
/// A Jetson is known by its device tree, a PC by what the driver lists; with several GPUs in it, all are named, since the driver's
/// numbers and the library's need not agree.
pub fn device(root: &Path, number: u32) -> String {
    let board = fs::read(root.join("proc/device-tree/model")).ok();
    let board = board.map(|text| String::from_utf8_lossy(&text).trim_end_matches(['\0', '\n']).to_owned());
    let name = board.or_else(|| gpus(root)).unwrap_or_else(|| "unknown".into());
    format!("{number}: {name}")
}

fn gpus(root: &Path) -> Option<String> {
    let folders = root.join("proc/driver/nvidia/gpus").read_dir().ok()?;
    let mut names: Vec<String> = folders
        .flatten()
        .filter_map(|folder| fs::read_to_string(folder.path().join("information")).ok())
        .filter_map(|text| text.lines().find_map(|line| line.strip_prefix("Model:")).map(|name| name.trim().to_owned()))
        .collect();
    names.sort();
    (!names.is_empty()).then(|| names.join(" + "))
}

/// TensorRT's version, from the name of the file that its library's link leads to, in the first of these folders that has one.
pub fn tensorrt(folders: &[PathBuf]) -> Option<String> {
    folders.iter().find_map(|folder| {
        let mut names: Vec<_> = folder.read_dir().ok()?.flatten().map(|entry| entry.file_name()).collect();
        names.sort();
        // The longest name has the whole version: libnvinfer.so.10.3.0 beside libnvinfer.so.10.
        let versions = names.iter().filter_map(|name| name.to_str()?.strip_prefix("libnvinfer.so."));
        versions.max_by_key(|version| version.len()).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = root.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        root
    }

    #[test]
    fn a_board_is_known_by_its_device_tree() {
        let root = tree(&[("proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0")]);
        assert_eq!(device(root.path(), 0), "0: NVIDIA Jetson Orin Nano Developer Kit");
    }

    #[test]
    fn a_pc_is_known_by_its_gpus() {
        let root = tree(&[
            ("proc/driver/nvidia/gpus/0000:02:00.0/information", "Model: \t\t NVIDIA H100\nIRQ:   \t\t 5\n"),
            ("proc/driver/nvidia/gpus/0000:01:00.0/information", "Model: \t\t NVIDIA GeForce RTX 4090\n"),
        ]);
        assert_eq!(device(root.path(), 1), "1: NVIDIA GeForce RTX 4090 + NVIDIA H100");
        assert_eq!(device(tree(&[]).path(), 0), "0: unknown");
    }

    #[test]
    fn the_file_name_tells_the_version() {
        let root = tree(&[("a/libc.so.6", ""), ("b/libnvinfer.so.10", ""), ("b/libnvinfer.so.10.3.0", "")]);
        let folders = ["missing", "a", "b"].map(|name| root.path().join(name));
        assert_eq!(tensorrt(&folders).as_deref(), Some("10.3.0"));
        assert_eq!(tensorrt(&folders[..2]), None);
    }
}
