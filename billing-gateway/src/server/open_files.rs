//! Each connection is an open file, and so is whatever else the process needs: the admin port's
//! connections, those to the core and to providers. Without any left nothing answers at all.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Kept for everything that is no client's connection; where there are few, a quarter of them.
const KEPT: u64 = 128;

/// Lets this process open as many files as it may.
pub fn allow_all() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files could not be raised");
    }
}

/// `wanted`, or fewer where files are.
pub(crate) fn connections(wanted: u32) -> u32 {
    let Some(files) = getrlimit(Resource::Nofile).current else {
        return wanted;
    };
    let most = most(files);
    if most < wanted {
        tracing::warn!(
            wanted,
            most,
            files,
            "fewer connections than BILLING_GATEWAY_MAX_CONNECTIONS: open files are limited"
        );
    }
    most.min(wanted)
}

fn most(files: u64) -> u32 {
    let kept = KEPT.min(files / 4);
    u32::try_from(files.saturating_sub(kept)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn some_files_are_kept_for_the_rest_of_the_process() {
        assert_eq!(super::most(64), 48);
        assert_eq!(super::most(1024), 896);
        assert_eq!(super::most(u64::MAX), u32::MAX);
    }
}
