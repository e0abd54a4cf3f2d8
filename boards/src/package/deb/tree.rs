//! Where the files lie once the package is installed.

use std::io;

use super::{Labels, NAME};
use crate::assemble::Files;
use crate::package::archive::{File, gzip};
use crate::places::{PACKAGE, SITE_SETTINGS};

const SITE: &str = "\
# Settings of this site: NAME=VALUE lines. They win over those of the package, which are in
# /usr/share/moead-edge/edge.env; restart moead-edge.service afterwards.
";

/// The files of `data.tar`.
pub(super) fn files(files: &Files, labels: &Labels) -> io::Result<Vec<File>> {
    let doc = |name: &str| format!("usr/share/doc/{NAME}/{name}");
    let mut tree = vec![
        File::plain(SITE_SETTINGS, SITE),
        File::program(PACKAGE.program, files.program.clone()),
        // In the folder that merged and unmerged systems both have.
        File::plain("lib/systemd/system/moead-edge.service", files.unit.as_str()),
        File::plain("lib/udev/rules.d/70-moead-edge.rules", files.udev_rule),
        File::plain(PACKAGE.settings, files.settings.as_str()),
        File::plain(PACKAGE.model, files.model.clone()),
        File::plain(&doc("changelog.gz"), gzip(changelog(labels).as_bytes())?),
        File::plain(&doc("copyright"), copyright(files)),
        File::plain(&doc("sbom.cdx.json.gz"), gzip(&files.bill)?),
    ];
    if let Some(notices) = &files.notices {
        tree.push(File::plain(&doc("third-party.txt.gz"), gzip(notices.as_bytes())?));
    }
    Ok(tree)
}

fn changelog(labels: &Labels) -> String {
    format!(
        "{NAME} ({}) unstable; urgency=medium\n\n  * Release {} of {}.\n\n -- {}  Thu, 01 Jan 2026 00:00:00 +0000\n",
        labels.version, labels.version, labels.name, labels.maintainer
    )
}

/// Debian's form; the Apache licence is on every Debian system.
fn copyright(files: &Files) -> String {
    let mit = files.licences.iter().find(|(name, _)| *name == "LICENSE-MIT").map_or("", |(_, text)| text);
    let indented: String =
        mit.lines().map(|line| if line.is_empty() { " .\n".into() } else { format!(" {line}\n") }).collect();
    format!(
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\n\
         Files: *\n\
         Copyright: the moead-edge authors\n\
         License: Apache-2.0 or MIT\n\
         Comment: what the program is made of, and under which terms, is in third-party.txt.gz and sbom.cdx.json.gz\n\n\
         License: Apache-2.0\n On Debian systems the text is in /usr/share/common-licenses/Apache-2.0\n\n\
         License: MIT\n{indented}"
    )
}
