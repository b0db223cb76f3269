//! Who is admitted to gRPC.

use billing_telemetry::doctor::Finding;

use crate::auth::{Role, ServiceToken, find_caller};
use crate::config::ServeOptions;

const SUBJECT: &str = "tokens";

/// What people put where a token belongs until they have one.
const GUESSED: [&str; 20] = [
    "",
    "admin",
    "billing",
    "change-me",
    "change_me",
    "changeme",
    "core-token",
    "default",
    "demo",
    "dev",
    "example",
    "gateway",
    "password",
    "placeholder",
    "replace-me",
    "secret",
    "test",
    "token",
    "todo",
    "tools",
];

pub fn check(options: &ServeOptions) -> Vec<Finding> {
    let tokens = match options.tokens() {
        Ok(Some(tokens)) => tokens,
        Ok(None) => {
            return vec![Finding::warn(
                SUBJECT,
                format!("none, and gRPC listens on {}", options.grpc_addr),
                "whoever reaches that address is an administrator",
                "make a token for each caller: `billing-core token`",
            )];
        }
        Err(error) => {
            let to_do = "mend BILLING_SERVICE_TOKENS or its file: a core does not start with it";
            return vec![Finding::mend(
                SUBJECT,
                "service tokens",
                format!("{error:#}"),
                to_do,
            )];
        }
    };
    let mut findings = weaknesses(options, &tokens);
    let counted = [Role::Gateway, Role::Tools, Role::Admin].map(|role| {
        let count = tokens
            .iter()
            .filter(|token| token.caller.role == role)
            .count();
        format!("{count} of {}", role.name())
    });
    findings.insert(0, Finding::ok(SUBJECT, counted.join(", ")));
    findings
}

fn weaknesses(options: &ServeOptions, tokens: &[ServiceToken]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for guessed in GUESSED {
        if let Some(caller) = find_caller(tokens, guessed) {
            findings.push(Finding::mend(
                SUBJECT,
                format!("a token of role {}", caller.role.name()),
                "anybody can guess it",
                "replace it by one that `billing-core token` makes",
            ));
        }
    }
    if tokens.iter().enumerate().any(|(number, token)| {
        let others = tokens.iter().skip(number.saturating_add(1));
        others.into_iter().any(|other| other.is_same(token))
    }) {
        findings.push(Finding::mend(
            SUBJECT,
            "two lines for one token",
            "only the last one counts: its bearer has not the role that the other names",
            "give each caller a token of its own",
        ));
    }
    for (role, wrong) in [
        (Role::Gateway, "no gateway can call"),
        (Role::Tools, "no tool backend can check or charge"),
    ] {
        if !tokens.iter().any(|token| token.caller.role == role) {
            findings.push(Finding::warn(
                SUBJECT,
                format!("none of role {}", role.name()),
                wrong,
                format!("`billing-core token --role {} --tenants '*'`", role.name()),
            ));
        }
    }
    if options.tls_cert.is_none() && !options.grpc_addr.ip().is_loopback() {
        findings.push(Finding::ok(
            SUBJECT,
            "they travel without TLS of the core's own: let only your own network in between",
        ));
    }
    findings
}
