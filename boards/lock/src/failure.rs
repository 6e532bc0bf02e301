//! Every error of the program: one line that names its place, says what is wrong and, where it helps, what to do.

use std::io;
use std::path::{Path, PathBuf};

use wavlm_pins::PinError;

/// Why the program stops with exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A file or a socket that cannot be used.
    #[error("{}: {error}", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// A configuration that is not understood.
    #[error(transparent)]
    Config(#[from] wavlm_settings::Error),
    /// A line that cannot be held.
    #[error(transparent)]
    Line(#[from] PinError),
    /// There is no such user.
    #[error("no user is called {name:?}; name the one that runs `wavlm listen`")]
    NoUser {
        /// The name.
        name: String,
    },
    /// The socket belongs to somebody who is still there.
    #[error("{}: another wavlm-lock answers there; stop it first", path.display())]
    Taken {
        /// The socket.
        path: PathBuf,
    },
}

impl Failure {
    /// Names the place of an error of the system.
    pub fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Failure::Io { path: path.clone(), error }
    }
}
