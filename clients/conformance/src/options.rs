//! The runner's command line.

use std::fmt::{self, Display, Formatter};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Plays every scenario of the suite against one client's subject, on the real core; or makes trouble under
/// load, and judges the books afterwards.
///
/// It makes a PostgreSQL of its own in a new folder under /tmp, and deletes it. `billing-core` must be
/// built beside this program. It ends with 1 when a scenario fails, or a charge is not as it should be.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "billing-conformance",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    client: Option<Client>,
    #[command(flatten)]
    suite: Suite,
}

#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Play every scenario of the suite. The default.
    Scenarios(ScenarioOptions),
    /// Make trouble between subject and core under load, and judge each charge afterwards.
    Faults(FaultOptions),
}

#[derive(Clone, Debug, Args)]
pub struct ScenarioOptions {
    #[command(flatten)]
    pub client: Client,
    #[command(flatten)]
    pub suite: Suite,
}

#[derive(Clone, Debug, Args)]
pub struct FaultOptions {
    #[command(flatten)]
    pub client: Client,

    /// How long at least, in seconds. Every fault is made at least once, which takes 20 to 30.
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    pub seconds: u64,

    /// How many calls at least.
    #[arg(long, value_name = "CALLS", default_value_t = 500)]
    pub calls: u32,

    /// What else stands between subject and core, with the files of `deploy/`.
    #[arg(long, value_enum, default_value_t = Through::Direct)]
    pub through: Through,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Through {
    Direct,
    Nginx,
    /// That nginx, which speaks TLS; its key and certificate are replaced twice a round, the second time by those of
    /// another authority. Needs openssl.
    NginxTls,
    Haproxy,
}

/// Whose conformance is asked.
#[derive(Clone, Debug, Args)]
pub struct Client {
    /// How the subject is started, by a shell, in the present folder: `node clients/node/conformance/subject.mjs`.
    #[arg(long, value_name = "COMMAND")]
    pub subject: String,

    /// How the subject is called here: `node-express5`. Behind the first hyphen stands its `SUBJECT_FRAMEWORK`;
    /// without a hyphen, that of the environment holds.
    #[arg(long, value_name = "NAME", default_value = "subject")]
    pub name: String,
}

#[derive(Clone, Debug, Args)]
pub struct Suite {
    /// Where the scenarios are [default: those of this crate].
    #[arg(long, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,

    /// Only scenarios with one of these texts in their name or their file's, separated by commas.
    #[arg(long, value_name = "TEXTS", value_delimiter = ',')]
    pub only: Vec<String>,
}

impl CommandLine {
    pub fn chosen(self) -> Result<Command> {
        if let Some(command) = self.command {
            return Ok(command);
        }
        Ok(Command::Scenarios(ScenarioOptions {
            client: self.client.context("--subject is missing")?,
            suite: self.suite,
        }))
    }
}

impl Client {
    /// `SUBJECT_FRAMEWORK`, where the name says it.
    pub fn framework(&self) -> Option<&str> {
        self.name.split_once('-').map(|(_, framework)| framework)
    }
}

impl Suite {
    pub fn folder(&self) -> PathBuf {
        self.scenarios.clone().unwrap_or_else(own_scenarios)
    }
}

impl Display for Through {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Direct => "direct",
            Self::Nginx => "through nginx",
            Self::NginxTls => "through nginx with TLS",
            Self::Haproxy => "through HAProxy",
        })
    }
}

/// The suite.
pub fn own_scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::{Command, CommandLine, Through};

    fn chosen(words: &str) -> Option<Command> {
        let line = format!("billing-conformance {words}");
        CommandLine::try_parse_from(line.split(' '))
            .ok()?
            .chosen()
            .ok()
    }

    #[test]
    fn scenarios_are_played_unless_another_command_is_given() {
        for words in [
            "--subject x --name n-f --only key-",
            "scenarios --subject x --name n-f --only key-",
        ] {
            let Some(Command::Scenarios(options)) = chosen(words) else {
                panic!("{words}");
            };
            assert_eq!(options.client.subject, "x");
            assert_eq!(options.client.framework(), Some("f"));
            assert_eq!(options.suite.only, ["key-"]);
        }
        for (through, expected) in [
            ("nginx", Through::Nginx),
            ("nginx-tls", Through::NginxTls),
            ("haproxy", Through::Haproxy),
        ] {
            let words = format!("faults --subject x --through {through}");
            let Some(Command::Faults(options)) = chosen(&words) else {
                panic!("{words}");
            };
            assert_eq!((options.seconds, options.calls), (60, 500));
            assert_eq!(options.through, expected);
        }
        for words in [
            "--name n",
            "faults",
            "scenarios",
            "--subject x faults --subject x",
        ] {
            assert!(chosen(words).is_none(), "{words}");
        }
    }
}
