//! `GetUsage`.

use billing_proto::v1;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use tonic::{Request, Response, Status};

use super::{Answer, Question};
use crate::entry::Histories;
use crate::field::{self, FieldError};
use crate::ledger::Reader;
use crate::ledger::grpc::parse_account;
use crate::rpc::call_of;

const MAX_USAGE_DAYS: i64 = 366;

pub async fn get_usage(
    reader: &Reader,
    histories: &Histories,
    request: Request<v1::GetUsageRequest>,
) -> Result<Response<v1::GetUsageResponse>, Status> {
    let (call, request) = call_of(request)?;
    let (account, name) = parse_account(&call, request.account)?;
    let snapshot = reader
        .read(account, &name.tenant_id, None, call.deadline)
        .await?;
    let to = field::timestamp("to", request.to)?.unwrap_or(snapshot.now);
    let from = match field::timestamp("from", request.from)? {
        Some(from) => from,
        None => to
            .saturating_sub(SignedDuration::from_hours(30 * 24))
            .unwrap_or(to),
    };
    let zone = TimeZone::get(&snapshot.account.time_zone).unwrap_or(TimeZone::UTC);
    if from >= to || !is_short_enough(from, to, &zone) {
        return Err(FieldError::new(
            "from",
            format!("must be before `to`, by at most {MAX_USAGE_DAYS} days"),
        )
        .into());
    }
    let (dates, days): (Vec<_>, Vec<_>) = days_between(from, to, &zone).into_iter().unzip();
    let question = Question {
        account,
        from,
        to,
        days,
        now: snapshot.now,
    };
    let asking = super::of(histories.pool(), &question);
    let usage = histories.read(&call, account, asking).await?;
    let time_zone = snapshot.account.time_zone.to_string();
    Ok(Response::new(shown(usage, &dates, time_zone)))
}

/// By days of 24 hours, or by the account's own, of which some have 23 or 25.
fn is_short_enough(from: Timestamp, to: Timestamp, zone: &TimeZone) -> bool {
    let first = zone.to_datetime(to).checked_sub(MAX_USAGE_DAYS.days());
    to.duration_since(from) <= SignedDuration::from_hours(MAX_USAGE_DAYS * 24)
        || first.is_ok_and(|first| zone.to_datetime(from) >= first)
}

fn shown(usage: Answer, dates: &[Date], time_zone: String) -> v1::GetUsageResponse {
    v1::GetUsageResponse {
        days: usage
            .days
            .into_iter()
            .filter_map(|usage| {
                // Days are numbered from 1.
                let date = dates.get(usage.of.checked_sub(1)?)?;
                Some(v1::DayUsage {
                    date: date.to_string(),
                    spent_micros: usage.spent.get(),
                    charge_count: usage.charges,
                })
            })
            .collect(),
        tools: usage
            .tools
            .into_iter()
            .map(|usage| v1::ToolUsageSum {
                tool: usage.of,
                spent_micros: usage.spent.get(),
                charge_count: usage.charges,
            })
            .collect(),
        time_zone,
    }
}

/// The local days that a span of time touches, each with its first moment.
pub(super) fn days_between(
    from: Timestamp,
    to: Timestamp,
    zone: &TimeZone,
) -> Vec<(Date, Timestamp)> {
    let mut days = Vec::new();
    let mut date = zone.to_datetime(from).date();
    while let Ok(start) = zone.to_timestamp(date.to_datetime(jiff::civil::Time::midnight())) {
        if start >= to {
            break;
        }
        days.push((date, start));
        let Ok(next) = date.checked_add(1.day()) else {
            break;
        };
        date = next;
    }
    days
}
