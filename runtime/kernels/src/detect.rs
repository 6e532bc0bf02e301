//! Every table of this build, and the choice between them.

#[cfg(target_arch = "aarch64")]
use crate::arm;
use crate::cores::CoreKind;
use crate::reference;
use crate::table::Kernels;
#[cfg(target_arch = "x86_64")]
use crate::x86;
use std::error::Error;
use std::fmt;

/// Every table compiled in, the plainest first.
static ALL: &[&Kernels] = &[
    &reference::KERNELS,
    #[cfg(target_arch = "x86_64")]
    &x86::avx2::KERNELS,
    #[cfg(target_arch = "x86_64")]
    &x86::avxvnni::KERNELS,
    #[cfg(target_arch = "x86_64")]
    &x86::avx512vnni::KERNELS,
    #[cfg(target_arch = "aarch64")]
    &arm::neon::KERNELS,
    #[cfg(target_arch = "aarch64")]
    &arm::a53::KERNELS,
    #[cfg(target_arch = "aarch64")]
    &arm::dotprod::KERNELS,
    #[cfg(target_arch = "aarch64")]
    &arm::i8mm::KERNELS,
];

/// Why a table cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KernelError {
    /// No table of this build has the name.
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// This CPU lacks the instruction set.
    Unsupported {
        /// The name asked for.
        name: String,
    },
}

impl fmt::Display for KernelError {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Unknown { name } => {
                let known: Vec<_> = Kernels::names().collect();
                write!(f, "no kernels named {name:?}; this build has {}", known.join(", "))
            }
            Self::Unsupported { name } => {
                write!(f, "the {name:?} kernels are not for this CPU")
            }
        }
    }
}

impl Error for KernelError {}

impl Kernels {
    /// The tables for the cores that this process may run on: `reference` first, the preferred one last.
    pub fn available() -> Vec<&'static Self> {
        Self::available_for(CoreKind::of_this_process())
    }

    /// The tables of this CPU that suit cores of `kind`: `reference` first, the preferred one last.
    pub fn available_for(kind: CoreKind) -> Vec<&'static Self> {
        suitable(kind).collect()
    }

    /// The preferred table for the cores that this process may run on.
    pub fn detect() -> &'static Self {
        Self::detect_for(CoreKind::of_this_process())
    }

    /// The table of this CPU that cores of `kind` prefer.
    pub fn detect_for(kind: CoreKind) -> &'static Self {
        suitable(kind).next_back().unwrap_or(&reference::KERNELS)
    }

    /// The table named `name`, for whichever kind of core it is made.
    ///
    /// # Errors
    /// If this build has none of that name, or this CPU cannot run it.
    pub fn by_name(name: &str) -> Result<&'static Self, KernelError> {
        match ALL.iter().find(|kernels| kernels.name == name) {
            Some(kernels) if (kernels.supported)() => Ok(kernels),
            Some(_) => Err(KernelError::Unsupported { name: name.to_owned() }),
            None => Err(KernelError::Unknown { name: name.to_owned() }),
        }
    }

    /// Names of every table compiled in, whether or not this CPU can run it.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ALL.iter().map(|kernels| kernels.name)
    }
}

fn suitable(kind: CoreKind) -> impl DoubleEndedIterator<Item = &'static Kernels> {
    let suits = move |kernels: &&Kernels| kernels.made_for.is_none_or(|made_for| made_for == kind);
    ALL.iter().copied().filter(|kernels| (kernels.supported)()).filter(suits)
}
