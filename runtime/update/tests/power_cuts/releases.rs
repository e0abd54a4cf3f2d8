//! Two small releases, as bundles and as what must be on a disk.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::LazyLock;

use minisign::KeyPair;
use moead_bundle::admission::Board;
use moead_bundle::archive;
use moead_bundle::manifest::{Downgrade, Kind, Manifest, SCHEMA, Target};
use moead_bundle::member_path::MemberPath;
use moead_bundle::reader::Sealed;
use moead_bundle::signature::PublicKey;
use moead_bundle::version::Version;
use moead_bundle::writer::{Content, Draft};
use moead_update::installed::ReleaseName;

use crate::memory::{Entry, Tree};

static KEYS: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_unencrypted_keypair().unwrap());

pub(crate) fn public_key() -> PublicKey {
    PublicKey::parse(&KEYS.pk.to_base64()).unwrap()
}

/// A release, packed and unpacked.
pub(crate) struct Release {
    pub(crate) name: ReleaseName,
    folder: tempfile::TempDir,
    files: Vec<(String, Rc<[u8]>)>,
}

impl Release {
    pub(crate) fn new(version: &str) -> Self {
        Self::with(manifest(version))
    }

    /// Signed with the board's key, whatever it says.
    pub(crate) fn with(manifest: Manifest) -> Self {
        let version = manifest.version;
        let content = |path: &str, kind| Content {
            path: MemberPath::parse(path).unwrap(),
            kind,
            bytes: format!("{path} of {version}").into_bytes(),
        };
        let contents = [
            content("moead-edge", Kind::Program),
            content("model.onnx", Kind::File),
            content("systemd/moead-edge.service", Kind::File),
        ];
        let draft = Draft::new(manifest, &contents).unwrap();
        let signature = minisign::sign(Some(&KEYS.pk), &KEYS.sk, draft.message(), None, None).unwrap().to_string();
        let folder = tempfile::tempdir().unwrap();
        let mut bundle = Vec::new();
        draft.write(&signature, &mut bundle).unwrap();
        std::fs::write(folder.path().join("bundle"), bundle).unwrap();
        let mut files: Vec<(String, Rc<[u8]>)> =
            contents.iter().map(|content| (content.path.to_string(), content.bytes.as_slice().into())).collect();
        files.push((archive::MANIFEST.into(), draft.message().into()));
        files.push((archive::SIGNATURE.into(), signature.as_bytes().into()));
        let digest = moead_bundle::digest::Digest::of(draft.message());
        Self { name: ReleaseName::of(draft.manifest(), digest), folder, files }
    }

    pub(crate) fn sealed(&self) -> Sealed {
        Sealed::open(&self.path()).unwrap()
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("bundle")
    }

    /// Its folder, as it must be.
    pub(crate) fn tree(&self) -> Tree {
        let folder = self.name.folder();
        let mut tree = Tree::from([(folder.clone(), Entry::Folder), (folder.join("systemd"), Entry::Folder)]);
        tree.extend(self.files.iter().map(|(path, content)| (folder.join(path), Entry::File(Rc::clone(content)))));
        tree
    }

    /// Whether all of it is on a disk, and nothing else below its folder.
    pub(crate) fn is_whole_in(&self, tree: &Tree) -> bool {
        let folder = self.name.folder();
        let found = tree.iter().filter(|(path, _)| path.starts_with(&folder));
        found.map(|(path, entry)| (path.clone(), entry.clone())).collect::<Tree>() == self.tree()
    }
}

pub(crate) fn manifest(version: &str) -> Manifest {
    Manifest {
        schema: SCHEMA,
        name: "bolt".into(),
        version: Version::parse(version).unwrap(),
        created_by: "test".into(),
        target: Target {
            profile: "aarch64".into(),
            triple: "aarch64-unknown-linux-gnu".into(),
            glibc: Version::parse("2.31").unwrap(),
            boards: Vec::new(),
        },
        expires: None,
        replaces_from: None,
        downgrade: Downgrade::Refused,
        members: Vec::new(),
    }
}

pub(crate) fn board() -> Board {
    Board {
        triple: "aarch64-unknown-linux-gnu".into(),
        glibc: Version::parse("2.36").unwrap(),
        name: None,
        today: jiff::civil::date(1970, 1, 1),
        installed: None,
    }
}

/// A board with that release, and one before it if there is one; complete but for that.
pub(crate) fn installed(current: &Release, previous: Option<&Release>) -> Tree {
    let mut tree = Tree::new();
    for folder in ["/opt", "/opt/moead", "/opt/moead/releases", "/var", "/var/lib", "/var/lib/moead-update"] {
        tree.insert(folder.into(), Entry::Folder);
    }
    for folder in ["/etc", "/etc/systemd", "/etc/systemd/system", "/etc/systemd/system/multi-user.target.wants"] {
        tree.insert(folder.into(), Entry::Folder);
    }
    for (path, target) in moead_bundle::release::LINKS.iter().filter(|(path, _)| path.contains("systemd")) {
        tree.insert(path.into(), Entry::Link((*target).to_owned()));
    }
    tree.extend(current.tree());
    tree.extend(previous.into_iter().flat_map(Release::tree));
    for (link, release) in [("current", current), ("previous", previous.unwrap_or(current))] {
        tree.insert(Path::new("/opt/moead").join(link), Entry::Link(release.name.target()));
    }
    tree
}
