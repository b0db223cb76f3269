//! What is left of a run that was killed, and what is not.

use std::env;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use super::super::{Server, leftover};
use super::{Purpose, Scratch, remove_abandoned};

const KILLED: &str = "postgres::scratch::tests::a_run_that_freezes_its_server_and_is_killed";

/// As root a server in it runs as somebody else, who must pass.
fn parent() -> TempDir {
    tempfile::Builder::new()
        .prefix("billing-test-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir_in("/tmp")
        .unwrap()
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap().flatten();
    entries.map(|entry| entry.path()).collect()
}

/// In the folder that it is started in.
#[tokio::test]
#[ignore = "another test starts and kills it"]
async fn a_run_that_freezes_its_server_and_is_killed() {
    let parent = env::current_dir().unwrap();
    let scratch = Scratch::new(&parent, Purpose::Stage).unwrap();
    let server = Server::lasting(&scratch.path().join("postgres"))
        .await
        .unwrap();
    server.freeze().unwrap();
    println!("\nfrozen");
    sleep(Duration::from_mins(1)).await;
}

#[tokio::test]
async fn what_a_killed_run_left_is_ended_and_removed_also_where_its_server_is_frozen() {
    let parent = parent();
    let mut run = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--nocapture", "--exact", KILLED])
        .current_dir(parent.path())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut said = BufReader::new(run.stdout.take().unwrap()).lines();
    let frozen = async { while said.next_line().await.unwrap().unwrap() != "frozen" {} };
    timeout(Duration::from_mins(1), frozen).await.unwrap();
    // While it lives, nobody takes it for abandoned.
    remove_abandoned(parent.path()).await;
    let [folder] = folders(parent.path()).try_into().unwrap();
    run.kill().await.unwrap();
    let data = folder.join("postgres/data");
    assert!(!leftover::processes(&data).is_empty(), "nothing was left");

    remove_abandoned(parent.path()).await;
    assert!(folders(parent.path()).is_empty());
    assert_eq!(leftover::processes(&data), []);
}

#[tokio::test]
async fn a_folder_goes_with_its_owner_and_not_before() {
    let parent = parent();
    let scratch = Scratch::new(parent.path(), Purpose::Bench).unwrap();
    fs::write(scratch.path().join("kept"), "").unwrap();
    remove_abandoned(parent.path()).await;
    assert!(scratch.path().join("kept").exists());
    drop(scratch);
    assert!(folders(parent.path()).is_empty());
}

#[tokio::test]
async fn a_server_that_runs_keeps_its_folder_whoever_made_that() {
    let parent = parent();
    let folder = parent.path().join("billing-stage-without-owner");
    let mut server = Server::lasting(&folder.join("postgres")).await.unwrap();
    remove_abandoned(parent.path()).await;
    assert!(folder.join("postgres/data/PG_VERSION").exists());
    server.stop().await.unwrap();
    drop(server);
    remove_abandoned(parent.path()).await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn what_has_another_name_or_is_a_link_stays() {
    let parent = parent();
    let other = parent.path().join("billing-test-1");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("kept"), "").unwrap();
    symlink(&other, parent.path().join("billing-stage-link")).unwrap();
    fs::create_dir(parent.path().join("billing-stage-empty")).unwrap();
    remove_abandoned(parent.path()).await;
    assert!(other.join("kept").exists() && !other.join("owner").exists());
    assert_eq!(folders(parent.path()).len(), 2);
}
