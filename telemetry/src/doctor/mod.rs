//! What the command `doctor` of a service finds, and how it is told.

mod certificate;
mod clock;

pub use certificate::{ends_at, judge as judge_certificate};
pub use clock::{judge as judge_clock, reading as clock_reading};

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

/// For one check; whoever does not answer by then does not answer callers either.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Shorter texts than this are not secret, and stand in words.
const SECRET_CHARS_MIN: usize = 6;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it belongs to, in a word.
    pub subject: &'static str,
    /// As it was found.
    pub looked_at: String,
    pub verdict: Verdict,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Ok,
    /// It works, and is hardly meant.
    Warn(Trouble),
    /// Money or service is at stake.
    Mend(Trouble),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub wrong: String,
    pub to_do: String,
}

impl Finding {
    pub fn ok(subject: &'static str, looked_at: impl Into<String>) -> Self {
        Self::of(subject, &looked_at.into(), Verdict::Ok)
    }

    pub fn warn(
        subject: &'static str,
        looked_at: impl Into<String>,
        wrong: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        let trouble = Trouble::of(&wrong.into(), to_do.into());
        Self::of(subject, &looked_at.into(), Verdict::Warn(trouble))
    }

    pub fn mend(
        subject: &'static str,
        looked_at: impl Into<String>,
        wrong: impl Into<String>,
        to_do: impl Into<String>,
    ) -> Self {
        let trouble = Trouble::of(&wrong.into(), to_do.into());
        Self::of(subject, &looked_at.into(), Verdict::Mend(trouble))
    }

    fn of(subject: &'static str, looked_at: &str, verdict: Verdict) -> Self {
        Self {
            subject,
            looked_at: without_user(looked_at),
            verdict,
        }
    }

    fn to_json(&self) -> Value {
        let trouble = self.verdict.trouble();
        json!({
            "subject": self.subject,
            "level": self.verdict.level(),
            "looked_at": self.looked_at,
            "wrong": trouble.map(|trouble| &trouble.wrong),
            "to_do": trouble.map(|trouble| &trouble.to_do),
        })
    }

    fn line(&self, width: usize) -> String {
        let (level, subject) = (self.verdict.level(), self.subject);
        let mut line = format!("{level:<4}  {subject:<width$}  {}", self.looked_at);
        if let Some(trouble) = self.verdict.trouble() {
            // Writing to a String cannot fail.
            let _ = write!(line, ": {}: {}", trouble.wrong, trouble.to_do);
        }
        // One line for each, whatever somebody else's answer has in it.
        line.replace(char::is_control, " ")
    }
}

impl Trouble {
    fn of(wrong: &str, to_do: String) -> Self {
        let wrong = without_user(wrong);
        Self { wrong, to_do }
    }
}

impl Verdict {
    pub const fn level(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn(_) => "warn",
            Self::Mend(_) => "mend",
        }
    }

    pub const fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Ok => None,
            Self::Warn(trouble) | Self::Mend(trouble) => Some(trouble),
        }
    }
}

/// A check that ends in time, whatever it waits for.
pub async fn within(
    subject: &'static str,
    asked: &str,
    check: impl Future<Output = Vec<Finding>>,
) -> Vec<Finding> {
    within_time(PATIENCE, subject, asked, check).await
}

async fn within_time(
    patience: Duration,
    subject: &'static str,
    asked: &str,
    check: impl Future<Output = Vec<Finding>>,
) -> Vec<Finding> {
    let found = tokio::time::timeout(patience, check).await;
    found.unwrap_or_else(|_elapsed| {
        let wrong = format!("no answer within {} s", patience.as_secs());
        let to_do = "see whether it can be reached from here, and how busy it is";
        vec![Finding::mend(subject, asked, wrong, to_do)]
    })
}

