//! From the description of a model to values.

use std::collections::HashMap;

use super::Files;
use crate::error::FormatError;
use crate::json;
use crate::limits::Limits;
use crate::numpy;
use crate::object::store::Store;
use crate::object::value::{ArrayValue, Blob, Made, Object, Value, ValueId};

/// Builds values out of the nodes of a description.
#[derive(Debug)]
pub(super) struct Reader {
    files: Files,
    /// Values that later nodes may name.
    known: HashMap<i64, ValueId>,
}

impl Reader {
    pub(super) fn new(files: Files) -> Self {
        Self { files, known: HashMap::new() }
    }

    pub(super) fn into_store(self) -> Store {
        self.files.store
    }

    /// The value that a node describes; `depth` counts the nodes around it.
    pub(super) fn node(
        &mut self,
        node: json::Value<'_>,
        depth: usize,
    ) -> Result<ValueId, FormatError> {
        let depth_max = self.limits().depth_max;
        if depth > depth_max {
            FormatError::check_limit(node.path(), "objects inside objects", depth_max, depth)?;
        }
        let depth = depth.saturating_add(1);
        let loader = text(node, "__loader__")?;
        let key = node.get("__id__").and_then(|id| id.as_i64());
        if loader == "CachedNode" {
            let known = key.and_then(|key| self.known.get(&key).copied());
            return known.ok_or_else(|| damaged(node, "the number of an earlier node"));
        }
        let id = self.load(node, &loader, depth)?;
        if let Some(key) = key {
            self.known.insert(key, id);
        }
        Ok(id)
    }

    fn load(
        &mut self,
        node: json::Value<'_>,
        loader: &str,
        depth: usize,
    ) -> Result<ValueId, FormatError> {
        match loader {
            "JsonNode" => self.scalar(node),
            "TypeNode" => self.class(node),
            "FunctionNode" => self.function(node),
            "ListNode" | "SetNode" | "TupleNode" => {
                let items = self.items(node, depth)?;
                match loader {
                    "ListNode" => self.files.store.push(Value::List(items)),
                    "SetNode" => self.files.store.push(Value::Set(items)),
                    _ => self.files.store.tuple(items),
                }
            }
            "DictNode" | "OrderedDictNode" => self.dict(node, depth),
            "DefaultDictNode" => {
                let main = node.expect("content")?.expect("main")?;
                self.node(main, depth)
            }
            "NdArrayNode" => self.array(node, depth),
            "BytesNode" | "BytearrayNode" => {
                let range = self.files.range(&text(node, "file")?)?;
                let blob = Blob::Span { start: range.start, len: range.len() };
                self.files.store.push(Value::Bytes(blob))
            }
            "SliceNode" => {
                let content = node.expect("content")?;
                let parts = ["start", "stop", "step"];
                let args = parts.map(|part| content.get(part).map(|value| self.plain(value)));
                let args = args.into_iter().map(|arg| arg.unwrap_or(Ok(ValueId::NONE)));
                let args = args.collect::<Result<Vec<_>, _>>()?;
                self.object(node, args, None)
            }
            _ => self.other(node, depth),
        }
    }

    /// An object that has attributes, was made from arguments, or stays without either.
    fn other(&mut self, node: json::Value<'_>, depth: usize) -> Result<ValueId, FormatError> {
        let content = node.get("content").filter(|content| content.get("__loader__").is_some());
        let content = content.map(|content| self.node(content, depth)).transpose()?;
        if let Some(reduce) = node.get("__reduce__") {
            let args = self.node(reduce.expect("args")?, depth)?;
            let args = self.files.store.sequence(args).unwrap_or(&[]).to_vec();
            return self.object(node, args, content);
        }
        let made_from = content.and_then(|content| match self.files.store.get(content) {
            Value::Tuple(args) if text(node, "__loader__").is_ok_and(|name| name == MADE_FROM) => {
                Some(args.to_vec())
            }
            _ => None,
        });
        match made_from {
            Some(args) => self.object(node, args, None),
            None => self.object(node, Vec::new(), content),
        }
    }

    fn object(
        &mut self,
        node: json::Value<'_>,
        args: Vec<ValueId>,
        state: Option<ValueId>,
    ) -> Result<ValueId, FormatError> {
        let callee = self.class(node)?;
        let args = self.files.store.tuple(args)?;
        let object = Object {
            callee,
            made: Made::New,
            args,
            kwargs: None,
            state,
            items: Vec::new(),
            pairs: Vec::new(),
            array: None,
        };
        self.files.store.push(Value::Object(Box::new(object)))
    }

    fn class(&mut self, node: json::Value<'_>) -> Result<ValueId, FormatError> {
        let (module, name) = (text(node, "__module__")?, text(node, "__class__")?);
        self.files.store.global(&module, &name, 0)
    }

