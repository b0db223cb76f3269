//! Whose tokens are accepted, and how they are read.

use clap::Args;
use jsonwebtoken::Algorithm;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use super::ContactClaims;
use crate::config_check::{ConfigError, SECRET_BYTES_MIN, filled, guarded_url};

/// Whose tokens are accepted, and how they are read.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Tokens of users")]
pub struct JwtSettings {
    /// The secret of HS256 tokens, at least 32 bytes. This or the JWKS URL is required
    #[arg(long, env = "JWT_SECRET", hide_env_values = true)]
    pub jwt_secret: Option<SecretString>,

    /// Where the public keys of tokens are fetched; https, or http on loopback
    #[arg(long, env = "JWT_JWKS_URL")]
    pub jwt_jwks_url: Option<String>,

    #[arg(
        long,
        env = "JWT_ALGORITHM",
        help = "The one algorithm that is accepted: HS256 with a secret (and then need not be \
                set); RS256, ES256 or EdDSA with a JWKS URL"
    )]
    pub jwt_algorithm: Option<String>,

    /// The `iss` that tokens must carry; absent: not checked
    #[arg(long, env = "JWT_ISSUER")]
    pub jwt_issuer: Option<String>,

    /// The `aud` that tokens must carry; absent: not checked
    #[arg(long, env = "JWT_AUDIENCE")]
    pub jwt_audience: Option<String>,

    /// The claim that names the user, a string or an integer
    #[arg(long, env = "JWT_USER_CLAIM", default_value = "userId")]
    pub jwt_user_claim: String,

    /// The claim that names the tenant; absent: every user is of the default tenant
    #[arg(long, env = "JWT_TENANT_CLAIM")]
    pub jwt_tenant_claim: Option<String>,

    /// The claim that tells an administrator, who may refund; absent: nobody is one
    #[arg(long, env = "JWT_ADMIN_CLAIM")]
    pub jwt_admin_claim: Option<String>,

    /// What that claim holds, as its value or one of a list
    #[arg(long, env = "JWT_ADMIN_VALUE")]
    pub jwt_admin_value: Option<String>,

    /// The claim that holds the user's e-mail address, for mail; absent: none is sent
    #[arg(long, env = "JWT_EMAIL_CLAIM")]
    pub jwt_email_claim: Option<String>,

    /// The claim that holds the user's name, for mail; absent: mail names nobody
    #[arg(long, env = "JWT_NAME_CLAIM")]
    pub jwt_name_claim: Option<String>,

    /// The tenant of every user. Required where no tenant claim is set, and then the only one. With a tenant
    /// claim: the tenant of public reads that name none
    #[arg(long, env = "BILLING_DEFAULT_TENANT")]
    pub default_tenant: Option<String>,
}

#[derive(Clone, Debug)]
pub struct JwtConfig {
    pub keys: JwtKeys,
    pub issuer: Option<String>,
    pub audience: Option<String>,
    pub user_claim: String,
    pub tenant: TenantSource,
    /// Where a tenant claim is set: the tenant of public reads that name none.
    pub public_tenant: Option<String>,
    pub admin: Option<AdminClaim>,
    pub contact: ContactClaims,
}

/// What a token must say to be an administrator's.
#[derive(Clone, Debug)]
pub struct AdminClaim {
    pub claim: String,
    pub value: String,
}

/// What tokens are verified with: one kind of key, one algorithm.
#[derive(Clone, Debug)]
pub enum JwtKeys {
    /// HS256.
    Secret(SecretString),
    Jwks {
        url: Url,
        algorithm: Algorithm,
    },
}

/// Where a user's tenant comes from: exactly one place, without fallback.
#[derive(Clone, Debug)]
pub enum TenantSource {
    Claim(String),
    Fixed(String),
}

impl TryFrom<JwtSettings> for JwtConfig {
    type Error = ConfigError;

    fn try_from(jwt: JwtSettings) -> Result<Self, ConfigError> {
        // A claim beside a default would be a fallback from one to the other.
        let default_tenant = jwt.default_tenant;
        let default_tenant = default_tenant.map(|tenant| filled("BILLING_DEFAULT_TENANT", tenant));
        let (tenant, public_tenant) = match (jwt.jwt_tenant_claim, default_tenant.transpose()?) {
            (Some(claim), public) => {
                let claim = filled("JWT_TENANT_CLAIM", claim)?;
                (TenantSource::Claim(claim), public)
            }
            (None, Some(tenant)) => (TenantSource::Fixed(tenant), None),
            (None, None) => return Err(ConfigError::Missing("BILLING_DEFAULT_TENANT")),
        };
        let admin = match (jwt.jwt_admin_claim, jwt.jwt_admin_value) {
            (Some(claim), Some(value)) => Some(AdminClaim {
                claim: filled("JWT_ADMIN_CLAIM", claim)?,
                value: filled("JWT_ADMIN_VALUE", value)?,
            }),
            (None, None) => None,
            _ => return Err(ConfigError::AdminClaim),
        };
        let filled_option =
            |name, value: Option<String>| value.map(|v| filled(name, v)).transpose();
        Ok(Self {
            keys: jwt_keys(
                jwt.jwt_secret,
                jwt.jwt_jwks_url,
                jwt.jwt_algorithm.as_deref(),
            )?,
            issuer: filled_option("JWT_ISSUER", jwt.jwt_issuer)?,
            audience: filled_option("JWT_AUDIENCE", jwt.jwt_audience)?,
            user_claim: filled("JWT_USER_CLAIM", jwt.jwt_user_claim)?,
            tenant,
            public_tenant,
            admin,
            contact: ContactClaims {
                email: filled_option("JWT_EMAIL_CLAIM", jwt.jwt_email_claim)?,
                name: filled_option("JWT_NAME_CLAIM", jwt.jwt_name_claim)?,
            },
        })
    }
}

fn jwt_keys(
    secret: Option<SecretString>,
    jwks_url: Option<String>,
    algorithm: Option<&str>,
) -> Result<JwtKeys, ConfigError> {
    match (secret, jwks_url) {
        (Some(secret), None) => {
            if secret.expose_secret().trim().is_empty() {
                return Err(ConfigError::Blank("JWT_SECRET"));
            }
            if secret.expose_secret().trim().len() < SECRET_BYTES_MIN {
                return Err(ConfigError::ShortSecret);
            }
            match algorithm {
                None | Some("HS256") => Ok(JwtKeys::Secret(secret)),
                Some(_) => Err(ConfigError::Algorithm {
                    expected: "HS256 with JWT_SECRET",
                }),
            }
        }
        (None, Some(url)) => {
            let algorithm = match algorithm {
                Some("RS256") => Algorithm::RS256,
                Some("ES256") => Algorithm::ES256,
                Some("EdDSA") => Algorithm::EdDSA,
                _ => {
                    return Err(ConfigError::Algorithm {
                        expected: "RS256, ES256 or EdDSA with JWT_JWKS_URL",
                    });
                }
            };
            Ok(JwtKeys::Jwks {
                url: guarded_url(&url).ok_or(ConfigError::JwksUrl)?,
                algorithm,
            })
        }
        _ => Err(ConfigError::SecretOrJwks),
    }
}
