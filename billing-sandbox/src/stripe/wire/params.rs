//! Parameters as Stripe's clients send them: `metadata[payment_id]=…&expand[]=…`.

use std::collections::BTreeMap;

use super::error::ApiError;

/// `a[b][c]` is three deep; nothing of Stripe's is deeper than this.
const DEPTH_MAX: usize = 8;

/// The parameters of one request, or of one object in it. What an endpoint reads it takes out, so
/// that [`Params::finish`] finds what it does not know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    fields: BTreeMap<String, Field>,
    /// The name of the object that these are in; empty at the top.
    within: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Text(String),
    Object(BTreeMap<String, Field>),
}

impl Params {
    /// From a form-encoded body or a query.
    pub fn parse(encoded: &[u8]) -> Result<Self, ApiError> {
        let mut fields = BTreeMap::new();
        for (name, text) in form_urlencoded::parse(encoded) {
            let path = path_of(&name)?;
            put(&mut fields, &path, text.into_owned());
        }
        Ok(Self {
            fields,
            within: String::new(),
        })
    }

    /// A text that may be absent; an empty one is absent too.
    pub fn text(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.fields.remove(name) {
            None => Ok(None),
            Some(Field::Text(text)) if text.is_empty() => Ok(None),
            Some(Field::Text(text)) => Ok(Some(text)),
            Some(Field::Object(_)) => {
                Err(ApiError::invalid("Invalid string").param(self.full(name)))
            }
        }
    }

    /// Whether it is there and empty: how callers ask for it to be taken away. It is taken out then.
    pub fn is_emptied(&mut self, name: &str) -> bool {
        let is_empty = |field: &Field| matches!(field, Field::Text(text) if text.is_empty());
        let emptied = self.fields.get(name).is_some_and(is_empty);
        if emptied {
            self.fields.remove(name);
        }
        emptied
    }

    /// A text that must be there.
    pub fn required_text(&mut self, name: &str) -> Result<String, ApiError> {
        let param = self.full(name);
        self.text(name)?.ok_or_else(|| {
            ApiError::invalid(format!("Missing required param: {param}."))
                .code("parameter_missing")
                .param(param)
        })
    }

    pub fn integer(&mut self, name: &str) -> Result<Option<i64>, ApiError> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let number = text.parse().map_err(|_| {
            ApiError::invalid(format!("Invalid integer: {text}"))
                .code("parameter_invalid_integer")
                .param(self.full(name))
        })?;
        Ok(Some(number))
    }

    pub fn boolean(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.text(name)?.as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(text) => {
                Err(ApiError::invalid(format!("Invalid boolean: {text}")).param(self.full(name)))
            }
        }
    }

    /// The object of that name, whose fields are then taken from it.
    pub fn object(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        let within = self.full(name);
        match self.fields.remove(name) {
            None => Ok(None),
            Some(Field::Object(fields)) => Ok(Some(Self { fields, within })),
            // How Stripe's clients ask for an object to be emptied.
            Some(Field::Text(text)) if text.is_empty() => Ok(Some(Self {
                fields: BTreeMap::new(),
                within,
            })),
            Some(Field::Text(_)) => Err(ApiError::invalid("Invalid object").param(within)),
        }
    }

    /// The objects of a list, `name[0][a]=x&name[1][a]=y`.
    pub fn objects(&mut self, name: &str) -> Result<Vec<Self>, ApiError> {
        let param = self.full(name);
        let invalid = || ApiError::invalid("Invalid array").param(param.clone());
        match self.fields.remove(name) {
            None => Ok(Vec::new()),
            Some(Field::Text(_)) => Err(invalid()),
            Some(Field::Object(items)) => items
                .into_values()
                .enumerate()
                .map(|(index, item)| match item {
                    Field::Object(fields) => Ok(Self {
                        fields,
                        within: format!("{param}[{index}]"),
                    }),
                    Field::Text(_) => Err(invalid()),
                })
                .collect(),
        }
    }

    /// The texts of a list, `name[]=a&name[]=b`.
    pub fn texts(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        let param = self.full(name);
        let invalid = || ApiError::invalid("Invalid array").param(param.clone());
        match self.fields.remove(name) {
            None => Ok(Vec::new()),
            Some(Field::Text(_)) => Err(invalid()),
            Some(Field::Object(items)) => items
                .into_values()
                .map(|item| match item {
                    Field::Text(text) => Ok(text),
                    Field::Object(_) => Err(invalid()),
                })
                .collect(),
        }
    }

    /// Every text that is left, by its name; an object among them is refused.
    pub fn remaining_texts(self) -> Result<BTreeMap<String, String>, ApiError> {
        let Self { fields, within } = self;
        fields
            .into_iter()
            .map(|(name, field)| match field {
                Field::Text(text) => Ok((name, text)),
                Field::Object(_) => {
                    Err(ApiError::invalid("Invalid string").param(format!("{within}[{name}]")))
                }
            })
            .collect()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Refuses what nobody has taken.
    pub fn finish(self) -> Result<(), ApiError> {
        match self.fields.keys().next() {
            None => Ok(()),
            Some(name) => {
                let param = self.full(name);
                Err(
                    ApiError::invalid(format!("Received unknown parameter: {param}"))
                        .code("parameter_unknown")
                        .param(param),
                )
            }
        }
    }

    /// Forgets parameters that Stripe knows and that change nothing here.
    pub fn ignore(&mut self, names: &[&str]) {
        for name in names {
            self.fields.remove(*name);
        }
    }

    fn full(&self, name: &str) -> String {
        if self.within.is_empty() {
            name.to_owned()
        } else {
            format!("{}[{name}]", self.within)
        }
    }
}

