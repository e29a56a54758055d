//! Reading a JSON object by taking it apart, so that what nobody took can be told.

use serde_json::{Map, Value};

/// An object of which fields are taken one by one.
#[derive(Debug)]
pub(super) struct Taking {
    path: String,
    fields: Map<String, Value>,
}

impl Taking {
    /// The object at `path`; anything else is an object without fields.
    pub(super) fn new(path: impl Into<String>, value: Value) -> Self {
        let fields = match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self { path: path.into(), fields }
    }

    /// Where a field of it is.
    pub(super) fn place(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// A field, if it is there and not null.
    pub(super) fn value(&mut self, name: &str) -> Option<Value> {
        self.fields.remove(name).filter(|value| !value.is_null())
    }

    /// A text; numbers and truth values are texts, too.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text).filter(|text| !text.is_empty()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            other => {
                self.fields.insert(name.to_owned(), other);
                None
            }
        }
    }

    /// A number that is not negative; a text of digits is one, too.
    pub(super) fn number(&mut self, name: &str) -> Option<u32> {
        let value = self.value(name)?;
        let number = value.as_u64().or_else(|| value.as_str()?.parse().ok());
        let number = number.and_then(|number| u32::try_from(number).ok());
        if number.is_none() {
            self.fields.insert(name.to_owned(), value);
        }
        number
    }

    /// Whether a switch is on.
    pub(super) fn switch(&mut self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value == Value::Bool(true))
    }

    /// An object below it, to be taken apart and given back by [`Self::left`].
    pub(super) fn object(&mut self, name: &str) -> Self {
        let place = self.place(name);
        Self::new(place, self.value(name).unwrap_or_default())
    }

    /// The objects of a list below it.
    pub(super) fn list(&mut self, name: &str) -> Vec<Self> {
        let place = self.place(name);
        match self.value(name) {
            Some(Value::Array(items)) => {
                let items = items.into_iter().enumerate();
                items.map(|(at, item)| Self::new(format!("{place}[{at}]"), item)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All fields that are texts.
    pub(super) fn texts(&mut self) -> impl Iterator<Item = (String, String)> {
        let all = std::mem::take(&mut self.fields);
        all.into_iter().filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
    }

    /// All fields that are left, whatever they are.
    pub(super) fn rest(&mut self) -> Map<String, Value> {
        std::mem::take(&mut self.fields)
    }

    /// Tells where there is something that nobody took.
    pub(super) fn left(self, places: &mut Vec<String>) {
        let is_something = |value: &Value| match value {
            Value::Null => false,
            Value::Object(fields) => !fields.is_empty(),
            Value::Array(items) => !items.is_empty(),
            Value::String(text) => !text.is_empty(),
            Value::Bool(_) | Value::Number(_) => true,
        };
        let names = self.fields.iter().filter(|(_, value)| is_something(value));
        places.extend(names.map(|(name, _)| self.place(name)));
    }
}
