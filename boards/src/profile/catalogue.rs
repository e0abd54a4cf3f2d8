//! The boards that this program knows, and files of others.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::Profile;
use super::error::ProfileError;
use super::file::{MAX_BYTES, ProfileFile};
use crate::closest::closest;

/// The profiles inside the program, in the order in which they are listed.
const BUILT_IN: [(&str, &str); 12] = [
    ("jetson-orin-nano", include_str!("../../profiles/jetson-orin-nano.toml")),
    ("jetson-orin-nano-cuda", include_str!("../../profiles/jetson-orin-nano-cuda.toml")),
    ("jetson-orin-nx", include_str!("../../profiles/jetson-orin-nx.toml")),
    ("jetson-orin-nx-cuda", include_str!("../../profiles/jetson-orin-nx-cuda.toml")),
    ("jetson-agx-orin", include_str!("../../profiles/jetson-agx-orin.toml")),
    ("jetson-agx-orin-cuda", include_str!("../../profiles/jetson-agx-orin-cuda.toml")),
    ("raspberry-pi-5", include_str!("../../profiles/raspberry-pi-5.toml")),
    ("raspberry-pi-4", include_str!("../../profiles/raspberry-pi-4.toml")),
    ("pc", include_str!("../../profiles/pc.toml")),
    ("aarch64", include_str!("../../profiles/aarch64.toml")),
    ("jetson-orin", include_str!("../../profiles/jetson-orin.toml")),
    ("jetson-cuda", include_str!("../../profiles/jetson-cuda.toml")),
];

/// Names of the boards that this program knows.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.into_iter().map(|(name, _)| name).filter(|name| profile(name).is_ok())
}

/// A board that this program knows.
///
/// # Errors
/// [`ProfileError::Unknown`]; the others would be a fault of ours.
pub fn profile(name: &str) -> Result<Profile, ProfileError> {
    let text = text_of(name)
        .ok_or_else(|| ProfileError::Unknown { name: name.to_owned(), closest: closest(name, names_of_boards()) })?;
    resolve(name, name, ProfileFile::parse(text)?)
}

/// Somebody's own file, which may inherit from the profiles inside the program, also from the one that is called as it is. Its name is the
/// file's, without `.toml`.
///
/// # Errors
/// [`ProfileError`]
pub fn from_file(path: &Path) -> Result<Profile, ProfileError> {
    let mut text = String::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(ProfileError::TooLarge { limit: MAX_BYTES });
    }
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    resolve(&name, &path.to_string_lossy(), ProfileFile::parse(&text)?)
}

fn text_of(name: &str) -> Option<&'static str> {
    BUILT_IN.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// Without asking whether each can be read, or a wrong one would ask for itself.
fn names_of_boards() -> impl Iterator<Item = &'static str> {
    BUILT_IN.into_iter().filter(|(_, text)| !text.contains("abstract = true")).map(|(name, _)| name)
}

/// `origin`: what the file is among those that it inherits from.
fn resolve(name: &str, origin: &str, file: ProfileFile) -> Result<Profile, ProfileError> {
    inherited(file, &mut vec![origin.to_owned()], &text_of)?.complete(name)
}

/// A file with everything that it inherits. `chain`: who inherits from whom, down to this file.
fn inherited<'a>(
    file: ProfileFile,
    chain: &mut Vec<String>,
    find: &dyn Fn(&str) -> Option<&'a str>,
) -> Result<ProfileFile, ProfileError> {
    let mut base = ProfileFile::default();
    for name in &file.inherits {
        let again = chain.contains(name);
        chain.push(name.clone());
        if again {
            return Err(ProfileError::Cycle { chain: std::mem::take(chain) });
        }
        let text = find(name).ok_or_else(|| ProfileError::UnknownBase {
            name: name.clone(),
            closest: closest(name, BUILT_IN.iter().map(|(name, _)| *name)),
        })?;
        base = inherited(ProfileFile::parse(text)?, chain, find)?.over(base);
        chain.pop();
    }
    Ok(file.over(base))
}

