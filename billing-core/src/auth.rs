//! Service tokens: who calls, in which role, for which tenants.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Tool backends: decides about money and moves it.
    Tools,
    /// The public gateway: reads, and changes what a user may change of his own account.
    Gateway,
    /// Everything.
    Admin,
}

impl Role {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Gateway => "gateway",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = TokenSyntax;

    fn from_str(name: &str) -> Result<Self, TokenSyntax> {
        [Self::Tools, Self::Gateway, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
            .ok_or(TokenSyntax("the role must be tools, gateway or admin"))
    }
}

/// A tenant list of a token: `*`, or names joined by commas.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tenants {
    All,
    Named(Vec<String>),
}

/// Who a valid token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    pub role: Role,
    tenants: Tenants,
}

impl Caller {
    /// Whoever reaches a core that listens on loopback only and has no tokens.
    pub const fn local() -> Self {
        Self {
            role: Role::Admin,
            tenants: Tenants::All,
        }
    }

    pub fn may_act_for_all(&self) -> bool {
        self.tenants == Tenants::All
    }

    pub fn may_act_for(&self, tenant_id: &str) -> bool {
        match &self.tenants {
            Tenants::All => true,
            Tenants::Named(names) => names.iter().any(|name| name == tenant_id),
        }
    }
}

/// One token as it is configured: `role:tenants:sha256hex`. The token itself is not known.
#[derive(Clone)]
pub struct ServiceToken {
    pub caller: Arc<Caller>,
    sha256: [u8; 32],
}

impl ServiceToken {
    /// Whether both are of one token.
    pub fn is_same(&self, other: &Self) -> bool {
        self.sha256.ct_eq(&other.sha256).into()
    }
}

/// Why a token line is refused. The line itself is not repeated: somebody may have put a token
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("service token: {0}")]
pub struct TokenSyntax(&'static str);

impl fmt::Debug for ServiceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceToken")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl FromStr for ServiceToken {
    type Err = TokenSyntax;

    fn from_str(line: &str) -> Result<Self, TokenSyntax> {
        let mut parts = line.split(':');
        let (Some(role), Some(tenants), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(TokenSyntax("must be role:tenants:sha256hex"));
        };
        let tenants = match tenants {
            "*" => Tenants::All,
            names => Tenants::Named(names.split(',').map(str::to_owned).collect()),
        };
        if let Tenants::Named(names) = &tenants
            && names.iter().any(|name| name.is_empty() || name == "*")
        {
            return Err(TokenSyntax(
                "tenants must be * alone, or names joined by commas",
            ));
        }
        Ok(Self {
            caller: Arc::new(Caller {
                role: role.parse()?,
                tenants,
            }),
            sha256: sha256_from_hex(hash)
                .ok_or(TokenSyntax("the hash must be 64 hexadecimal digits"))?,
        })
    }
}

fn sha256_from_hex(hex: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if hex.len() != 64 || !hex.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, digits) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// All lines of a list: entries are separated by white space or `;`.
pub fn parse_tokens(list: &str) -> Result<Vec<ServiceToken>, TokenSyntax> {
    list.split(|c: char| c == ';' || c.is_whitespace())
        .filter(|line| !line.is_empty())
        .map(str::parse)
        .collect()
}

/// Finds who a token speaks for. Compares with all of them in constant time.
pub fn find_caller<'a>(tokens: &'a [ServiceToken], token: &str) -> Option<&'a Arc<Caller>> {
    let presented: [u8; 32] = Sha256::digest(token.as_bytes()).into();
    let mut found = None;
    for known in tokens {
        if bool::from(known.sha256.ct_eq(&presented)) {
            found = Some(&known.caller);
        }
    }
    found
}

/// A fresh token and the line that admits it.
pub fn new_token(role: Role, tenants: &str) -> Result<(String, String), TokenSyntax> {
    use rand::TryRngCore;
    let mut bytes = [0_u8; 32];
    rand::rngs::OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|_| TokenSyntax("the system has no random numbers"))?;
    let token = format!("billing_{}_{}", role.name(), hex(&bytes));
    let line = format!(
        "{}:{tenants}:{}",
        role.name(),
        hex(&Sha256::digest(token.as_bytes()))
    );
    line.parse::<ServiceToken>()?;
    Ok((token, line))
}

fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_is_found_and_speaks_for_its_tenants() {
        let (token, line) = new_token(Role::Tools, "acme,beta").unwrap();
        let tokens = parse_tokens(&format!("{line};\n")).unwrap();
        let caller = find_caller(&tokens, &token).unwrap();
        assert_eq!(caller.role, Role::Tools);
        assert!(caller.may_act_for("acme") && caller.may_act_for("beta"));
        assert!(
            !caller.may_act_for("acme,beta") && !caller.may_act_for("") && !caller.may_act_for("*")
        );
        assert_eq!(find_caller(&tokens, &format!("{token} ")), None);
        assert_eq!(find_caller(&tokens, ""), None);
    }

    #[test]
    fn a_malformed_line_is_refused_and_not_repeated() {
        for line in [
            "tools:*",
            "root:*:00",
            "tools::0000000000000000000000000000000000000000000000000000000000000000",
            "tools:*,a:0000000000000000000000000000000000000000000000000000000000000000",
            "tools:*:secret-token",
        ] {
            let error = parse_tokens(line).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_configured_token_shows_no_hash() {
        let (_, line) = new_token(Role::Admin, "*").unwrap();
        let hash = line.rsplit(':').next().unwrap();
        let shown = format!("{:?}", parse_tokens(&line).unwrap());
        assert!(!shown.contains(&hash[..8]), "{shown}");
    }
}
