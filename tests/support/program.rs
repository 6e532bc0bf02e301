//! Runs the programs of this workspace as a user would, through the emulator where the tests themselves are emulated.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// The root of the checkout.
///
/// # Panics
/// Never: this crate lies in a folder of it.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the folder above this crate").to_owned()
}

/// A program to be run.
#[derive(Debug)]
pub struct Program {
    command: Command,
}

/// What a program left behind.
#[derive(Debug)]
pub struct Finished {
    /// Exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Program {
    /// `wavlm`, `wavlm-export`, or `examples/NAME`, from the build that these tests belong to.
    ///
    /// # Panics
    /// If it has not been built.
    pub fn new(name: &str) -> Program {
        let tests = env::current_exe().expect("the path of this test");
        let built = tests.ancestors().nth(2).expect("the folder of the profile").join(name);
        assert!(
            built.exists(),
            "{} is missing; run: cargo build --workspace --bins --examples --tests",
            built.display()
        );
        // `qemu-aarch64-static -cpu …`: an emulated test cannot start an emulated program by itself.
        let runner = env::var("WAVLM_TEST_RUNNER").unwrap_or_default();
        let mut words = runner.split_whitespace();
        let mut command = match words.next() {
            Some(emulator) => {
                let mut command = Command::new(emulator);
                command.args(words).arg(built);
                command
            }
            None => Command::new(built),
        };
        command.stdin(Stdio::null()).env_remove("WAVLM_KERNEL").env_remove("WAVLM_CORES");
        Program { command }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Program {
        self.command.args(args);
        self
    }

    /// Adds an option and its path.
    #[must_use]
    pub fn arg_pair(mut self, option: &str, path: &Path) -> Program {
        self.command.arg(option).arg(path);
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, key: &str, value: impl AsRef<std::ffi::OsStr>) -> Program {
        self.command.env(key, value);
        self
    }

    /// Bounds the program's address space, in KiB, so that it fails where it would need more.
    #[must_use]
    pub fn limited_to(mut self, kib: &str) -> Program {
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -v \"$0\" && exec \"$@\"", kib]).arg(self.command.get_program());
        shell.args(self.command.get_args()).stdin(Stdio::null());
        for (key, value) in self.command.get_envs() {
            match value {
                Some(value) => shell.env(key, value),
                None => shell.env_remove(key),
            };
        }
        self.command = shell;
        self
    }

    /// Runs in `folder`.
    #[must_use]
    pub fn within(mut self, folder: &Path) -> Program {
        self.command.current_dir(folder);
        self
    }

    /// Reads standard input from a file.
    ///
    /// # Panics
    /// If the file cannot be opened.
    #[must_use]
    pub fn input(mut self, path: &Path) -> Program {
        self.command.stdin(std::fs::File::open(path).expect("the input"));
        self
    }

    /// Runs to the end while `bytes` come through a pipe. A program that does not read them all is no failure.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn piped(mut self, bytes: &[u8]) -> Finished {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        let mut pipe = child.stdin.take().expect("a pipe");
        let output = thread::scope(|scope| {
            scope.spawn(move || pipe.write_all(bytes));
            child.wait_with_output().expect("the end of the program")
        });
        Finished::of(&output)
    }

    /// Runs to the end with standard output going into a new file, as `> path` in a shell.
    ///
    /// # Panics
    /// If the program cannot be started, or the file not made.
    pub fn output_to(mut self, path: &Path) -> Finished {
        self.command.stdout(std::fs::File::create(path).expect("a new file"));
        self.command.stderr(Stdio::piped());
        let child = self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        Finished::of(&child.wait_with_output().expect("the end of the program"))
    }

    /// Starts it, and lets it run.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn start(mut self) -> Background {
        self.spawn()
    }

    /// Starts it with a standard input that [`Background::send`] writes.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn start_with_input(mut self) -> Background {
        self.command.stdin(Stdio::piped());
        self.spawn()
    }

    fn spawn(&mut self) -> Background {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        let lines = lines_of(child.stdout.take().expect("a pipe"));
        let errors = lines_of(child.stderr.take().expect("a pipe"));
        Background { input: child.stdin.take(), child, lines, errors }
    }

    /// Runs to the end.
    ///
    /// # Panics
    /// If the program cannot be started.
    pub fn run(mut self) -> Finished {
        let output = self.command.output().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        Finished::of(&output)
    }
}

/// A program that runs beside the test, and ends with it.
#[derive(Debug)]
pub struct Background {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Background {
    /// The next line of standard output, if it comes within this time.
    pub fn next_line(&self, within: Duration) -> Option<String> {
        self.lines.recv_timeout(within).ok()
    }

    /// Writes all of its standard input, which ends then.
    ///
    /// # Panics
    /// If it has none, or reads it no more.
    pub fn send(&mut self, bytes: &[u8]) {
        self.send_some(bytes);
        self.input = None;
    }

    /// Writes a part of its standard input.
    ///
    /// # Panics
    /// If it has none, or reads it no more.
    pub fn send_some(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("an input");
        input.write_all(bytes).and_then(|()| input.flush()).expect("the program reads");
    }

    /// Sends it a signal, by name.
    ///
    /// # Panics
    /// If `kill` cannot be run.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill").success(), "{name}");
    }

    /// Waits for its end; its exit status, `None` if a signal ended it.
    ///
    /// # Panics
    /// If that cannot be known.
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().expect("its end").code()
    }

    /// The next line of standard error, if it comes within this time.
    pub fn next_error(&self, within: Duration) -> Option<String> {
        self.errors.recv_timeout(within).ok()
    }
}

/// The lines of a stream, while they come.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    // Whoever wants no more lines leaves the rest unread.
    thread::spawn(move || {
        BufReader::new(stream).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
    });
    lines
}

impl Drop for Background {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Finished {
    fn of(output: &Output) -> Finished {
        Finished {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts exit status 2 and one line on stderr that holds all of `words`.
    ///
    /// # Panics
    /// If it is otherwise.
    pub fn refused(&self, words: &[&str]) {
        assert_eq!(self.status, Some(2), "exit status, with stderr {:?}", self.stderr);
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "one line: {:?}", self.stderr);
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} in {:?}", self.stderr);
        }
    }
}
