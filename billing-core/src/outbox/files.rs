//! Delivery into files, one a message, until there are a broker and a mail server.

use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::Channel;
use super::queries::Waiting;

/// Writes a message as JSON, named after its account and sequence: a second delivery is the same
/// file. Whole or not at all.
pub async fn deliver(folder: &Path, channel: Channel, message: &Waiting) -> io::Result<()> {
    let folder = folder.join(channel.name());
    tokio::fs::create_dir_all(&folder).await?;
    let name = format!("{}-{:012}.json", message.account_id.simple(), message.seq);
    let unfinished: PathBuf = folder.join(format!(".{name}"));
    let content = json!({
        "account_id": message.account_id.to_string(),
        "sequence": message.seq,
        "kind": message.kind,
        "created_at": message.created_at.to_jiff().to_string(),
        "payload": message.payload,
    });
    tokio::fs::write(&unfinished, format!("{content:#}\n")).await?;
    tokio::fs::rename(&unfinished, folder.join(name)).await
}
