//! Words and layout: a letter becomes subject, HTML and text.
//!
//! The words of a mail stand once for each language, in `templates/mail/<language>/<letter>.txt`,
//! as plain text; `layout.mjml` and `layout.txt` put them into form.

use std::collections::HashMap;

use minijinja::value::{Rest, Value};
use minijinja::{AutoEscape, Captured, Environment, ErrorKind, State, UndefinedBehavior, context};
use mrml::prelude::render::RenderOptions;

use super::contribution::{BADGES, Gift, Turn};
use super::letter::{Booked, Letter};
use super::words::Language;

/// What banks need, as they say themselves, to show a refund.
const BANK_DAYS: u64 = 10;

/// One file of templates for each letter and language.
macro_rules! words {
    ($($name:literal),* $(,)?) => {
        &[$(
            (concat!("en/", $name, ".txt"), include_str!(concat!("../../../templates/mail/en/", $name, ".txt"))),
            (concat!("uk/", $name, ".txt"), include_str!(concat!("../../../templates/mail/uk/", $name, ".txt"))),
        )*]
    };
}

const LAYOUTS: &[(&str, &str)] = &[
    (
        "layout.mjml",
        include_str!("../../../templates/mail/layout.mjml"),
    ),
    (
        "layout.txt",
        include_str!("../../../templates/mail/layout.txt"),
    ),
];

const WORDS: &[(&str, &str)] = words![
    "frame",
    "payment_received",
    "payment_failed",
    "payment_refunded",
    "payment_disputed",
    "payment_restored",
    "contribution_received",
    "contribution_failed",
    "contribution_refunded",
    "contribution_disputed",
    "contribution_restored",
    "subscription_past_due",
    "subscription_ended",
    "low_balance",
    "endpoint_disabled",
    "test",
];

/// Who a mail is for, and when what it tells happened.
#[derive(Clone, Debug)]
pub struct Occasion<'a> {
    pub language: Language,
    /// Of the person; empty: not known.
    pub name: &'a str,
    pub at: jiff::Timestamp,
    /// Where the reader ends mail of this kind.
    pub unsubscribe: Option<&'a str>,
}

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    pub subject: String,
    pub html: String,
    pub text: String,
    /// What the renderer of the layout finds odd, and leaves out.
    pub warnings: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("template")]
    Template(#[from] minijinja::Error),
    #[error("layout is no MJML: {0}")]
    Parse(String),
    #[error("layout cannot be rendered: {0}")]
    Layout(String),
}

/// The templates, and what all mail has in common.
pub struct Press {
    templates: Environment<'static>,
    brand: String,
    /// Without a slash at its end; where the person's pages are.
    frontend: Option<String>,
}

