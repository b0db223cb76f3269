//! All charges of an account, each with the request that it belongs to.

use anyhow::{Context, Result};
use billing_proto::v1::{AccountRef, Entry, EntryKind, GetBalanceRequest, ListEntriesRequest};

use super::RealCore;

/// The greatest that the core gives.
const PAGE_SIZE: i32 = 500;

/// An account as the core has it.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub settled_micros: i64,
    pub held_micros: i64,
    /// Newest first.
    pub charges: Vec<Charge>,
}

#[derive(Clone, Debug)]
pub struct Charge {
    pub request_id: String,
    /// More than 0.
    pub micros: i64,
}

impl RealCore {
    pub async fn ledger(&mut self, account: &AccountRef) -> Result<Ledger> {
        let request = GetBalanceRequest {
            account: Some(account.clone()),
        };
        let answer = self.balance.get_balance(request).await?.into_inner();
        let balance = answer.balance.context("no balance")?;
        Ok(Ledger {
            settled_micros: balance.settled_micros,
            held_micros: balance.held_micros,
            charges: self.charges(account).await?,
        })
    }

    async fn charges(&mut self, account: &AccountRef) -> Result<Vec<Charge>> {
        let charge = |entry: Entry| Charge {
            request_id: entry.request_id,
            micros: -entry.amount_micros,
        };
        let mut charges = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = ListEntriesRequest {
                account: Some(account.clone()),
                page_size: PAGE_SIZE,
                page_token,
                kind: EntryKind::Charge.into(),
                ..ListEntriesRequest::default()
            };
            let page = self.balance.list_entries(request).await?.into_inner();
            charges.extend(page.entries.into_iter().map(charge));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(charges);
            }
        }
    }
}
