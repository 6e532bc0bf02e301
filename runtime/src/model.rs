//! An opened model file, from which sessions are made.

use std::path::Path;
use std::sync::Arc;

use wavlm_format::{Head, Header, ModelFile};

use crate::error::Error;
use crate::session::{Session, SessionOptions};
use crate::windows::WindowSession;

/// A model; cheap to clone, since clones share the mapped file.
#[derive(Clone, Debug)]
pub struct Model {
    file: Arc<ModelFile>,
}

impl Model {
    /// Maps the file and reads its header.
    ///
    /// # Errors
    /// The file cannot be read or is not a valid `.wlm`.
    pub fn open(path: &Path) -> Result<Model, Error> {
        Ok(Model { file: Arc::new(ModelFile::open(path)?) })
    }

    /// A model that is part of the program; the bytes must be aligned to 64.
    ///
    /// # Errors
    /// The bytes are not a valid `.wlm`.
    pub fn from_static(bytes: &'static [u8]) -> Result<Model, Error> {
        Ok(Model { file: Arc::new(ModelFile::from_static(bytes)?) })
    }

    /// A model from memory, such as a `Vec<u8>` or an `Arc<[u8]>`. The bytes are copied once, unless they happen to start
    /// at a multiple of 64.
    ///
    /// # Errors
    /// The bytes are not a valid `.wlm`.
    pub fn from_bytes(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Result<Model, Error> {
        Ok(Model { file: Arc::new(ModelFile::from_bytes(bytes)?) })
    }

    /// A model over a file that is open already.
    pub fn from_file(file: Arc<ModelFile>) -> Model {
        Model { file }
    }

    /// What the file says about itself.
    pub fn header(&self) -> &Header {
        self.file.header()
    }

    /// The underlying file.
    pub fn file(&self) -> &Arc<ModelFile> {
        &self.file
    }

    /// The head of that name.
    pub fn head(&self, name: &str) -> Option<&Head> {
        self.header().heads.iter().find(|head| head.name == name)
    }

    /// Builds the graph for `options` and plans it.
    ///
    /// # Errors
    /// The file has no head of a name that is asked for, a tensor holds values that are not finite, or threads cannot be
    /// started.
    pub fn session(&self, options: &SessionOptions) -> Result<Session, Error> {
        Session::new(&self.file, options)
    }

    /// The same for windows that slide over a sound: see [`WindowSession`].
    ///
    /// # Errors
    /// As [`Model::session`].
    pub fn window_session(&self, options: &SessionOptions) -> Result<WindowSession, Error> {
        WindowSession::new(&self.file, options)
    }
}