impl Press {
    pub fn new(brand: &str, frontend: Option<&str>) -> Result<Self, RenderError> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        // MJML takes what HTML takes; words and text are plain.
        templates.set_auto_escape_callback(|name| match name.rsplit_once('.') {
            Some((_, "mjml")) => AutoEscape::Html,
            _ => AutoEscape::None,
        });
        for (name, source) in LAYOUTS.iter().chain(WORDS) {
            templates.add_template(name, source)?;
        }
        templates.add_function("plural", plural);
        templates.add_function("of_badge", of_badge);
        Ok(Self {
            templates,
            brand: brand.to_owned(),
            frontend: frontend.map(|url| url.trim_end_matches('/').to_owned()),
        })
    }

    /// The person's own page of a name, where there are pages at all.
    pub fn link(&self, page: &str) -> Option<String> {
        self.frontend.as_ref().map(|url| format!("{url}/{page}"))
    }

    pub fn render(&self, letter: &Letter, to: &Occasion<'_>) -> Result<Rendered, RenderError> {
        let values = self.values(letter, to);
        let mut words = self.words(letter.name(), to.language, &values)?;
        let mut frame = self.words("frame", to.language, &values)?;
        let linked = |page: &str, label: String| {
            self.link(page)
                .map(|link| context! { link => Value::from_safe_string(link), label })
        };
        let subject = words.one_line("subject")?;
        let action = words
            .one_line("action")?
            .split_once(" | ")
            .and_then(|(page, label)| linked(page, label.to_owned()));
        let settings = match letter {
            // Its owner may have no account.
            Letter::EndpointDisabled(_) | Letter::Test => None,
            _ => linked("settings", frame.one_line("settings")?),
        };
        let unsubscribe = match to.unsubscribe {
            None => None,
            Some(link) => Some(context! {
                link => Value::from_safe_string(link.to_owned()),
                label => frame.one_line("unsubscribe")?,
            }),
        };
        let content = context! {
            language => to.language.code(),
            brand => self.brand.as_str(),
            subject => subject.as_str(),
            heading => words.one_line("heading")?,
            greeting => frame.one_line("greeting")?,
            paragraphs => words.paragraphs("body")?,
            facts => words.facts("facts")?,
            action,
            footer => frame.one_line("footer")?,
            settings,
            unsubscribe,
        };
        let mjml = self
            .templates
            .get_template("layout.mjml")?
            .render(content.clone())?;
        let text = self.templates.get_template("layout.txt")?.render(content)?;
        let (html, warnings) = html(&mjml)?;
        Ok(Rendered {
            subject,
            html,
            warnings,
            text: format!("{}\n", text.trim_end()),
        })
    }

    fn words(
        &self,
        name: &str,
        language: Language,
        values: &Value,
    ) -> Result<Words<'_>, RenderError> {
        let name = format!("{}/{name}.txt", language.code());
        let template = self.templates.get_template(&name)?;
        Ok(Words(template.render_captured(values.clone())?))
    }

    /// What the words of a letter may name.
    fn values(&self, letter: &Letter, to: &Occasion<'_>) -> Value {
        let language = to.language;
        let own = match letter {
            Letter::Received(booked)
            | Letter::Refunded(booked)
            | Letter::Disputed(booked)
            | Letter::Restored(booked) => booked_values(booked, language),
            Letter::Contribution(turn, gift) => gift_values(*turn, gift, language),
            Letter::ContributionFailed { wanted, number } => context! {
                wanted => language.amount(wanted),
                short_wanted => language.short_amount(wanted),
                number,
            },
            Letter::PastDue(support) | Letter::Ended(support) => context! {
                amount => language.amount(&support.amount),
                short_amount => language.short_amount(&support.amount),
                number => support.number.as_str(),
                has_failed => support.has_failed,
            },
            Letter::Failed { paid } => context! { paid => language.amount(paid) },
            Letter::LowBalance { balance, threshold } => context! {
                balance => language.amount(balance),
                is_gone => balance.micros <= 0,
                threshold => language.amount(threshold),
                threshold_is_zero => threshold.micros == 0,
            },
            Letter::EndpointDisabled(endpoint) => context! {
                id => endpoint.id.as_str(),
                place => endpoint.place.as_str(),
                is_gone => endpoint.is_gone,
                since => language.date(endpoint.since),
                error => endpoint.error.as_str(),
            },
            Letter::Test => context! {},
        };
        context! {
            ..own,
            ..context! {
                brand => self.brand.as_str(),
                name => to.name,
                date => language.date(to.at),
                bank_days => BANK_DAYS,
                to_owner => matches!(letter, Letter::EndpointDisabled(_)),
            }
        }
    }
}

fn booked_values(booked: &Booked, language: Language) -> Value {
    context! {
        paid => language.amount(&booked.paid),
        ordered => language.amount(&booked.ordered),
        is_less => booked.paid.micros < booked.ordered.micros,
        is_more => booked.paid.micros > booked.ordered.micros,
        amount => language.amount(&booked.amount),
        balance => language.amount(&booked.balance),
        in_debt => booked.balance.micros < 0,
    }
}