/// An address on the web that may be absent.
pub fn web_url(params: &mut Params, name: &str) -> Result<Option<String>, ApiError> {
    let Some(text) = params.text(name)? else {
        return Ok(None);
    };
    let is_web = |url: &reqwest::Url| matches!(url.scheme(), "http" | "https") && url.has_host();
    if reqwest::Url::parse(&text).is_ok_and(|url| is_web(&url)) {
        return Ok(Some(text));
    }
    let error = ApiError::invalid("Not a valid URL").code("url_invalid");
    Err(error.param(name))
}

/// `metadata[payment_id]` is `metadata`, then `payment_id`; the name of a list's item is empty.
fn path_of(name: &str) -> Result<Vec<String>, ApiError> {
    let malformed = || ApiError::invalid(format!("Invalid parameter name: {name}"));
    let Some((first, rest)) = name.split_once('[') else {
        return Ok(vec![name.to_owned()]);
    };
    let inner = rest.strip_suffix(']').ok_or_else(malformed)?;
    let mut path = vec![first.to_owned()];
    path.extend(inner.split("][").map(str::to_owned));
    if path.len() > DEPTH_MAX || first.is_empty() {
        return Err(malformed());
    }
    Ok(path)
}

fn put(fields: &mut BTreeMap<String, Field>, path: &[String], text: String) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    let name = if name.is_empty() {
        // In the order in which they came, also beyond ten.
        format!("{:06}", fields.len())
    } else if name.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("{name:0>6}")
    } else {
        name.clone()
    };
    if rest.is_empty() {
        fields.insert(name, Field::Text(text));
        return;
    }
    let field = fields
        .entry(name)
        .or_insert_with(|| Field::Object(BTreeMap::new()));
    if let Field::Text(_) = field {
        *field = Field::Object(BTreeMap::new());
    }
    if let Field::Object(inner) = field {
        put(inner, rest, text);
    }
}

#[cfg(test)]
mod tests {
    use super::Params;

    #[test]
    fn objects_and_lists_are_read_from_their_bracketed_names() {
        let mut params = Params::parse(
            b"amount=500&metadata[a]=1&metadata[b%5D]=2&expand[]=x&expand[]=y&card[exp][year]=2030",
        )
        .unwrap();
        assert_eq!(params.integer("amount").unwrap(), Some(500));
        assert_eq!(params.texts("expand").unwrap(), ["x", "y"]);
        let mut card = params.object("card").unwrap().unwrap();
        let mut expiry = card.object("exp").unwrap().unwrap();
        assert_eq!(expiry.integer("year").unwrap(), Some(2030));
        let metadata = params.object("metadata").unwrap().unwrap();
        assert_eq!(metadata.remaining_texts().unwrap().len(), 2);
        params.finish().unwrap();
    }

    #[test]
    fn what_no_endpoint_has_read_is_named_as_unknown() {
        let params = Params::parse(b"paymnt=1").unwrap();
        let error = params.finish().unwrap_err().body("req_1");
        assert_eq!(error.pointer("/error/code").unwrap(), "parameter_unknown");
        assert_eq!(error.pointer("/error/param").unwrap(), "paymnt");
    }

    #[test]
    fn names_of_any_depth_are_refused_before_they_cost_anything() {
        let name = format!("a{}=1", "[b]".repeat(10_000));
        assert!(Params::parse(name.as_bytes()).is_err());
    }
}
