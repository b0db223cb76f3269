//! Delivery into files, one a notice, where there are no broker and no mail server.

use std::io;
use std::path::{Path, PathBuf};

use tokio::io::AsyncWriteExt;

use super::queries::Waiting;
use super::{Channel, cloud_event};
use crate::id::AccountId;

/// Names a notice after its account and sequence: a second delivery is the same file.
pub fn stem(notice: &Waiting) -> String {
    format!("{}-{:012}", notice.account_id.simple(), notice.seq)
}

/// Writes an event as others read it.
pub async fn deliver(folder: &Path, channel: Channel, notice: &Waiting) -> io::Result<()> {
    let content = cloud_event::write(notice);
    let name = format!("{}.json", stem(notice));
    let content = format!("{content:#}\n");
    write(&folder.join(channel.name()), &name, content.as_bytes()).await
}

/// Removes the mail and the events of an account, and what a crash has left of one. An event has the user's id.
pub async fn forget(folder: &Path, account: AccountId) -> io::Result<()> {
    for channel in Channel::ALL {
        forget_in(&folder.join(channel.name()), account).await?;
    }
    Ok(())
}

async fn forget_in(folder: &Path, account: AccountId) -> io::Result<()> {
    let mut files = match tokio::fs::read_dir(folder).await {
        Ok(files) => files,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let begin = format!("{}-", account.uuid().simple());
    while let Some(file) = files.next_entry().await? {
        let name = file.file_name();
        let is_theirs = name
            .to_str()
            .is_some_and(|name| name.trim_start_matches('.').starts_with(&begin));
        if is_theirs {
            tokio::fs::remove_file(file.path()).await?;
        }
    }
    Ok(())
}

/// Writes a file, whole or not at all.
pub async fn write(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    tokio::fs::create_dir_all(folder).await?;
    let unfinished: PathBuf = folder.join(format!(".{name}"));
    // It tells of a person: nobody but who runs this needs to read it.
    let mut options = tokio::fs::OpenOptions::new();
    options.create(true).truncate(true).write(true).mode(0o600);
    let mut file = options.open(&unfinished).await?;
    file.write_all(content).await?;
    file.flush().await?;
    drop(file);
    tokio::fs::rename(&unfinished, folder.join(name)).await
}
