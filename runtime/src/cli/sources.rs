//! The sources of a run, from what was typed. Open to other programs that read them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use moead_model::architecture::ImageSize;
use moead_terminal::failure::UsageError;
use moead_terminal::printer::Printer;

pub use super::arguments::SourceArguments;
use crate::engine::crew::InFlight;
#[cfg(feature = "camera")]
use crate::score::regions::Rect;
use crate::sinks::drawings::folder_of;
use crate::stream::clock::Clock;
use crate::stream::interrupt::Interrupt;
use crate::stream::pipeline::{Feed, Nature};
use crate::stream::policy::Policy;
use crate::stream::sources::files::{FileList, PictureFile};
use crate::stream::sources::standard_input::StreamOpener;
use crate::stream::sources::synthetic::camera::SceneOpener;
#[cfg(feature = "camera")]
use crate::stream::sources::v4l2::CameraOpener;
use crate::stream::sources::{Opener, Source};
use crate::stream::uri::{SourceKind, SourceUri};

/// Sources as they were typed; files are listed already.
pub struct SourceUris(Vec<(SourceUri, Option<FileList>)>);

/// Sources that are ready to be read.
pub struct Sources {
    /// As in results.
    pub names: Vec<String>,
    /// What reads each, and what is open already.
    pub feeds: Vec<(Feed, Option<Box<dyn Source>>)>,
    /// Pictures in files, if all sources are files: so many lines there will be.
    pub pictures: Option<u64>,
}

impl SourceUris {
    /// Lists files, which needs no model: a wrong path is found at once. Devices are not opened yet.
    ///
    /// # Errors
    /// Standard input given twice, two sources of one name, and files that cannot be listed.
    pub fn list(arguments: &SourceArguments) -> anyhow::Result<Self> {
        let uris = arguments.sources();
        check(arguments)?;
        let list = |uri: SourceUri| {
            let files = match &uri.kind {
                SourceKind::Path(path) => Some(FileList::of_path(path)?),
                SourceKind::Glob(pattern) => Some(FileList::of_pattern(pattern)?),
                _ => None,
            };
            Ok((uri, files))
        };
        Ok(Self(uris.into_iter().map(list).collect::<anyhow::Result<_>>()?))
    }

    /// Whether heatmaps in that folder stay apart from the pictures: the next run would judge them as such.
    ///
    /// # Errors
    /// The folder lies in one that is read, or among the pictures that a pattern finds.
    pub(super) fn spare(&self, heatmaps: &Path) -> Result<(), UsageError> {
        let Ok(folder) = heatmaps.canonicalize() else { return Ok(()) };
        for (uri, files) in &self.0 {
            let (place, is_inside) = match (&uri.kind, files) {
                (SourceKind::Path(path), Some(_)) => {
                    (path.display().to_string(), path.canonicalize().is_ok_and(|root| folder.starts_with(root)))
                }
                (SourceKind::Glob(pattern), Some(list)) => {
                    let is_beside = |file: &PictureFile| {
                        file.path
                            .parent()
                            .and_then(|parent| parent.canonicalize().ok())
                            .is_some_and(|parent| parent == folder)
                    };
                    (pattern.clone(), list.files.iter().any(is_beside))
                }
                _ => continue,
            };
            if is_inside {
                let folder = heatmaps.display();
                let text =
                    format!("the heatmaps in {folder} would lie among the pictures of {place}, and be judged as such");
                return Err(UsageError::new(text));
            }
        }
        Ok(())
    }

