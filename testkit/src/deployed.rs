//! Debian's proxies and its pooler with the files of `deploy/`, of which only addresses are changed.

mod pages;
mod pooler;
mod proxy;

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

pub use self::pages::Pages;
pub use self::pooler::Pooler;
pub use self::proxy::{Proxy, Upstream};

/// A file of the repository.
fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A file of `deploy/`, with each of these texts, which it must have, replaced.
fn changed(file: &str, changes: &[(&str, String)]) -> String {
    let path = repository("deploy").join(file);
    let mut text = std::fs::read_to_string(path).unwrap();
    for (old, new) in changes {
        assert!(text.contains(old), "{file} has no {old}");
        text = text.replace(old, new);
    }
    text
}

pub(crate) fn free_address() -> SocketAddr {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap()
}

/// Until somebody listens there.
pub(crate) async fn accepts(address: SocketAddr, who: &str) {
    let until = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect(address).await.is_err() {
        assert!(Instant::now() < until, "{who} does not listen");
        sleep(Duration::from_millis(10)).await;
    }
}
