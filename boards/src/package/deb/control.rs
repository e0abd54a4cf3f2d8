//! What apt and dpkg read: name, version, dependencies, scripts.

use super::{Labels, NAME};
use crate::package::archive::File;
use crate::places::SITE_SETTINGS;

/// The files of `control.tar`. `installed`: kilobytes on the board.
pub(super) fn files(labels: &Labels, installed: usize) -> Vec<File> {
    let glibc = labels.glibc.map(|version| format!("libc6 (>= {version}), libgcc-s1"));
    let depends = glibc.map(|libraries| format!("Depends: {libraries}\n")).unwrap_or_default();
    let control = format!(
        "Package: {NAME}\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: {maintainer}\n\
         Installed-Size: {installed}\n\
         {depends}\
         Section: misc\n\
         Priority: optional\n\
         Description: anomaly scores from a camera, with the model {name}\n \
         Judges what a camera sees, picture by picture: ok or defect, and where.\n \
         The model was trained on good parts of one production line, and is of no\n \
         use elsewhere.\n",
        version = labels.version,
        architecture = labels.triple.architecture(),
        maintainer = labels.maintainer,
        name = labels.name,
    );
    vec![
        File::plain("conffiles", format!("{SITE_SETTINGS}\n")),
        File::plain("control", control),
        File::program("postinst", include_str!("../../../templates/deb/postinst")),
        File::program("postrm", include_str!("../../../templates/deb/postrm")),
        File::program("prerm", include_str!("../../../templates/deb/prerm")),
    ]
}
