//! Delivery into files, one a notice, where there are no broker and no mail server.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use tokio::io::AsyncWriteExt;

use super::Channel;
use super::queries::Waiting;

/// Names a notice after its account and sequence: a second delivery is the same file.
pub fn stem(notice: &Waiting) -> String {
    format!("{}-{:012}", notice.account_id.simple(), notice.seq)
}

/// Writes a notice as JSON.
pub async fn deliver(folder: &Path, channel: Channel, notice: &Waiting) -> io::Result<()> {
    let content = json!({
        "account_id": notice.account_id.to_string(),
        "sequence": notice.seq,
        "kind": notice.kind,
        "created_at": notice.created_at.to_jiff().to_string(),
        "payload": notice.payload,
    });
    let name = format!("{}.json", stem(notice));
    let content = format!("{content:#}\n");
    write(&folder.join(channel.name()), &name, content.as_bytes()).await
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
