//! One module per subcommand: its arguments, and how they become calls of the library.

pub mod convert;