    /// As in results.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(uri, _)| uri.name.as_str()).collect()
    }

    /// How many of their pictures are computed at the same time where nobody says it: files wait as long as they must, and a camera's
    /// frame is wanted soon. One picture needs no second engine to be loaded.
    pub(super) fn in_flight(&self) -> InFlight {
        let counts: Option<Vec<usize>> =
            self.0.iter().map(|(_, files)| files.as_ref().map(|list| list.files.len())).collect();
        let has_several = counts.is_some_and(|counts| counts.iter().sum::<usize>() > 1);
        if has_several { InFlight::Filling } else { InFlight::default() }
    }

    /// Opens every device: what is wrong at the beginning is for the one who begins.
    ///
    /// * `frames`: how many of each source will be read, at most.
    ///
    /// # Errors
    /// What the device says.
    pub fn open(
        self,
        arguments: &SourceArguments,
        frames: Option<u64>,
        #[cfg_attr(not(feature = "camera"), expect(unused_variables, reason = "only a camera is asked for a size"))]
        network: ImageSize,
        clock: &Arc<dyn Clock>,
        interrupt: &Interrupt,
        printer: &Printer,
    ) -> anyhow::Result<Sources> {
        let limit = usize::try_from(frames.unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
        let mut sources = Sources { names: Vec::new(), feeds: Vec::new(), pictures: Some(0) };
        for (SourceUri { name, kind, region }, files) in self.0 {
            let listed = files.as_ref().map(|list| list.files.len().min(limit) as u64);
            sources.pictures = sources.pictures.zip(listed).map(|(sum, count)| sum + count);
            let opener: Arc<dyn Opener> = match (kind, files) {
                (_, Some(list)) => Arc::new(list),
                (SourceKind::Synthetic(request), _) => {
                    Arc::new(SceneOpener::new(request, Arc::clone(clock), interrupt.clone()))
                }
                (SourceKind::StandardInput(request), _) => Arc::new(StreamOpener::new(request, interrupt.clone())),
                #[cfg(feature = "camera")]
                (SourceKind::Camera(request), _) => {
                    Arc::new(CameraOpener::new(request, least_size(network, region), Arc::clone(clock)))
                }
                // Listed above.
                (SourceKind::Path(_) | SourceKind::Glob(_), None) => continue,
            };
            let (nature, policy) =
                if listed.is_some() { (Nature::Files, Policy::Never) } else { (Nature::Live, Policy::Latest) };
            let policy = arguments.policy.map_or(policy, Policy::from);
            let feed = Feed { opener, nature, policy, region };
            let opened = match nature {
                Nature::Live => open(&name, &feed, arguments, printer)?,
                Nature::Files => None,
            };
            sources.names.push(name);
            sources.feeds.push((feed, opened));
        }
        Ok(sources)
    }
}

impl Sources {
    /// A source as an error names it: in front of a colon, `-` would say nothing.
    pub fn place(&self, index: usize) -> String {
        match self.names[index].as_str() {
            "-" => "standard input".to_owned(),
            name => name.to_owned(),
        }
    }

    /// Of each its name, and whether it is a device or files.
    pub fn natures(&self) -> Vec<(String, Nature)> {
        self.names.iter().cloned().zip(self.feeds.iter().map(|(feed, _)| feed.nature)).collect()
    }
}

/// Whether these sources can be read together.
///
/// # Errors
/// Standard input given twice, and two sources of one name.
pub(super) fn check(arguments: &SourceArguments) -> Result<(), UsageError> {
    let uris = arguments.sources();
    if uris.iter().filter(|uri| matches!(uri.kind, SourceKind::StandardInput(_))).count() > 1 {
        return Err(UsageError::new("standard input is given as a source twice, and can be read only once"));
    }
    first_twice(uris.iter().map(|uri| &uri.name)).map_or(Ok(()), |name| {
        let text = format!("two sources are named {name}, and their results could not be told apart");
        Err(UsageError::new(text))
    })
}

/// Whether each source gets a folder of its own for what is drawn about it.
///
/// # Errors
/// Two sources whose names become one folder's name.
pub(super) fn check_folders(arguments: &SourceArguments) -> Result<(), UsageError> {
    let uris = arguments.sources();
    let folders = uris.iter().map(|uri| folder_of(&uri.name));
    first_twice(folders).map_or(Ok(()), |folder| {
        let names: Vec<_> = uris.iter().map(|uri| uri.name.as_str()).filter(|name| folder_of(name) == folder).collect();
        let names = names.join(" and ");
        Err(UsageError::new(format!("the sources {names} would be drawn into the same folder, {folder}")))
    })
}

/// The first that has been there before.
fn first_twice<T: Ord + Clone>(items: impl Iterator<Item = T>) -> Option<T> {
    let mut seen = BTreeSet::new();
    items.into_iter().find(|item| !seen.insert(item.clone()))
}

/// How large a camera's frames have to be for the network, and for the region to lie in them.
#[cfg(feature = "camera")]
fn least_size(network: ImageSize, region: Option<Rect>) -> ImageSize {
    let end = |start: usize, length: usize| start.saturating_add(length);
    region.map_or(network, |region| ImageSize {
        height: network.height.max(end(region.y, region.height)),
        width: network.width.max(end(region.x, region.width)),
    })
}

fn open(
    name: &str,
    feed: &Feed,
    arguments: &SourceArguments,
    printer: &Printer,
) -> anyhow::Result<Option<Box<dyn Source>>> {
    match feed.opener.open() {
        Ok(source) => {
            feed.check(source.mode())?;
            for difference in &source.mode().differences {
                printer.warning(format_args!("{name}: {difference}"));
            }
            printer.detail(format_args!("{name}: {}", source.mode().description));
            Ok(Some(source))
        }
        Err(error) if arguments.wait_for_cameras => {
            printer.warning(format_args!("{name}: {error}; waiting for it"));
            Ok(None)
        }
        Err(error) => Err(anyhow::Error::new(error)),
    }
}
