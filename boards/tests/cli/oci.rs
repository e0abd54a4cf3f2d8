//! `moead-board build --format oci`: the layout, read back blob by blob.

use std::io::Read as _;
use std::path::Path;

use moead_bundle::digest::Digest;
use serde_json::{Value, json};

use crate::desk::Desk;

const BUILD: &str = "build raspberry-pi-5 --model model.onnx --binary moead-edge --no-check --format oci";

/// A base image with one layer for each machine, as skopeo would write it: an index in the index.
fn write_base(folder: &Path, architectures: &[&str]) {
    write_base_with(folder, architectures, &json!({}));
}

/// The same, with other values in its configurations.
fn write_base_with(folder: &Path, architectures: &[&str], change: &Value) {
    write_base_of(folder, architectures, &["libc"], change);
}

/// The same, with a layer for each of these contents.
fn write_base_of(folder: &Path, architectures: &[&str], contents: &[&str], change: &Value) {
    std::fs::create_dir_all(folder.join("blobs/sha256")).unwrap();
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let blob = |bytes: &[u8], media_type: &str| {
        let digest = Digest::of(bytes).to_string();
        std::fs::write(folder.join("blobs/sha256").join(&digest), bytes).unwrap();
        json!({"mediaType": media_type, "digest": format!("sha256:{digest}"), "size": bytes.len()})
    };
    let manifests: Vec<Value> = architectures
        .iter()
        .map(|architecture| {
            let layer = |content: &&str| {
                blob(format!("{content} of {architecture}").as_bytes(), "application/vnd.oci.image.layer.v1.tar")
            };
            let layers: Vec<Value> = contents.iter().map(layer).collect();
            let ids: Vec<&Value> = layers.iter().map(|layer| &layer["digest"]).collect();
            let mut config = json!({
                "architecture": architecture, "os": "linux", "config": {"Cmd": ["bash"]}, "variant": "v8",
                "rootfs": {"type": "layers", "diff_ids": ids}, "history": [{"created_by": "debian"}],
            });
            for (name, value) in change.as_object().unwrap() {
                config[name] = value.clone();
            }
            let config = blob(config.to_string().as_bytes(), "application/vnd.oci.image.config.v1+json");
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": layers});
            blob(manifest.to_string().as_bytes(), "application/vnd.oci.image.manifest.v1+json")
        })
        .collect();
    let inner = json!({"schemaVersion": 2, "manifests": manifests}).to_string();
    let inner = blob(inner.as_bytes(), "application/vnd.oci.image.index.v1+json");
    let index = json!({"schemaVersion": 2, "manifests": [inner]}).to_string();
    std::fs::write(folder.join("index.json"), index).unwrap();
}

/// A blob, after a look at whether it is what the descriptor says.
fn blob(layout: &Path, descriptor: &Value) -> Vec<u8> {
    let digest = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let bytes = std::fs::read(layout.join("blobs/sha256").join(digest)).unwrap();
    assert_eq!(
        (Digest::of(&bytes).to_string().as_str(), descriptor["size"].as_u64()),
        (digest, Some(bytes.len() as u64))
    );
    bytes
}

fn document(layout: &Path, descriptor: &Value) -> Value {
    serde_json::from_slice(&blob(layout, descriptor)).unwrap()
}

fn index(layout: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(layout.join("index.json")).unwrap()).unwrap()
}

/// With a base for both machines, `base`, and a program for PCs too, `moead-edge-pc`.
fn desk_for_both() -> Desk {
    let desk = Desk::ready();
    write_base(&desk.path("base"), &["amd64", "arm64"]);
    desk.write("moead-edge-pc", include_bytes!("../programs/x86_64"));
    desk
}

fn build_for_pc() -> String {
    BUILD.replace("raspberry-pi-5", "pc").replace("--binary moead-edge", "--binary moead-edge-pc")
}

