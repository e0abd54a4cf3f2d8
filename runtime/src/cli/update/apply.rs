//! `moead-edge update apply`: a file, or one that is fetched first.

use std::path::Path;

use moead_bundle::reader::Sealed;
use moead_terminal::failure::At as _;
use moead_terminal::printer::Printer;
use moead_update::apply::{self, Applied, Request};
use moead_update::disk::board::BoardDisk;
use moead_update::host::Host;

use super::{board, fetch};
use crate::cli::arguments::ApplyArguments;

pub(super) fn run(
    host: &mut Host<'_>,
    root: &Path,
    arguments: &ApplyArguments,
    printer: &Printer,
) -> anyhow::Result<Applied> {
    let disk = BoardDisk::below(root);
    let key = board::public_key(&disk)?;
    let request = Request { key: &key, board: board::board(&disk)?, criteria: arguments.criteria() };
    let settled = apply::begin(host)?;
    super::words(&settled).into_iter().for_each(|words| printer.note(words));
    let name = &arguments.bundle;
    let sealed = if fetch::is_address(name) {
        fetch::fetch(host, &disk, name, &request, printer).at(name)?
    } else {
        Sealed::open(Path::new(name)).at(name)?
    };
    apply::apply(host, sealed, &request).at(name)
}