#[cfg(test)]
mod tests {
    use moead_model::manifest::Moe;

    use super::*;
    use crate::profile::{DropIn, EngineName, How, Provider, Triple};

    #[test]
    fn every_profile_inside_the_program_is_whole_or_says_that_it_is_a_part() {
        let mut boards = 0;
        for (name, text) in BUILT_IN {
            match profile(name) {
                Ok(profile) => {
                    assert_eq!(profile.name, name);
                    boards += 1;
                }
                Err(ProfileError::Abstract) => assert!(text.contains("abstract = true"), "{name}"),
                Err(error) => panic!("{name}: {error}"),
            }
        }
        assert_eq!(boards, names().count());
        assert!(names().eq(names_of_boards()));
    }

    #[test]
    fn every_file_of_the_folder_is_inside_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("profiles");
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect();
        files.sort();
        let mut known = BUILT_IN.map(|(name, _)| name.to_owned());
        known.sort();
        assert_eq!(files, known);
    }

    #[test]
    fn the_last_base_wins_and_the_file_wins_over_all() {
        let profile = profile("jetson-orin-nano-cuda").unwrap();
        assert_eq!(profile.board.names, ["NVIDIA Jetson Orin Nano"]);
        assert_eq!((profile.engine.name, profile.engine.provider), (EngineName::Ort, Provider::Cuda));
        assert_eq!((profile.engine.moe.as_slice(), profile.engine.threads.get()), ([Moe::Dense].as_slice(), 2));
        assert_eq!((profile.target.triple, profile.target.glibc.to_string().as_str()), (Triple::Aarch64, "2.35"));
        assert_eq!(profile.service.drop_ins, [DropIn::JetsonGpu]);
    }

    #[test]
    fn a_proof_is_not_inherited() {
        let text = "title = \"Mine\"\ninherits = [\"pc\"]";
        let file = ProfileFile::parse(text).unwrap();
        assert_eq!(
            resolve("mine", "mine.toml", file).unwrap_err().to_string(),
            "tested.how is missing, and nothing that it inherits from has it"
        );
        let tested = ProfileFile::parse(&format!("{text}\n[tested]\nhow = \"hardware\"")).unwrap();
        assert_eq!(resolve("mine", "mine.toml", tested).unwrap().tested.how, How::Hardware);
    }

    #[test]
    fn circles_and_unknown_bases_are_named() {
        let find = |name: &str| match name {
            "a" => Some("inherits = [\"b\"]"),
            "b" => Some("inherits = [\"c\", \"a\"]"),
            "c" => Some(""),
            _ => None,
        };
        let said = |text| {
            inherited(ProfileFile::parse(text).unwrap(), &mut vec!["mine.toml".into()], &find).unwrap_err().to_string()
        };
        assert_eq!(said("inherits = [\"a\"]"), "inherits from itself: mine.toml, then a, then b, then a");
        assert_eq!(said("inherits = [\"mine\"]"), "inherits: no profile \"mine\"");
        assert_eq!(said("inherits = [\"rasberry-pi-5\"]"), "inherits: no profile \"rasberry-pi-5\"");
    }

    #[test]
    fn a_file_may_inherit_from_the_profile_that_is_called_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pc.toml");
        std::fs::write(&path, "title = \"Line 7\"\ninherits = [\"pc\"]\n[tested]\nhow = \"hardware\"\n").unwrap();
        let profile = from_file(&path).unwrap();
        assert_eq!((profile.name.as_str(), profile.title.as_str()), ("pc", "Line 7"));
    }

    #[test]
    fn a_diamond_is_no_circle() {
        let find = |name: &str| match name {
            "a" | "b" => Some("inherits = [\"c\"]"),
            "c" => Some("[engine]\nthreads = 3"),
            _ => None,
        };
        let file = ProfileFile::parse("inherits = [\"a\", \"b\"]").unwrap();
        assert!(inherited(file, &mut vec!["mine".into()], &find).is_ok());
    }
}
