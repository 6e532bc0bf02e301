//! The pickle machine itself: one method per kind of instruction.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value as Json;

use super::input::Input;
use super::value::{Global, MAX_DIMENSIONS, PARTS, Saved, Settings, Storage, TensorView, Value};
use crate::checkpoint::error::TorchProblem;

/// Names under which training scripts save a state dict among other things.
const WRAPPERS: [&str; 4] = ["state_dict", "model_state_dict", "model", "module"];

/// Dicts within dicts that are searched. A dict may hold itself, and must not be followed for ever.
const MAX_WRAPPERS: usize = 4;

/// Values of settings that are read, and lists within lists.
const MAX_SETTINGS: usize = 100_000;
const MAX_NESTED: usize = 4;

/// How much of a dict without tensors a message tells.
const MAX_KEYS: usize = 5;
const MAX_KEY: usize = 40;

/// The stack, the memo and everything that values refer to.
pub(super) struct Machine<'a> {
    input: Input<'a>,
    stack: Vec<Value>,
    /// Stack heights at which marks were set.
    marks: Vec<usize>,
    memo: HashMap<u32, Value>,
    texts: Vec<&'a str>,
    tuples: Vec<Vec<Value>>,
    lists: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
    storages: Vec<Storage<'a>>,
    views: Vec<TensorView<'a>>,
}

impl<'a> Machine<'a> {
    pub(super) fn new(pickle: &'a [u8]) -> Self {
        Self {
            input: Input::new(pickle),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            texts: Vec::new(),
            tuples: Vec::new(),
            lists: Vec::new(),
            dicts: Vec::new(),
            storages: Vec::new(),
            views: Vec::new(),
        }
    }

    /// Bytes of the pickle that ran.
    pub(super) fn length(&self) -> usize {
        self.input.position()
    }

    /// Runs to the pickle's end and returns what it leaves on the stack.
    pub(super) fn run(&mut self) -> Result<Value, TorchProblem> {
        loop {
            match self.input.byte()? {
                b'.' => return self.pop(),
                opcode => self.step(opcode)?,
            }
        }
    }

