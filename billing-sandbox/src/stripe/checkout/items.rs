//! What a session is for, as its request describes it.

use super::endpoints::missing;
use super::{LineItem, Mode};
use crate::currency::Currency;
use crate::stripe::amount::parse_currency;
use crate::stripe::price::Price;
use crate::stripe::wire::error::ApiError;
use crate::stripe::wire::params::Params;
use crate::stripe::world::new_id;

const ITEMS_MAX: usize = 100;

pub fn read_items(
    params: &mut Params,
    mode: &Mode,
    now: i64,
) -> Result<(Vec<LineItem>, Currency), ApiError> {
    let given = params.objects("line_items")?;
    if given.is_empty() {
        return Err(missing("line_items"));
    }
    if given.len() > ITEMS_MAX {
        let message = format!("There can be at most {ITEMS_MAX} line items.");
        return Err(ApiError::invalid(message).param("line_items"));
    }
    let mut items = Vec::with_capacity(given.len());
    let mut currency = params
        .text("currency")?
        .as_deref()
        .map(parse_currency)
        .transpose()?;
    for item in given {
        let (item, its) = read_item(item, mode, now)?;
        if currency.is_some_and(|known| known != its) {
            let message = "All line items of a Checkout Session must have the same currency.";
            return Err(ApiError::invalid(message).param("line_items"));
        }
        currency = Some(its);
        items.push(item);
    }
    Ok((items, currency.ok_or_else(|| missing("currency"))?))
}

fn read_item(mut params: Params, mode: &Mode, now: i64) -> Result<(LineItem, Currency), ApiError> {
    if let Some(price) = params.text("price")? {
        return Err(ApiError::missing("price", &price, "line_items[0][price]"));
    }
    let mut price = params
        .object("price_data")?
        .ok_or_else(|| missing("line_items[0][price_data]"))?;
    let currency = parse_currency(&price.required_text("currency")?)?;
    let unit_amount = match price.integer("unit_amount")? {
        Some(amount) => amount,
        None => price
            .integer("unit_amount_decimal")?
            .ok_or_else(|| missing("line_items[0][price_data][unit_amount]"))?,
    };
    let recurs = read_recurring(&mut price, mode)?;
    let mut product = price
        .object("product_data")?
        .ok_or_else(|| missing("line_items[0][price_data][product_data]"))?;
    let name = product.required_text("name")?;
    let description = product.text("description")?;
    product.ignore(&["images", "metadata", "tax_code", "unit_label"]);
    product.finish()?;
    price.ignore(&["tax_behavior"]);
    price.finish()?;
    let quantity = params.integer("quantity")?.unwrap_or(1);
    if unit_amount < 0 || quantity < 1 {
        let error = ApiError::invalid("This value must be greater than or equal to 1.");
        return Err(error.code("parameter_invalid_integer").param("line_items"));
    }
    let adjustable = read_adjustable(&mut params)?;
    params.ignore(&["metadata"]);
    params.finish()?;
    let item = LineItem {
        id: new_id("li_"),
        name,
        description,
        unit_amount,
        quantity,
        adjustable,
        price: recurs.then(|| Price::monthly(now, currency, unit_amount)),
    };
    Ok((item, currency))
}

/// Whether it is paid month after month, as everything of a subscription's session is, and nothing of
/// another one.
fn read_recurring(price: &mut Params, mode: &Mode) -> Result<bool, ApiError> {
    let recurring = price.object("recurring")?;
    match (recurring, mode) {
        (None, Mode::Payment) => Ok(false),
        (Some(_), Mode::Payment) => Err(ApiError::invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to \
             `subscription` mode or use only one-time prices.",
        )
        .param("line_items")),
        (None, Mode::Subscription(_)) => Err(ApiError::invalid(
            "You must provide at least one recurring price in `subscription` mode; the sandbox has \
             no others there.",
        )
        .param("line_items")),
        (Some(mut recurring), Mode::Subscription(_)) => {
            let interval = recurring.required_text("interval")?;
            let count = recurring.integer("interval_count")?.unwrap_or(1);
            recurring.ignore(&["usage_type"]);
            recurring.finish()?;
            if interval != "month" || count != 1 {
                let error = ApiError::invalid("The sandbox has no interval but one month.");
                return Err(error.param("line_items[0][price_data][recurring]"));
            }
            Ok(true)
        }
    }
}

/// How few and how many the payer may take, where they may change it.
fn read_adjustable(params: &mut Params) -> Result<Option<(i64, i64)>, ApiError> {
    let Some(mut range) = params.object("adjustable_quantity")? else {
        return Ok(None);
    };
    let enabled = range.boolean("enabled")?.unwrap_or(false);
    let least = range.integer("minimum")?.unwrap_or(0);
    let most = range.integer("maximum")?.unwrap_or(99);
    range.finish()?;
    Ok(enabled.then_some((least.max(0), most.clamp(least.max(0), 999_999))))
}
