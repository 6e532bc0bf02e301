//! The socket, and the one program behind it.

use std::fs;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::User;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt::socket_peercred;

use crate::config;
use crate::failure::Failure;

/// Bytes that are taken at a time: more than any program has to say in one turn of the loop.
const MOST_BYTES: usize = 1024;
/// The owner and the group may connect; who they are is asked of the kernel besides.
const PERMISSIONS: u32 = 0o660;

/// What came through the socket.
#[derive(Debug, PartialEq, Eq)]
pub enum Came {
    /// Nothing, for as long as was waited.
    Nothing,
    /// Somebody who may ask.
    Asker,
    /// Somebody who may not, or came second; this is why.
    SentAway(String),
    /// The asker is gone.
    Gone,
    /// The asker's bytes.
    Bytes(Vec<u8>),
}

/// Lets one program in at a time.
#[derive(Debug)]
pub struct Door {
    path: PathBuf,
    listener: UnixListener,
    /// Who may ask.
    user: u32,
    asker: Option<UnixStream>,
}

impl Door {
    /// Opens the socket.
    ///
    /// # Errors
    /// There is no such user, another one of this program answers there, or the socket cannot be made.
    pub fn new(config: &config::Socket) -> Result<Self, Failure> {
        let path = &config.path;
        let user = User::from_name(&config.user).ok().flatten();
        let user = user.ok_or_else(|| Failure::NoUser { name: config.user.clone() })?.uid.as_raw();
        if UnixStream::connect(path).is_ok() {
            return Err(Failure::Taken { path: path.clone() });
        }
        remove_socket(path).map_err(Failure::io(path))?;
        let listener = UnixListener::bind(path).map_err(Failure::io(path))?;
        listener.set_nonblocking(true).map_err(Failure::io(path))?;
        fs::set_permissions(path, fs::Permissions::from_mode(PERMISSIONS)).map_err(Failure::io(path))?;
        Ok(Door { path: path.clone(), listener, user, asker: None })
    }

    /// Waits for one thing to come through, at most so long.
    ///
    /// # Errors
    /// The socket itself fails.
    pub fn wait(&mut self, most: Duration) -> io::Result<Came> {
        let most = Timespec { tv_sec: 0, tv_nsec: most.subsec_nanos().into() };
        let mut ready = [false, false];
        {
            let mut fds = vec![PollFd::from_borrowed_fd(self.listener.as_fd(), PollFlags::IN)];
            fds.extend(
                self.asker.as_ref().map(|asker| PollFd::from_borrowed_fd(asker.as_fd(), PollFlags::IN)),
            );
            match poll(&mut fds, Some(&most)) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            for (ready, fd) in ready.iter_mut().zip(&fds) {
                *ready = !fd.revents().is_empty();
            }
        }
        // The asker first: one that is gone makes room for the next.
        if ready[1] {
            return Ok(self.receive());
        }
        if ready[0] { self.answer() } else { Ok(Came::Nothing) }
    }

    fn receive(&mut self) -> Came {
        let Some(asker) = &mut self.asker else { return Came::Nothing };
        let mut bytes = vec![0; MOST_BYTES];
        match asker.read(&mut bytes) {
            Ok(count) if count > 0 => {
                bytes.truncate(count);
                Came::Bytes(bytes)
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {
                Came::Nothing
            }
            Ok(_) | Err(_) => {
                self.asker = None;
                Came::Gone
            }
        }
    }

    fn answer(&mut self) -> io::Result<Came> {
        let stream = match self.listener.accept() {
            Ok((stream, _)) => stream,
            // Whoever knocked has gone, or there are too many files for a moment.
            Err(_) => return Ok(Came::Nothing),
        };
        let peer = socket_peercred(&stream)?;
        if peer.uid.as_raw() != self.user {
            let (uid, pid) = (peer.uid.as_raw(), peer.pid.as_raw_nonzero());
            return Ok(Came::SentAway(format!("user {uid}, process {pid}, may not ask; sent away")));
        }
        if self.asker.is_some() {
            return Ok(Came::SentAway("a second program wants to ask; sent away".to_owned()));
        }
        stream.set_nonblocking(true)?;
        self.asker = Some(stream);
        Ok(Came::Asker)
    }

    /// Tells the asker something; whether it is gone now. One that does not listen is.
    pub fn say(&mut self, bytes: &[u8]) -> bool {
        let Some(asker) = &mut self.asker else { return false };
        let said = asker.write(bytes).is_ok_and(|written| written == bytes.len());
        if !said {
            self.asker = None;
        }
        !said
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        // What is left behind is removed by the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes the socket of a program that ended without doing so, and nothing that is no socket.
fn remove_socket(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(about) if about.file_type().is_socket() => fs::remove_file(path),
        Ok(_) => Err(io::Error::new(ErrorKind::AlreadyExists, "there is something that is no socket")),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}
