//! Lists, newest first, in pages.

use serde_json::{Value, json};

use super::error::ApiError;
use super::params::Params;
use crate::stripe::world::{Object, Shelf, World};

const LIMIT_DEFAULT: i64 = 10;
const LIMIT_MAX: i64 = 100;

/// Which part of a list is wanted.
#[derive(Debug)]
pub struct Page {
    limit: usize,
    starting_after: Option<String>,
    ending_before: Option<String>,
}

/// A range of times in Unix seconds, `created[gte]=…`.
#[derive(Debug)]
pub struct Created {
    from: i64,
    to: i64,
}

impl Page {
    pub fn take(params: &mut Params) -> Result<Self, ApiError> {
        let limit = params.integer("limit")?.unwrap_or(LIMIT_DEFAULT);
        if !(1..=LIMIT_MAX).contains(&limit) {
            let message = format!("Invalid limit: must be between 1 and {LIMIT_MAX}");
            return Err(ApiError::invalid(message).param("limit"));
        }
        let starting_after = params.text("starting_after")?;
        let ending_before = params.text("ending_before")?;
        if starting_after.is_some() && ending_before.is_some() {
            let message = "You cannot parameterize both ending_before and starting_after.";
            return Err(ApiError::invalid(message).param("ending_before"));
        }
        Ok(Self {
            limit: usize::try_from(limit).unwrap_or(usize::MAX),
            starting_after,
            ending_before,
        })
    }

    /// The page of those objects that are wanted.
    pub fn of<T: Object>(
        &self,
        world: &World,
        objects: &Shelf<T>,
        url: &str,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Value, ApiError> {
        let cursor = |id: &Option<String>, param: &str| match id {
            Some(id) if objects.get(id).is_none() => Err(ApiError::missing(T::NOUN, id, param)),
            _ => Ok(()),
        };
        cursor(&self.starting_after, "starting_after")?;
        cursor(&self.ending_before, "ending_before")?;
        let all = || objects.newest_first().filter(|object| wanted(object));
        let not = |id: &str| {
            let id = id.to_owned();
            move |object: &&T| object.id() != id
        };
        let (page, has_more) = if let Some(id) = &self.starting_after {
            let rest = objects.newest_first().skip_while(not(id)).skip(1);
            cut(rest.filter(|object| wanted(object)), self.limit)
        } else if let Some(id) = &self.ending_before {
            // The page right before the cursor, not the first one of the list.
            let newer: Vec<&T> = objects.newest_first().take_while(not(id)).collect();
            let nearest_first = newer.into_iter().rev().filter(|object| wanted(object));
            let (mut page, has_more) = cut(nearest_first, self.limit);
            page.reverse();
            (page, has_more)
        } else {
            cut(all(), self.limit)
        };
        let data: Vec<Value> = page.into_iter().map(|object| object.json(world)).collect();
        Ok(json!({ "object": "list", "data": data, "has_more": has_more, "url": url }))
    }
}

fn cut<'a, T>(mut objects: impl Iterator<Item = &'a T>, limit: usize) -> (Vec<&'a T>, bool) {
    let page = objects.by_ref().take(limit).collect();
    (page, objects.next().is_some())
}

impl Created {
    pub fn take(params: &mut Params) -> Result<Self, ApiError> {
        let mut created = Self {
            from: i64::MIN,
            to: i64::MAX,
        };
        let Some(mut range) = params.object("created")? else {
            return Ok(created);
        };
        if let Some(second) = range.integer("gte")? {
            created.from = second;
        }
        if let Some(second) = range.integer("gt")? {
            created.from = second.saturating_add(1);
        }
        if let Some(second) = range.integer("lte")? {
            created.to = second;
        }
        if let Some(second) = range.integer("lt")? {
            created.to = second.saturating_sub(1);
        }
        range.finish()?;
        Ok(created)
    }

    pub fn holds(&self, second: i64) -> bool {
        (self.from..=self.to).contains(&second)
    }
}
