//! The file format from outside: every refusal, round trips, the specification's own example, and hostile bytes.

mod allocation;
mod atomic_write;
mod configuration;
#[cfg(unix)]
mod destinations;
mod embedded;
mod forge;
mod hostile;
#[cfg(target_os = "linux")]
mod mapped;
mod refusals;
mod round_trip;
mod specification;
mod specified_tensors;
mod tensors;
mod verify;