#[test]
fn one_folder_holds_an_image_for_each_machine() {
    let desk = desk_for_both();
    insta::assert_snapshot!(desk.says(&format!("{BUILD} --base base -o image --release 1.4 -- --product bolt")), @r"
    status: 0
    ----- stdout
    image: release 1.4 of small for raspberry-pi-5 (arm64), not checked (--no-check)
    ");
    desk.run(&format!("{} --base base -o image --release 1.4", build_for_pc())).success();
    let layout = desk.path("image");
    // One entry, or whoever copies would have to choose a machine.
    let entries = index(&layout)["manifests"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["mediaType"], "application/vnd.oci.image.index.v1+json");
    assert_eq!(entries[0]["annotations"]["org.opencontainers.image.ref.name"], "1.4");
    let release = document(&layout, &entries[0]);
    let images = release["manifests"].as_array().unwrap();
    let machines: Vec<_> = images.iter().map(|image| image["platform"]["architecture"].as_str().unwrap()).collect();
    assert_eq!(machines, ["amd64", "arm64"]);
    for image in images {
        let manifest = document(&layout, image);
        let config = document(&layout, &manifest["config"]);
        let layers = manifest["layers"].as_array().unwrap();
        assert_eq!(config["architecture"], image["platform"]["architecture"]);
        assert_eq!((layers.len(), config["rootfs"]["diff_ids"].as_array().unwrap().len()), (2, 2));
        assert_eq!(config["history"].as_array().unwrap().len(), 2);
        let base = blob(&layout, &layers[0]);
        assert_eq!(String::from_utf8(base).unwrap(), format!("libc of {}", config["architecture"].as_str().unwrap()));
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(blob(&layout, &layers[1]).as_slice()).read_to_end(&mut tar).unwrap();
        assert_eq!(config["rootfs"]["diff_ids"][1], format!("sha256:{}", Digest::of(&tar)));
        let mut archive = tar::Archive::new(tar.as_slice());
        let names = archive.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string());
        let names: Vec<_> = names.filter(|name| !name.ends_with('/')).collect();
        assert!(
            names.contains(&"./usr/bin/moead-edge".to_owned())
                && names.contains(&"./usr/share/moead-edge/model.onnx".to_owned()),
            "{names:?}"
        );
    }
    let config = document(&layout, &document(&layout, &images[1])["config"]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&config["config"]).unwrap(), @r#"
    {
      "User": "65532:65532",
      "Env": [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "MOEAD_MODEL=/usr/share/moead-edge/model.onnx",
        "MOEAD_ENGINE=tract",
        "MOEAD_PROVIDER=cpu",
        "MOEAD_THREADS=4"
      ],
      "Entrypoint": [
        "/usr/bin/moead-edge"
      ],
      "Cmd": [
        "--source",
        "v4l2:///dev/video0",
        "--wait-for-cameras",
        "--product",
        "bolt"
      ],
      "StopSignal": "SIGTERM"
    }
    "#);
}

#[test]
fn building_again_replaces_the_image_of_that_machine_alone() {
    let desk = Desk::ready();
    write_base(&desk.path("base"), &["arm64"]);
    for release in ["1", "2"] {
        desk.run(&format!("{BUILD} --base base -o image --release {release}")).success();
    }
    let index = index(&desk.path("image"));
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"], "2");
}

#[test]
fn the_same_inputs_give_the_same_folder_whichever_machine_comes_first() {
    let desk = desk_for_both();
    let (arm, pc) = (format!("{BUILD} --base base"), format!("{} --base base", build_for_pc()));
    for (folder, builds) in [("one", [&arm, &pc]), ("other", [&pc, &arm])] {
        for build in builds {
            desk.run(&format!("{build} -o {folder}")).success();
        }
    }
    let files = desk.files();
    let below = |folder: &str| -> Vec<_> {
        files.iter().filter_map(|(name, bytes)| Some((name.strip_prefix(folder)?, bytes))).collect()
    };
    assert!(below("one/") == below("other/"), "{:?}", desk.names());
    assert!(!below("one/").is_empty());
}

#[test]
fn a_folder_of_the_older_form_is_taken_over() {
    let desk = desk_for_both();
    let (arm, pc) = (format!("{BUILD} --base base"), format!("{} --base base", build_for_pc()));
    for build in [&arm, &pc] {
        desk.run(&format!("{build} -o new")).success();
    }
    desk.run(&format!("{arm} -o old")).success();
    let layout = desk.path("old");
    let entry = index(&layout)["manifests"][0].clone();
    // As it once was: each machine an entry.
    let mut image = document(&layout, &entry)["manifests"][0].clone();
    image["annotations"] = json!({"org.opencontainers.image.ref.name": "1"});
    let old = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [image]});
    let digest = entry["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    std::fs::remove_file(layout.join("blobs/sha256").join(digest)).unwrap();
    desk.write("old/index.json", old.to_string());
    desk.run(&format!("{pc} -o old")).success();
    assert_eq!(index(&layout), index(&desk.path("new")));
}