fn gift_values(turn: Turn, gift: &Gift, language: Language) -> Value {
    let values = context! {
        number => gift.number.as_str(),
        paid => language.amount(&gift.paid),
        short_paid => language.short_amount(&gift.paid),
        moved => language.amount(&gift.moved),
        short_moved => language.short_amount(&gift.moved),
        is_whole => gift.moved == gift.paid,
        by_bank => gift.by_bank,
        total => language.amount(&gift.total),
        short_total => language.short_amount(&gift.total),
        badge => gift.badge,
        badge_before => gift.badge_before,
        has_risen => gift.has_risen(),
        has_fallen => gift.has_fallen(),
        next => gift.next.as_ref().map(|next| next.0),
        missing => gift.next.as_ref().map(|next| language.short_amount(&next.1)),
    };
    match turn {
        // A receipt has the day of the payment.
        Turn::Received => context! { date => language.date(gift.paid_at), ..values },
        Turn::Refunded | Turn::Disputed | Turn::Restored => values,
    }
}

/// The word for a badge, of one for each, the lowest first.
fn of_badge(badge: &str, words: Rest<String>) -> Result<String, minijinja::Error> {
    let mut known = BADGES.into_iter().zip(words.0);
    let word = known.find_map(|(known, word)| (known == badge).then_some(word));
    word.ok_or_else(|| {
        minijinja::Error::new(ErrorKind::MissingArgument, "too few words for badges")
    })
}

/// The form of a word behind a number, in the language of the template.
fn plural(
    state: &State<'_, '_>,
    number: u64,
    forms: Rest<String>,
) -> Result<String, minijinja::Error> {
    let (folder, _) = state.name().split_once('/').unwrap_or_default();
    let form = Language::of(folder).form(number);
    forms
        .0
        .into_iter()
        .nth(form)
        .ok_or_else(|| minijinja::Error::new(ErrorKind::MissingArgument, "too few forms of a word"))
}

/// With what the renderer warns of.
pub(super) fn html(mjml: &str) -> Result<(String, Vec<String>), RenderError> {
    let parsed = mrml::parse(mjml).map_err(|error| RenderError::Parse(error.to_string()))?;
    let options = RenderOptions {
        // A font from elsewhere would tell elsewhere that the mail is read.
        fonts: HashMap::new(),
        ..RenderOptions::default()
    };
    let html = parsed
        .element
        .render(&options)
        .map_err(|error| RenderError::Layout(error.to_string()))?;
    let warnings = parsed.warnings.iter().map(ToString::to_string).collect();
    Ok((html, warnings))
}

/// The blocks of a file of words, with their values.
struct Words<'a>(Captured<'a>);

impl Words<'_> {
    fn block(&mut self, name: &str) -> Result<String, minijinja::Error> {
        self.0.with_state_mut(|state| state.render_block(name))
    }

    fn one_line(&mut self, name: &str) -> Result<String, minijinja::Error> {
        Ok(self.paragraphs(name)?.join(" "))
    }

    /// Parted by empty lines.
    fn paragraphs(&mut self, name: &str) -> Result<Vec<String>, minijinja::Error> {
        let block = self.block(name)?;
        let lines: Vec<&str> = block.lines().map(str::trim).collect();
        let paragraphs = lines.split(|line| line.is_empty());
        Ok(paragraphs
            .map(|lines| lines.join(" "))
            .filter(|paragraph| !paragraph.is_empty())
            .collect())
    }

    /// A line each, `label | value`.
    fn facts(&mut self, name: &str) -> Result<Vec<Value>, minijinja::Error> {
        let block = self.block(name)?;
        let facts = block.lines().filter_map(|line| line.split_once(" | "));
        Ok(facts
            .map(|(label, value)| context! { label => label.trim(), value => value.trim() })
            .collect())
    }
}
