//! What stays between two starts: the secrets, the data, and who is using them.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rand::RngCore;
use serde::{Deserialize, Serialize};

use billing_stage::hex::hex;
use billing_stage::postgres::lock;

/// Made at the first start and kept, so that tokens in a shell or a script stay good.
#[derive(Clone, Serialize, Deserialize)]
pub struct Secrets {
    pub jwt_secret: String,
    pub tools_token: String,
    pub gateway_token: String,
    pub admin_token: String,
    /// What the stand-in for Stripe asks for, and signs with.
    #[serde(default = "stripe_secret_key")]
    pub stripe_secret_key: String,
    #[serde(default = "stripe_webhook_secret")]
    pub stripe_webhook_secret: String,
    /// What the stand-in for Fondy signs with, and its merchant too.
    #[serde(default = "fondy_secret")]
    pub fondy_secret: String,
    /// Of the core's login role on a server that others use too.
    pub core_role: String,
    pub core_password: String,
}

impl Secrets {
    pub fn fresh() -> Self {
        Self {
            jwt_secret: random_hex(32),
            tools_token: random_hex(32),
            gateway_token: random_hex(32),
            admin_token: random_hex(32),
            stripe_secret_key: stripe_secret_key(),
            stripe_webhook_secret: stripe_webhook_secret(),
            fondy_secret: fondy_secret(),
            // Roles belong to a whole server: two states on one server need two.
            core_role: format!("billing_core_{}", random_hex(4)),
            core_password: random_hex(24),
        }
    }
}

/// A state folder that only this program uses while it runs.
pub struct State {
    folder: PathBuf,
    pub secrets: Secrets,
    _lock: File,
}

impl State {
    pub fn open(folder: &Path) -> Result<Self> {
        let folder = std::path::absolute(folder)?;
        // As root the PostgreSQL in it runs as somebody else, who must pass.
        let mode = if rustix::process::geteuid().is_root() {
            0o711
        } else {
            0o700
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let lock = match lock(&folder.join("lock"))? {
            Ok(lock) => lock,
            Err(holder) => bail!(
                "`up` is already running on {} (process {holder}); stop it, or use another \
                 folder with --state DIR and --free-ports",
                folder.display()
            ),
        };
        let secrets = secrets(&folder.join("secrets.json"))?;
        Ok(Self {
            folder,
            secrets,
            _lock: lock,
        })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Writes a file that only the owner reads.
    pub fn write_private(&self, name: &str, content: &str) -> Result<()> {
        write_private(&self.path(name), content)
    }
}

fn stripe_secret_key() -> String {
    format!("sk_test_{}", random_hex(12))
}

fn stripe_webhook_secret() -> String {
    format!("whsec_{}", random_hex(16))
}

fn fondy_secret() -> String {
    random_hex(16)
}

fn secrets(path: &Path) -> Result<Secrets> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let secrets: Secrets = serde_json::from_str(&text).with_context(|| {
                format!(
                    "{} is not what `up` wrote; remove it to get new secrets",
                    path.display()
                )
            })?;
            // Those that an older version did not know were made just now.
            write_private(path, &serde_json::to_string_pretty(&secrets)?)?;
            Ok(secrets)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let secrets = Secrets::fresh();
            write_private(path, &serde_json::to_string_pretty(&secrets)?)?;
            Ok(secrets)
        }
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Under its name only when it is whole: a killed start leaves no half of a file.
fn write_private(path: &Path, content: &str) -> Result<()> {
    let unfinished = path.with_added_extension("unfinished");
    let write = || -> std::io::Result<()> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(true)
            .write(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.write_all(content.as_bytes())?;
        fs::rename(&unfinished, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    rand::rng().fill_bytes(&mut random);
    hex(&random)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::State;

    #[test]
    fn secrets_are_made_once_and_only_their_owner_reads_them() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::open(folder.path()).unwrap();
        let token = first.secrets.admin_token.clone();
        let mode = first
            .path("secrets.json")
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(first);
        let second = State::open(folder.path()).unwrap();
        assert_eq!(second.secrets.admin_token, token);
        assert_ne!(second.secrets.tools_token, token);
    }

    #[test]
    fn a_second_start_on_the_same_state_says_who_is_running() {
        let folder = tempfile::tempdir().unwrap();
        let _first = State::open(folder.path()).unwrap();
        let error = State::open(folder.path()).err().unwrap().to_string();
        let me = format!(
            "already running on {} (process {})",
            folder.path().display(),
            std::process::id()
        );
        assert!(error.contains(&me), "{error}");
    }
}