    /// One instruction. The letters are those of Python's `pickletools`.
    fn step(&mut self, opcode: u8) -> Result<(), TorchProblem> {
        match opcode {
            // PROTO and FRAME carry nothing that is needed.
            0x80 => {
                self.input.bytes(1)?;
            }
            0x95 => {
                self.input.bytes(8)?;
            }
            b'N' => self.stack.push(Value::None),
            0x88 | 0x89 => self.stack.push(Value::Bool(opcode == 0x88)),
            b'K' => self.integer(1)?,
            b'M' => self.integer(2)?,
            b'J' => {
                let value = self.input.signed(4)?;
                self.stack.push(Value::Int(value));
            }
            0x8a => {
                let width = self.input.byte()?;
                let value = self.input.signed(width)?;
                self.stack.push(Value::Int(value));
            }
            b'G' => {
                let value = self.input.float()?;
                self.stack.push(Value::Float(value));
            }
            // BINUNICODE in its three lengths, BINSTRING in its two.
            b'X' | b'T' => self.text(4)?,
            0x8c | b'U' => self.text(1)?,
            0x8d => self.text(8)?,
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.tuple(Vec::new()),
            0x85..=0x87 => {
                let first = self.height_below(usize::from(opcode - 0x84))?;
                let items = self.stack.split_off(first);
                self.tuple(items);
            }
            b't' => {
                let items = self.pop_to_mark()?;
                self.tuple(items);
            }
            b']' => {
                self.stack.push(Value::List(self.lists.len()));
                self.lists.push(Vec::new());
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' => {
                let items = self.pop_to_mark()?;
                self.append(&items)?;
            }
            b'}' => self.dict(),
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set_items(&items)?;
            }
            b'0' => {
                self.pop()?;
            }
            b'1' => {
                self.pop_to_mark()?;
            }
            b'2' => self.stack.push(self.top()?),
            b'q' => {
                let slot = self.input.unsigned(1)?;
                self.put(slot)?;
            }
            b'r' => {
                let slot = self.input.unsigned(4)?;
                self.put(slot)?;
            }
            0x94 => self.put(self.memo.len() as u64)?,
            b'h' => {
                let slot = self.input.unsigned(1)?;
                self.get(slot)?;
            }
            b'j' => {
                let slot = self.input.unsigned(4)?;
                self.get(slot)?;
            }
            b'c' => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                self.global(module, name)?;
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => {
                    self.global(self.texts[module], self.texts[name])?
                }
                _ => return Err(self.input.damaged("a global's name is not text")),
            },
            b'Q' => self.persistent_id()?,
            // REDUCE calls; NEWOBJ makes an object of a class, which is a call of it here.
            b'R' | 0x81 => self.reduce()?,
            // Sets attributes; a state dict has only `_metadata`, which says nothing about values.
            b'b' => {
                self.pop()?;
            }
            _ => return Err(self.input.damaged("an instruction that no state dict needs")),
        }
        Ok(())
    }

    /// `REDUCE`: a call of a global with a tuple of arguments.
    fn reduce(&mut self) -> Result<(), TorchProblem> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Tuple(arguments), Value::Global(function)) = (arguments, function) else {
            return Err(self.input.damaged("a call of something that cannot be called"));
        };
        match (function, self.tuples[arguments].as_slice()) {
            (Global::OrderedDict, []) => self.dict(),
            (Global::Namespace, []) => self.dict(),
            (Global::RebuildParameter, &[tensor @ Value::Tensor(_), ..]) => self.stack.push(tensor),
            // What else there may be tells of gradients.
            (
                Global::RebuildTensor,
                &[
                    Value::Storage(storage),
                    Value::Int(offset),
                    Value::Tuple(shape),
                    Value::Tuple(strides),
                    ..,
                ],
            ) => {
                let storage = self.storages[storage];
                let offset = usize::try_from(offset).map_err(|_| self.input.damaged("a negative offset"))?;
                let (shape, strides) = (self.sizes(shape)?, self.sizes(strides)?);
                if shape.len() != strides.len() {
                    return Err(self.input.damaged("a tensor with more sizes than strides, or fewer"));
                }
                self.stack.push(Value::Tensor(self.views.len()));
                self.views.push(TensorView { storage, offset, shape, strides });
            }
            _ => return Err(self.input.damaged("a call with arguments that torch does not give")),
        }
        Ok(())
    }

    /// `BINPERSID`: torch's reference to a storage, `("storage", type, key, device, length)`, to which torch before 1.6 adds
    /// how it is a view of another: it was never so for a saved model.
    fn persistent_id(&mut self) -> Result<(), TorchProblem> {
        if let Value::Tuple(id) = self.pop()?
            && let &[
                Value::Text(kind),
                Value::Global(Global::Storage(element)),
                Value::Text(key),
                _device,
                Value::Int(length),
                ref view @ ..,
            ] = self.tuples[id].as_slice()
            && matches!(view, [] | [Value::None])
            && self.texts[kind] == "storage"
        {
            let length =
                usize::try_from(length).map_err(|_| self.input.damaged("a storage of negative length"))?;
            self.stack.push(Value::Storage(self.storages.len()));
            self.storages.push(Storage { key: self.texts[key], element, length });
            return Ok(());
        }
        Err(self.input.damaged("a reference to something else than a storage"))
    }

    fn global(&mut self, module: &str, name: &str) -> Result<(), TorchProblem> {
        let global =
            Global::named(module, name).ok_or_else(|| TorchProblem::Global(format!("{module}.{name}")))?;
        self.stack.push(Value::Global(global));
        Ok(())
    }

    fn sizes(&self, tuple: usize) -> Result<Vec<usize>, TorchProblem> {
        let size = |value: &Value| match *value {
            Value::Int(size) => usize::try_from(size).ok(),
            _ => None,
        };
        let sizes = self.tuples[tuple].as_slice();
        if sizes.len() > MAX_DIMENSIONS {
            return Err(self.input.damaged("a tensor of more than 8 dimensions"));
        }
        let sizes: Option<Vec<_>> = sizes.iter().map(size).collect();
        sizes.ok_or_else(|| self.input.damaged("a size or stride that is no natural number"))
    }

    /// What a dict holds, or the dict that lies in it under one of [`WRAPPERS`].
    pub(super) fn saved(&self, value: Value) -> Result<Saved<'a>, TorchProblem> {
        let Value::Dict(mut dict) = value else { return Err(TorchProblem::NoStateDict(Vec::new())) };
        let beside = |key: &str, model: &str| match (self.get_item(dict, key), self.get_item(dict, model)) {
            (Some(Value::Dict(settings)), Some(Value::Dict(_))) => Some(self.settings(settings)),
            _ => None,
        };
        let (settings, config) = (beside("cfg", "model"), beside("config", "state_dict"));
        let tensors = self.parts(dict);
        if !tensors.is_empty() {
            return Ok(Saved { settings, config, tensors });
        }
        for _ in 0..MAX_WRAPPERS {
            let tensors = self.named(dict).filter_map(|(name, value)| match value {
                Value::Tensor(view) => Some((Cow::Borrowed(name), self.views[view].clone())),
                _ => None,
            });
            let tensors: Vec<_> = tensors.collect();
            if !tensors.is_empty() {
                return Ok(Saved { settings, config, tensors });
            }
            let inner = WRAPPERS.iter().find_map(|wrapper| match self.get_item(dict, wrapper) {
                Some(Value::Dict(inner)) => Some(inner),
                _ => None,
            });
            match inner {
                Some(inner) => dict = inner,
                None => break,
            }
        }
        let keys = self.named(dict).map(|(name, _)| name.chars().take(MAX_KEY).collect());
        Err(TorchProblem::NoStateDict(keys.take(MAX_KEYS).collect()))
    }

    /// The tensors of s3prl's parts, each under the name of its part and its own.
    fn parts(&self, dict: usize) -> Vec<(Cow<'a, str>, TensorView<'a>)> {
        let parts = PARTS.iter().filter_map(|part| match self.get_item(dict, part) {
            Some(Value::Dict(inner)) => Some((part, inner)),
            _ => None,
        });
        let tensors = parts.flat_map(|(part, inner)| {
            self.named(inner).filter_map(move |(name, value)| match value {
                Value::Tensor(view) => Some((Cow::Owned(format!("{part}.{name}")), self.views[view].clone())),
                _ => None,
            })
        });
        tensors.collect()
    }

    /// The texts of a list of nothing else.
    pub(super) fn texts(&self, value: Value) -> Option<Vec<&'a str>> {
        let Value::List(list) = value else { return None };
        let text = |value: &Value| match *value {
            Value::Text(text) => Some(self.texts[text]),
            _ => None,
        };
        self.lists[list].iter().map(text).collect()
    }

    /// Every storage that was referred to.
    pub(super) fn storages(&self) -> &[Storage<'a>] {
        &self.storages
    }

    /// What lies under a key of a dict.
    pub(super) fn item(&self, value: Value, key: &str) -> Option<Value> {
        let Value::Dict(dict) = value else { return None };
        self.get_item(dict, key)
    }

    /// The keys of a dict under which plain values lie.
    fn settings(&self, dict: usize) -> Settings {
        let mut left = MAX_SETTINGS;
        let plain =
            |(key, value): (&str, Value)| Some((key.to_owned(), self.plain(value, MAX_NESTED, &mut left)?));
        self.named(dict).filter_map(plain).collect()
    }

    /// A plain value, or a list or tuple of such, within bounds: lists may hold themselves, and each other many times.
    fn plain(&self, value: Value, depth: usize, left: &mut usize) -> Option<Json> {
        *left = left.checked_sub(1)?;
        let depth = depth.checked_sub(1)?;
        let mut list =
            |values: &[Value]| values.iter().map(|&value| self.plain(value, depth, left)).collect();
        match value {
            Value::None => Some(Json::Null),
            Value::Bool(value) => Some(value.into()),
            Value::Int(value) => Some(value.into()),
            Value::Float(value) => Some(value.into()),
            Value::Text(text) => Some(self.texts[text].into()),
            Value::List(values) => list(&self.lists[values]),
            Value::Tuple(values) => list(&self.tuples[values]),
            _ => None,
        }
    }

    /// The items of a dict whose keys are text.
    fn named(&self, dict: usize) -> impl Iterator<Item = (&'a str, Value)> {
        self.dicts[dict].iter().filter_map(|&(key, value)| match key {
            Value::Text(key) => Some((self.texts[key], value)),
            _ => None,
        })
    }

    /// The last value under a key, as in Python.
    fn get_item(&self, dict: usize, key: &str) -> Option<Value> {
        self.named(dict).filter(|(name, _)| *name == key).last().map(|(_, value)| value)
    }

    /// Pushes a natural number of `width` bytes, at most two.
    fn integer(&mut self, width: u8) -> Result<(), TorchProblem> {
        let value = self.input.unsigned(width)?;
        self.stack.push(Value::Int(value as i64));
        Ok(())
    }

    /// Pushes text whose length stands before it in `width` bytes.
    fn text(&mut self, width: u8) -> Result<(), TorchProblem> {
        let length = self.input.unsigned(width)?;
        let text = self.input.text(length)?;
        self.stack.push(Value::Text(self.texts.len()));
        self.texts.push(text);
        Ok(())
    }

    fn tuple(&mut self, items: Vec<Value>) {
        self.stack.push(Value::Tuple(self.tuples.len()));
        self.tuples.push(items);
    }

    fn dict(&mut self) {
        self.stack.push(Value::Dict(self.dicts.len()));
        self.dicts.push(Vec::new());
    }

    fn set_items(&mut self, items: &[Value]) -> Result<(), TorchProblem> {
        let Value::Dict(dict) = self.top()? else {
            return Err(self.input.damaged("items set on something that is no dict"));
        };
        let (pairs, rest) = items.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(self.input.damaged("a key without a value"));
        }
        self.dicts[dict].extend(pairs.iter().map(|&[key, value]| (key, value)));
        Ok(())
    }

    fn append(&mut self, items: &[Value]) -> Result<(), TorchProblem> {
        let Value::List(list) = self.top()? else {
            return Err(self.input.damaged("items appended to something that is no list"));
        };
        self.lists[list].extend_from_slice(items);
        Ok(())
    }

    fn put(&mut self, slot: u64) -> Result<(), TorchProblem> {
        let slot = u32::try_from(slot).map_err(|_| self.input.damaged("a memo slot out of range"))?;
        self.memo.insert(slot, self.top()?);
        Ok(())
    }

    fn get(&mut self, slot: u64) -> Result<(), TorchProblem> {
        let value = u32::try_from(slot).ok().and_then(|slot| self.memo.get(&slot).copied());
        self.stack.push(value.ok_or_else(|| self.input.damaged("an empty memo slot"))?);
        Ok(())
    }

    /// The lowest height that the running instruction may pop to: the last mark, or the bottom.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn height_below(&self, count: usize) -> Result<usize, TorchProblem> {
        self.stack
            .len()
            .checked_sub(count)
            .filter(|&height| height >= self.floor())
            .ok_or_else(|| self.input.damaged("an empty stack"))
    }

    fn top(&self) -> Result<Value, TorchProblem> {
        Ok(self.stack[self.height_below(1)?])
    }

    fn pop(&mut self) -> Result<Value, TorchProblem> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, TorchProblem> {
        let mark = self.marks.pop().ok_or_else(|| self.input.damaged("no mark on the stack"))?;
        Ok(self.stack.split_off(mark))
    }
}