#[test]
fn a_disk_that_is_full_leaves_nothing_new() {
    let desk = desk_for_both();
    let limited = |words: &str| desk.program(words).through_shell("trap '' XFSZ; ulimit -f 20; exec \"$@\"");
    let build = format!("{BUILD} --base base -o image");
    insta::assert_snapshot!(desk.refuses_program(&limited(&build)), @r"
    status: 1
    ----- stderr
    error: image: File too large (os error 27)
    ");
    let left = |name: &str| std::fs::read_dir(desk.path(name)).unwrap().count();
    // A model, two programs, two halves of a key, the base.
    assert_eq!(left(""), 6, "{:?}", desk.names());
    std::fs::create_dir(desk.path("image")).unwrap();
    desk.refuses_program(&limited(&build));
    assert_eq!(left("image"), 0);
    desk.run(&format!("{} --base base -o image", build_for_pc())).success();
    desk.refuses_program(&limited(&build));
    desk.run(&build).success();
}

#[test]
fn no_image_takes_the_place_of_its_base() {
    let desk = Desk::ready();
    write_base(&desk.path("small-oci"), &["arm64"]);
    for more in ["-o small-oci", "", "-o ./small-oci/"] {
        let said = desk.refuses(&format!("{BUILD} --base small-oci {more}"));
        assert!(said.contains(" would replace small-oci, which is read\n"), "{more}: {said}");
    }
}

#[test]
fn bases_and_folders_that_are_none_are_refused() {
    let desk = Desk::ready();
    insta::assert_snapshot!(desk.refuses(BUILD), @r"
    status: 1
    ----- stderr
    error: the program needs libc.so.6, and an image without a base has none
    hint: `--base FOLDER` names an image with glibc: `skopeo copy --multi-arch all docker://debian:12-slim oci:FOLDER` fetches one
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --base gone")), @r"
    status: 1
    ----- stderr
    error: gone: No such file or directory (os error 2)
    hint: check the path
    ");
    write_base(&desk.path("pcs"), &["amd64", "riscv64"]);
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --base pcs")), @r"
    status: 1
    ----- stderr
    error: pcs: no image for arm64, found amd64, riscv64
    hint: fetch all machines of the base: `skopeo copy --multi-arch all`
    ");
    write_base_of(&desk.path("scratch"), &["arm64"], &[], &json!({}));
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --base scratch")), @r"
    status: 1
    ----- stderr
    error: the program needs libc.so.6, and the base is empty
    hint: `--base FOLDER` names an image with glibc: `skopeo copy --multi-arch all docker://debian:12-slim oci:FOLDER` fetches one
    ");
    write_base(&desk.path("base"), &["arm64"]);
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --base base -o gone/image")), @r"
    status: 1
    ----- stderr
    error: gone/image: gone: expected a folder, found nothing
    hint: check the path
    ");
    std::fs::create_dir(desk.path("photos")).unwrap();
    desk.write("photos/one.jpg", "x");
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --base base -o photos")), @r"
    status: 1
    ----- stderr
    error: photos: not an OCI image layout: it has no file oci-layout
    hint: name an empty folder for the output, and for the base one that this command or skopeo wrote
    ");
    // Configurations to which nothing can be appended.
    for (change, said) in [
        (json!({"rootfs": "x"}), "rootfs.diff_ids: expected a list of texts"),
        (json!({"rootfs": [1]}), "rootfs.diff_ids: expected a list of texts"),
        (json!({"rootfs": {"diff_ids": 3}}), "rootfs.diff_ids: expected a list of texts"),
        (json!({"rootfs": {"diff_ids": [3]}}), "rootfs.diff_ids: expected a list of texts"),
        (json!({"rootfs": {"diff_ids": []}}), "rootfs.diff_ids: 0 of them, expected 1"),
        (json!({"rootfs": null}), "rootfs.diff_ids: expected a list of texts"),
        (json!({"history": "h"}), "history: expected a list"),
    ] {
        write_base_with(&desk.path("hostile"), &["arm64"], &change);
        let expected = format!(
            "status: 1\n----- stderr\nerror: hostile: not an OCI image layout: its configuration: {said}\n\
             hint: name an empty folder for the output, and for the base one that this command or skopeo wrote\n"
        );
        assert_eq!(desk.refuses(&format!("{BUILD} --base hostile")), expected);
    }
    let blobs = desk.path("base/blobs/sha256");
    let layer = blobs.join(Digest::of(b"libc of arm64").to_string());
    std::fs::write(&layer, "libc of a stranger").unwrap();
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --base base")), @r"
    status: 1
    ----- stderr
    error: base: blob [SHA256]: damaged: found 18 bytes with SHA-256 [SHA256]
    hint: fetch the base again; if that is the output, name an empty folder
    ");
    std::fs::remove_file(layer).unwrap();
    insta::assert_snapshot!(desk.refuses(&format!("{BUILD} --base base")), @r"
    status: 1
    ----- stderr
    error: base: blob [SHA256]: damaged: found nothing
    hint: fetch the base again; if that is the output, name an empty folder
    ");
    insta::assert_snapshot!(desk.refuses(&format!("{} --base base", BUILD.replace("--format oci", "--format bundle --key moead.key"))), @r"
    status: 2
    ----- stderr
    error: --base is for --format oci
    ");
}
