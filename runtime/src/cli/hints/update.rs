//! What to do about an update that did not come to its end.

use std::io;

use moead_bundle::admission::Refusal;
use moead_bundle::reader::BundleError;
use moead_bundle::signature::SignatureError;
use moead_terminal::failure::find;
use moead_update::download::DownloadError;
use moead_update::error::{DiskError, UpdateError};
use moead_update::lock::LockError;
use moead_update::record::RecordError;

use crate::cli::update::{FetchError, NoKey};

/// The advice for an error of an update, if it is one.
pub(super) fn hint(error: &anyhow::Error) -> Option<String> {
    let update = find::<UpdateError>(error);
    // An error that is passed on as it is stands for itself and is not in the chain.
    let disk = match (update, find::<LockError>(error)) {
        (Some(UpdateError::Disk(error)), _) | (_, Some(LockError::Disk(error))) => Some(error),
        _ => find::<DiskError>(error),
    };
    if let Some(error) = disk
        && error.error.kind() == io::ErrorKind::PermissionDenied
    {
        return Some("updates change what all users run: try again with `sudo`".into());
    }
    if find::<NoKey>(error).is_some() {
        return Some("`moead-board install` and `moead-board image` put the key there; copy it by hand: `moead.pub` of `moead-board key new`".into());
    }
    if let Some(LockError::Busy { .. }) = find::<LockError>(error) {
        return Some("it ends by itself; `moead-edge update status` says how".into());
    }
    let record = match update {
        Some(UpdateError::Record(error)) => Some(error),
        _ => find::<RecordError>(error),
    };
    if let Some(error) = record
        && !matches!(error, RecordError::Disk(_))
    {
        return Some("remove the file: the release that `current` leads to stays, and a trial counts as passed".into());
    }
    if let Some(error) = find::<FetchError>(error) {
        return match error {
            FetchError::NoCertificates(_) => Some(
                "install them (Debian: `apt install ca-certificates`), or copy the bundle and give its path".into(),
            ),
            FetchError::Certificate(_) => Some(
                "nothing was changed; `SSL_CERT_FILE=FILE` names the certificates that servers are known by (PEM), in place of the system's"
                    .into(),
            ),
            FetchError::Plain(_) => {
                Some("nothing was changed; give that address, if what is in the bundle may be seen on the way".into())
            }
            FetchError::Http(_) => {
                Some("nothing was changed; check the address, or copy the bundle and give its path".into())
            }
            FetchError::Length { .. } => Some("nothing was changed; put the whole bundle on the server".into()),
        };
    }
    let bundle = match (update, find::<DownloadError>(error)) {
        (Some(UpdateError::Bundle(error)), _) | (_, Some(DownloadError::Bundle(error))) => Some(error),
        (_, Some(_)) => return Some("nothing was changed; try again".into()),
        _ => find::<BundleError>(error),
    };
    if let Some(error) = bundle {
        return Some(match error {
            BundleError::Read(_) => "check the path".into(),
            BundleError::Signature(SignatureError::OtherKey { .. }) => {
                "nothing was changed; sign it with the key whose other half is in /etc/moead/moead.pub".into()
            }
            _ => "nothing was changed; copy the bundle again, or build it anew with `moead-board build`".into(),
        });
    }
    if let Some(UpdateError::Refused(error)) = update {
        return Some(match error {
            Refusal::Clock { .. } => "nothing was changed; set the board's clock".into(),
            Refusal::Older { .. } => {
                "nothing was changed; `moead-edge update rollback` goes back to the release before; `moead-board build --allow-downgrade` signs that it may".into()
            }
            _ => "nothing was changed; build a bundle for this board".into(),
        });
    }
    Some(match update? {
        UpdateError::NoSpace { .. } => "nothing was changed; free some space".into(),
        UpdateError::NoRelease { .. } => {
            "the first release comes by `moead-board install` or `moead-board image`".into()
        }
        UpdateError::NoLink { .. } => {
            "move it away; the first release comes by `moead-board install` or `moead-board image`".into()
        }
        UpdateError::OnTrial { .. } => {
            "wait until it is known to be well, or give it up: `moead-edge update rollback`".into()
        }
        UpdateError::Damaged { .. } => "apply another release; it is unpacked beside this one".into(),
        UpdateError::Verify { .. } => {
            "the board runs what it ran before; `moead-edge doctor` says what is wrong with the machine".into()
        }
        UpdateError::WentBack { .. } => {
            "the board runs what it ran before; `journalctl -u moead-edge` has all that the new release said".into()
        }
        UpdateError::Stuck { .. } => {
            "`systemctl restart moead-edge-update` tries again to go back, and so does the next start of the board"
                .into()
        }
        _ => return None,
    })
}
