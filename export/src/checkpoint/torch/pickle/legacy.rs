//! The pickles at the beginning of a file of `torch.save` before release 1.6: a number by which the file is known, the version,
//! the machine's byte order, what was saved, and the keys of the storages in the order in which these follow.

use std::collections::HashMap;

use super::machine::Machine;
use super::value::{Saved, Storage, Value};
use crate::checkpoint::error::TorchProblem;

/// The first pickle: 0x1950a86a20f9469cfc6c.
const MAGIC: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

/// The second: protocol 1001.
const VERSION: &[u8] = b"\x80\x02M\xe9\x03.";

/// What the pickles say.
#[derive(Debug)]
pub(crate) struct Legacy<'a> {
    pub saved: Saved<'a>,
    /// The storages in the order in which they follow.
    pub storages: Vec<Storage<'a>>,
    /// Where the first of them begins.
    pub length: usize,
}

impl<'a> Legacy<'a> {
    /// Whether a file that begins so is of this kind.
    pub fn begins(bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    /// Reads the pickles with which a file of this kind begins.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, TorchProblem> {
        let first = [MAGIC, VERSION].concat();
        let damaged = |offset, what| TorchProblem::Pickle { offset, what };
        let mut at = first.len();
        if !bytes.starts_with(&first) {
            return Err(damaged(MAGIC.len(), "another version of the format"));
        }
        let mut next = || {
            let mut machine = Machine::new(bytes.get(at..).unwrap_or_default());
            let value = machine.run()?;
            at += machine.length();
            Ok::<_, TorchProblem>((machine, value))
        };
        let (machine, system) = next()?;
        if let Some(Value::Bool(false)) = machine.item(system, "little_endian") {
            return Err(TorchProblem::ByteOrder("big".to_owned()));
        }
        let (machine, value) = next()?;
        let saved = machine.saved(value)?;
        let known: HashMap<&str, Storage<'_>> =
            machine.storages().iter().map(|&storage| (storage.key, storage)).collect();
        let (machine, keys) = next()?;
        let keys = machine.texts(keys).ok_or(damaged(at, "no list of storages"))?;
        let storage = |key| known.get(key).copied().ok_or(damaged(at, "a storage that nothing refers to"));
        let storages = keys.into_iter().map(storage).collect::<Result<_, _>>()?;
        Ok(Self { saved, storages, length: at })
    }
}
