//! `moead-board flash`.

use std::fs::File;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt as _};
use std::path::Path;

use moead_terminal::exit::Exit;
use moead_terminal::failure::At;
use moead_terminal::printer::Printer;

use super::arguments::FlashArguments;
use super::say::Say as _;
use crate::flash::disk::{Disk, Refusal};
use crate::flash::{self, Phase};

pub(super) fn run(arguments: &FlashArguments, printer: &Printer) -> anyhow::Result<Exit> {
    let place = arguments.image.display().to_string();
    let image = File::open(&arguments.image).at(&place)?;
    let metadata = image.metadata().at(&place)?;
    anyhow::ensure!(metadata.is_file() && metadata.len() > 0, "{place}: expected an image, found nothing that is one");
    flash::check(&image).at(&place)?;
    let device = arguments.device.canonicalize().at(arguments.device.display())?;
    let name = device.file_name().unwrap_or_default().to_string_lossy().into_owned();
    if !device.metadata().at(device.display())?.file_type().is_block_device() {
        return Err(Refusal::NoDisk { name: device.display().to_string() }.into());
    }
    let disk = Disk::examine(Path::new("/"), &name)?;
    disk.admit(metadata.len(), arguments.force_disk.as_deref())?;
    printer.note(format_args!("writing to {disk}"));
    // Exclusively: what is mounted between the look and now is refused by the kernel.
    let exclusive = rustix::fs::OFlags::EXCL.bits();
    let opened = File::options().read(true).write(true).custom_flags(i32::try_from(exclusive)?).open(&device);
    let opened = opened.at(device.display())?;
    let progress = printer.progress();
    let megabytes = metadata.len().div_ceil(1 << 20);
    let mut bar = (Phase::Writing, progress.bar(megabytes, "MB written"));
    flash::write(&image, &opened, &mut |phase, bytes| {
        if bar.0 != phase {
            bar = (phase, progress.bar(megabytes, "MB compared"));
        }
        bar.1.advance(bytes >> 20);
    })
    .at(device.display())?;
    drop(bar);
    printer.say(format_args!("{}: {:.1} GB written and compared", device.display(), metadata.len() as f64 / 1e9))?;
    Ok(Exit::Fine)
}