    /// A function, which older files name in the content.
    fn function(&mut self, node: json::Value<'_>) -> Result<ValueId, FormatError> {
        let Some(content) = node.get("content").filter(json::Value::is_object) else {
            return self.class(node);
        };
        let (module, name) = (text(content, "module_path")?, text(content, "function")?);
        self.files.store.global(&module, &name, 0)
    }

    fn items(&mut self, node: json::Value<'_>, depth: usize) -> Result<Vec<ValueId>, FormatError> {
        let content = node.expect("content")?;
        if !content.is_list() {
            return Err(damaged(content, "a list of nodes"));
        }
        content.items().map(|item| self.node(item, depth)).collect()
    }

    fn dict(&mut self, node: json::Value<'_>, depth: usize) -> Result<ValueId, FormatError> {
        let content = node.expect("content")?;
        let types = node.get("key_types").and_then(|types| types.get("content"));
        let mut types = types.into_iter().flat_map(|types| types.items());
        let mut pairs = Vec::new();
        for member in content.members() {
            let class = types.next().and_then(|class| text(class, "__class__").ok());
            let key = self.key(&member.key(), class.as_deref().unwrap_or("str"))?;
            pairs.push((key, self.node(member, depth)?));
        }
        self.files.store.push(Value::Dict(pairs))
    }

    /// A key, which is text in the file whatever it was.
    fn key(&mut self, key: &str, class: &str) -> Result<ValueId, FormatError> {
        let store = &mut self.files.store;
        let number = if class.starts_with("int") { key.parse::<i64>().ok() } else { None };
        if let Some(number) = number {
            return store.int(number);
        }
        let number = if class.starts_with("float") { key.parse::<f64>().ok() } else { None };
        match number {
            Some(number) => store.push(Value::Float(number)),
            None => store.push(owned(key)),
        }
    }

    /// A number, text, truth value or nothing, as JSON inside the JSON.
    fn scalar(&mut self, node: json::Value<'_>) -> Result<ValueId, FormatError> {
        let content = text(node, "content")?;
        let document = json::parse(content.as_bytes(), self.limits())?;
        self.plain(document.root())
    }

    fn plain(&mut self, value: json::Value<'_>) -> Result<ValueId, FormatError> {
        if value.is_null() {
            return Ok(ValueId::NONE);
        }
        if let Some(truth) = value.as_bool() {
            return Ok(Store::bool(truth));
        }
        let store = &mut self.files.store;
        if let Some(text) = value.as_text() {
            return store.push(owned(&text));
        }
        let Some(digits) = value.as_number_text() else {
            return Err(damaged(value, "a number, text, truth value or null"));
        };
        let is_whole = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        match (is_whole, value.as_i64(), value.as_f64()) {
            (true, Some(number), _) => store.int(number),
            (true, None, _) => store.push(Value::BigInt),
            (false, _, Some(number)) => store.push(Value::Float(number)),
            (false, _, None) => Err(damaged(value, "a number")),
        }
    }

    fn array(&mut self, node: json::Value<'_>, depth: usize) -> Result<ValueId, FormatError> {
        if text(node, "type")? == "numpy" {
            let file = text(node, "file")?;
            let range = self.files.range(&file)?;
            let store = &mut self.files.store;
            let array = numpy::read_npy(&store.bytes, range, &store.limits);
            let array = array.map_err(|error| error.at(file.as_str()))?;
            return store.push(Value::Array(Box::new(array)));
        }
        let shape = self.node(node.expect("shape")?, depth)?;
        let shape = numpy::shape_of(&self.files.store, shape);
        let shape = shape.map_err(|error| error.at(node.path()))?;
        let mut items = Vec::new();
        self.elements(node, shape.len(), depth, &mut items)?;
        // Its layout is checked when it is read.
        let array = ArrayValue::Objects { shape, items: items.into_boxed_slice() };
        self.files.store.push(Value::Array(Box::new(array)))
    }

    /// The objects of an array, which lie in one list for each of its axes.
    fn elements(
        &mut self,
        node: json::Value<'_>,
        axes: usize,
        depth: usize,
        items: &mut Vec<ValueId>,
    ) -> Result<(), FormatError> {
        if axes <= 1 {
            items.extend(self.items(node, depth)?);
            return Ok(());
        }
        // The axes are limited, and so is this recursion.
        for row in node.expect("content")?.items() {
            self.elements(row, axes.saturating_sub(1), depth, items)?;
        }
        Ok(())
    }

    fn limits(&self) -> &Limits {
        &self.files.store.limits
    }
}

/// The loader of objects whose content is what they were made from.
const MADE_FROM: &str = "ConstructorFromReduceNode";

fn owned(text: &str) -> Value {
    Value::Str(Blob::Owned(text.as_bytes().into()))
}

fn text(node: json::Value<'_>, key: &str) -> Result<String, FormatError> {
    let member = node.expect(key)?;
    let text = member.as_text().ok_or_else(|| damaged(member, "a text"))?;
    Ok(text.into_owned())
}

fn damaged(value: json::Value<'_>, expected: &str) -> FormatError {
    FormatError::damaged(value.path(), expected, value.kind_name())
}
