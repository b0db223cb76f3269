//! Two authorities, and certificates of theirs for `localhost`, made by the program `openssl`.

#[cfg(test)]
mod tests;

use std::fs;
use std::mem;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::Command;

/// Files in their folder: the present certificate and its key.
pub const CERTIFICATE: &str = "server.pem";
pub const KEY: &str = "server.key";
/// Both authorities.
const TRUSTED: &str = "authorities.pem";
const REQUEST: &str = "server.csr";
const SETTINGS: &str = "openssl.cnf";
const SECTIONS: &str = "\
[req]
prompt = no
distinguished_name = name
[name]
CN = localhost
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost
";
const NEW_KEY: [&str; 5] = [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
];

pub struct Authorities {
    openssl: PathBuf,
    folder: PathBuf,
    /// Whose the next certificate is.
    issuer: &'static str,
    other: &'static str,
    /// How many certificates there were.
    issued: u32,
}

impl Authorities {
    /// In this folder, with a first certificate.
    pub async fn establish(openssl: PathBuf, folder: &Path) -> Result<Self> {
        fs::write(folder.join(SETTINGS), SECTIONS)?;
        let mut authorities = Self {
            openssl,
            folder: folder.to_owned(),
            issuer: "first",
            other: "second",
            issued: 0,
        };
        let mut trusted = String::new();
        for name in [authorities.issuer, authorities.other] {
            authorities.make(name).await?;
            trusted.push_str(&fs::read_to_string(folder.join(format!("{name}.pem")))?);
        }
        fs::write(folder.join(TRUSTED), trusted)?;
        authorities.issue().await?;
        Ok(authorities)
    }

    /// The file with both.
    pub fn trusted(&self) -> PathBuf {
        self.folder.join(TRUSTED)
    }

    /// The next certificates are the other authority's.
    pub fn change(&mut self) {
        mem::swap(&mut self.issuer, &mut self.other);
    }

    /// A new key, and a certificate of it, in the place of those before.
    pub async fn issue(&mut self) -> Result<()> {
        self.issued += 1;
        let mut request = vec!["req", "-new", "-config", SETTINGS];
        request.extend(["-keyout", KEY, "-out", REQUEST]);
        request.extend(NEW_KEY);
        self.run(&request).await?;
        let authority = format!("{}.pem", self.issuer);
        let key = format!("{}.key", self.issuer);
        let serial = self.issued.to_string();
        let mut certificate = vec!["x509", "-req", "-in", REQUEST, "-out", CERTIFICATE];
        certificate.extend(["-CA", authority.as_str(), "-CAkey", key.as_str()]);
        certificate.extend(["-set_serial", serial.as_str(), "-days", "2"]);
        certificate.extend(["-extfile", SETTINGS, "-extensions", "server"]);
        self.run(&certificate).await
    }

    /// An authority's key, and its certificate by itself.
    async fn make(&self, name: &str) -> Result<()> {
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let subject = format!("/CN=the {name} authority of this test");
        let mut arguments = vec!["req", "-x509", "-config", SETTINGS, "-days", "2"];
        arguments.extend(["-extensions", "authority", "-subj", subject.as_str()]);
        arguments.extend(["-keyout", key.as_str(), "-out", certificate.as_str()]);
        arguments.extend(NEW_KEY);
        self.run(&arguments).await
    }

    async fn run(&self, arguments: &[&str]) -> Result<()> {
        let ended = Command::new(&self.openssl)
            .args(arguments)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot run openssl")?;
        let said = String::from_utf8_lossy(&ended.stderr);
        ensure!(
            ended.status.success(),
            "openssl {}: {said}",
            arguments.join(" ")
        );
        Ok(())
    }
}
