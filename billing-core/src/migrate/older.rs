//! Migrations that were edited after they had landed, in November 2026.
//!
//! A database that was made by an older text has that one's checksum, and may lack what the newer one
//! brings. Both are brought up to today's text. No further text will ever be edited:
//! migrations/checksums.sha256.

use sqlx::migrate::MigrateError;
use sqlx::{Connection, PgConnection};

use super::MIGRATOR;

/// An older text of a migration.
struct OlderText {
    version: i64,
    /// Its SHA-384, in hexadecimal digits.
    checksum: &'static str,
    /// What makes of its schema that of today's text.
    difference: &'static str,
}

const OLDER: [OlderText; 5] = [
    // A comment.
    OlderText {
        version: 2,
        checksum: "b5d905974f6f13cf88bdb3b5f8d3294a6b51a3f8a851860ff6a58e92d91a84e41079772616a6b25b4a435179993e6f76",
        difference: "",
    },
    OlderText {
        version: 4,
        checksum: "112b425bd4623fda5d2d088bfcca27e3d0d9fc6b2f21c64690212158444ca4e6f24a4ec1bba25a65324612d549c7a4b0",
        difference: "revoke delete on entry_note from billing_app",
    },
    OlderText {
        version: 6,
        checksum: "d4c210011c6b76bca0eda5b0663956759001c6d623c16d2349f35b001e49fbdbfc317157d03034f74475dfc88208a2fb",
        difference: "grant update on provider_customer to billing_app",
    },
    // Rates that slipped in are part of the past; from now on there are none.
    OlderText {
        version: 8,
        checksum: "cc7c2424a558c0b0f13d03cafeb17c7e8eeab0ae858fb4cf5f5ae3ec402c66442cffba34f8111e9a950cf73bf8557b42",
        difference: "
            alter table exchange_rate drop constraint exchange_rate_range;
            alter table exchange_rate add constraint exchange_rate_range check (rate between 1 and 1000) not valid;
            do $$
            begin
                alter table exchange_rate validate constraint exchange_rate_range;
            exception
                when check_violation then raise warning 'exchange_rate has rates that are out of range';
            end
            $$",
    },
    // Builds its index while others wait. Databases of this text were made within one hour.
    OlderText {
        version: 11,
        checksum: "a287036a87cb719593282ec8eb6110c88a4f9a65e84fb609329544d7179c7a44fb55340a89fd592d3a34659999276252",
        difference: "
            alter table payment add constraint payment_used_key_once unique (idempotency_key, account_id);
            drop index payment_used_key",
    },
];

/// Brings up what an older text has made, and notes that it is today's. All or nothing.
pub(super) async fn bring_up(connection: &mut PgConnection) -> Result<(), MigrateError> {
    let mut transaction = connection.begin().await?;
    let mut brought_up = Vec::new();
    for older in &OLDER {
        let found: Option<i64> = sqlx::query_scalar(
            "select version from _sqlx_migrations
            where version = $1 and encode(checksum, 'hex') = $2",
        )
        .bind(older.version)
        .bind(older.checksum)
        .fetch_optional(&mut *transaction)
        .await?;
        let today = MIGRATOR.iter().find(|migration| {
            migration.version == older.version && migration.migration_type.is_up_migration()
        });
        let (Some(version), Some(today)) = (found, today) else {
            continue;
        };
        sqlx::raw_sql(older.difference)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("update _sqlx_migrations set checksum = $2 where version = $1")
            .bind(version)
            .bind(&*today.checksum)
            .execute(&mut *transaction)
            .await?;
        brought_up.push(version);
    }
    transaction.commit().await?;
    for version in brought_up {
        eprintln!(
            "billing-core: migration {version} was applied in an older text; the difference is applied now"
        );
    }
    Ok(())
}
