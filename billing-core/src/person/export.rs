//! The export: one JSON document in parts, so that nobody needs room for all of it.

use std::str::FromStr;

use sqlx::PgPool;
use uuid::Uuid;

use super::queries::{self, Row};
use crate::id::AccountId;

/// Rows of a part: with all the metadata that the contract allows, below 4 MB.
const ROWS: i64 = 100;

/// Where in the document a part begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    Head,
    /// In a list, behind the row of this place; empty: with its first one.
    List(List, String),
}

/// The lists of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Consents,
    Contributions,
    Subscriptions,
    Payments,
    Entries,
    Holds,
    Notices,
}

impl List {
    const ALL: [Self; 7] = [
        Self::Consents,
        Self::Contributions,
        Self::Subscriptions,
        Self::Payments,
        Self::Entries,
        Self::Holds,
        Self::Notices,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Consents => "consents",
            Self::Contributions => "contributions",
            Self::Subscriptions => "subscriptions",
            Self::Payments => "payments",
            Self::Entries => "entries",
            Self::Holds => "holds",
            Self::Notices => "notices",
        }
    }

    fn next(self) -> Option<Self> {
        let mut all = Self::ALL.into_iter().skip_while(|list| *list != self);
        all.nth(1)
    }
}

/// Not the name of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be the next_page_token of a part")]
pub struct NoPage;

impl FromStr for Page {
    type Err = NoPage;

    fn from_str(token: &str) -> Result<Self, NoPage> {
        let (name, place) = token.split_once('/').ok_or(NoPage)?;
        let mut all = List::ALL.into_iter();
        let list = all.find(|list| list.name() == name).ok_or(NoPage)?;
        // As it is read below: a place is never one of somebody else's.
        Place::of(place).map(|_| Self::List(list, place.to_owned()))
    }
}

/// The place of a row, in the words of the lists.
struct Place<'a> {
    number: i64,
    id: Uuid,
    channel: &'a str,
}

impl<'a> Place<'a> {
    fn of(place: &'a str) -> Result<Self, NoPage> {
        let (channel, number) = place.split_once('/').unwrap_or(("", place));
        let read = Self {
            number: number.parse().unwrap_or_default(),
            id: number.parse().unwrap_or_default(),
            channel,
        };
        let is_known = place.is_empty() || read.number > 0 || !read.id.is_nil();
        if is_known { Ok(read) } else { Err(NoPage) }
    }
}

/// A part of the document, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub json: String,
    pub next: Option<String>,
}

/// The part of the document of somebody's that begins at `page`.
pub async fn part(pool: &PgPool, account: AccountId, page: &Page) -> Result<Part, sqlx::Error> {
    let Page::List(list, place) = page else {
        let head = queries::find_head(pool, account).await?;
        // The lists follow as further members.
        let json = head.strip_suffix('}').unwrap_or(&head).to_owned();
        let next = List::ALL.first().map(|list| format!("{}/", list.name()));
        return Ok(Part { json, next });
    };
    let rows = find(pool, account, *list, place).await?;
    let mut json = String::new();
    if place.is_empty() {
        json.extend([",\"", list.name(), "\":["]);
    }
    for (number, row) in rows.iter().enumerate() {
        if number > 0 || !place.is_empty() {
            json.push(',');
        }
        json.push_str(&row.json);
    }
    let is_whole = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= ROWS;
    let next = if let Some(last) = rows.last().filter(|_| is_whole) {
        Some(format!("{}/{}", list.name(), last.place))
    } else {
        json.push(']');
        list.next().map(|list| format!("{}/", list.name()))
    };
    if next.is_none() {
        json.push('}');
    }
    Ok(Part { json, next })
}

async fn find(
    pool: &PgPool,
    account: AccountId,
    list: List,
    place: &str,
) -> Result<Vec<Row>, sqlx::Error> {
    let Ok(Place {
        number,
        id,
        channel,
    }) = Place::of(place)
    else {
        return Ok(Vec::new());
    };
    match list {
        List::Consents => queries::find_consents(pool, account, number, ROWS).await,
        List::Contributions => queries::find_contributions(pool, account, id, ROWS).await,
        List::Subscriptions => queries::find_subscriptions(pool, account, id, ROWS).await,
        List::Payments => queries::find_payments(pool, account, id, ROWS).await,
        List::Entries => queries::find_entries(pool, account, number, ROWS).await,
        List::Holds => queries::find_holds(pool, account, id, ROWS).await,
        List::Notices => queries::find_notices(pool, account, (channel, number), ROWS).await,
    }
}