/// Prints what was found, as lines or as one JSON object; the exit code says whether something must be
/// mended. `secrets` are printed nowhere, also where an answer from elsewhere repeats them.
pub fn report(findings: &[Finding], as_json: bool, secrets: &[&str]) -> ExitCode {
    let text = if as_json {
        told_as_json(findings)
    } else {
        told(findings)
    };
    // Whoever reads no more has read enough.
    let _ = writeln!(std::io::stdout(), "{}", without(secrets, text));
    if count(findings, "mend") == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn told_as_json(findings: &[Finding]) -> String {
    let all: Vec<Value> = findings.iter().map(Finding::to_json).collect();
    json!({
        "findings": all,
        "ok": count(findings, "ok"),
        "warn": count(findings, "warn"),
        "mend": count(findings, "mend"),
    })
    .to_string()
}

fn told(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.subject.len()).max();
    let mut text = String::new();
    for finding in findings {
        text.push_str(&finding.line(width.unwrap_or_default()));
        text.push('\n');
    }
    let [ok, warn, mend] = ["ok", "warn", "mend"].map(|level| count(findings, level));
    let meaning = if mend == 0 {
        "nothing must be mended (exit code 0)"
    } else {
        "something must be mended (exit code 1)"
    };
    // Writing to a String cannot fail.
    let _ = write!(text, "{ok} ok, {warn} warn, {mend} mend: {meaning}");
    text
}

fn count(findings: &[Finding], level: &str) -> usize {
    let is_it = |finding: &&Finding| finding.verdict.level() == level;
    findings.iter().filter(is_it).count()
}

/// Without who signs in and by which password, wherever a URL stands.
fn without_user(text: &str) -> String {
    const BEHIND_SCHEME: &str = "://";
    let mut parts = text.split(BEHIND_SCHEME);
    let mut cut = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_end = |c: char| c.is_whitespace() || "/?#\"'`".contains(c);
        let (authority, rest) = part.split_at(part.find(is_end).unwrap_or(part.len()));
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        cut.extend([BEHIND_SCHEME, host, rest]);
    }
    cut
}

fn without(secrets: &[&str], mut text: String) -> String {
    for secret in secrets {
        if secret.len() >= SECRET_CHARS_MIN {
            text = text.replace(secret, "(hidden)");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> [Finding; 3] {
        [
            Finding::ok("database", "primary db1:5432"),
            Finding::warn(
                "mail",
                "FRONTEND_URL",
                "mail has no links",
                "set FRONTEND_URL",
            ),
            Finding::mend(
                "role",
                "postgres",
                "a superuser",
                "use \"hunter2\"\nno more",
            ),
        ]
    }

    #[test]
    fn people_get_a_line_for_each_and_a_count() {
        let text = without(&["hunter2", "mail"], told(&findings()));
        assert_eq!(
            text,
            "ok    database  primary db1:5432\n\
             warn  mail      FRONTEND_URL: mail has no links: set FRONTEND_URL\n\
             mend  role      postgres: a superuser: use \"(hidden)\" no more\n\
             1 ok, 1 warn, 1 mend: something must be mended (exit code 1)"
        );
    }

    #[test]
    fn programs_get_the_same_as_json() {
        let json: Value = serde_json::from_str(&told_as_json(&findings())).unwrap();
        assert_eq!(json["mend"], 1);
        assert_eq!(
            json["findings"][0],
            json!({"subject": "database", "level": "ok", "looked_at": "primary db1:5432",
                "wrong": null, "to_do": null})
        );
        assert_eq!(json["findings"][1]["to_do"], "set FRONTEND_URL");
    }

    #[test]
    fn who_signs_in_is_left_out_of_every_url() {
        let found = Finding::mend(
            "outside",
            "https://olga:pw@pay.example.com/a@b and http://u@h",
            "it leads to `https://u:p@h`",
            "name it as postgres://user:password@host",
        );
        assert_eq!(
            found.line(7),
            "mend  outside  https://pay.example.com/a@b and http://h: it leads to `https://h`: \
             name it as postgres://user:password@host"
        );
    }

    #[tokio::test]
    async fn a_check_that_does_not_end_is_a_finding() {
        let never = std::future::pending();
        let found = within_time(Duration::from_millis(1), "core", "http://core", never).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].verdict.level(), "mend");
    }
}
