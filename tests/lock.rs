//! `wavlm-lock`: whatever happens to the program that asked, the bolt goes home within a second.
//!
//! The lines are files here, which stay as they were left, as a line of Raspberry Pi OS does.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use wavlm_link::{Answer, Asker, Refusal, Request};
use wavlm_tests::{Background, Program, Room, repository};

/// Longer than anything takes here, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is promised of a board; an emulated program among many gets a little longer.
fn soon() -> Duration {
    Duration::from_secs(if std::env::var_os("WAVLM_TEST_RUNNER").is_some() { 5 } else { 1 })
}
/// How long a request may be under way in these tests, emulation included.
const MOMENT: Duration = Duration::from_millis(50);

/// A lock of files, and the program that holds it.
struct Door {
    folder: TempDir,
    program: Background,
}

impl Door {
    /// With limits of the test's own.
    fn new(limits: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for line in ["bolt", "release", "stop"] {
            fs::write(folder.path().join(line), "0").expect("a file");
        }
        configuration(folder.path(), &user(), limits);
        let program = start(folder.path());
        Door { folder, program }
    }

    fn line(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn is_open(&self) -> bool {
        fs::read_to_string(self.line("bolt")).expect("the line") == "1"
    }

    /// Waits until it is open or shut; how long that took.
    fn becomes(&self, open: bool) -> Duration {
        let began = Instant::now();
        while self.is_open() != open {
            assert!(began.elapsed() < PATIENCE, "the bolt stays as it is");
            sleep(Duration::from_millis(2));
        }
        began.elapsed()
    }

    /// Presses the release button, which must have been seen at rest before.
    fn press_release(&self) {
        sleep(MOMENT * 4);
        fs::write(self.line("release"), "1").expect("a finger");
    }

    fn socket(&self) -> PathBuf {
        self.line("socket")
    }

    /// Waits for a line of the program's log.
    fn says(&self, words: &str) {
        loop {
            let line = self.program.next_error(PATIENCE).unwrap_or_else(|| panic!("it never says {words:?}"));
            if line.contains(words) {
                return;
            }
        }
    }
}

/// Who runs this test.
fn user() -> String {
    let uid = fs::metadata("/proc/self").expect("this process").uid();
    let users = fs::read_to_string("/etc/passwd").expect("users");
    let own = users.lines().find(|line| line.split(':').nth(2) == Some(&uid.to_string()));
    own.and_then(|line| line.split(':').next()).expect("a name").to_owned()
}

fn configuration(folder: &Path, user: &str, limits: &str) {
    let at = folder.display();
    let text = format!(
        "[socket]\npath = \"{at}/socket\"\nuser = \"{user}\"\n[lines]\noutput = \"{at}/bolt\"\nrelease = \
         \"{at}/release\"\nstop = \"{at}/stop\"\n[limits]\n{limits}\n"
    );
    fs::write(folder.join("lock.toml"), text).expect("a file");
}

fn lock(folder: &Path) -> Program {
    Program::new("wavlm-lock").arg_pair("--config", &folder.join("lock.toml"))
}

fn start(folder: &Path) -> Background {
    let program = lock(folder).start();
    let line = program.next_error(PATIENCE).expect("a line");
    assert!(line.contains("ready at"), "{line}");
    program
}

/// A program that asks, and that beats only when it is told to.
struct Listener {
    stream: UnixStream,
    asker: Asker,
}

impl Listener {
    fn new(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).expect("the socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let mut listener = Listener { stream, asker: Asker::new() };
        listener.answer();
        listener
    }

    fn answer(&mut self) -> Answer {
        let mut byte = [0];
        loop {
            self.stream.read_exact(&mut byte).expect("an answer");
            if let Some(answer) = self.asker.receive(byte[0]) {
                return answer;
            }
        }
    }

    fn say(&mut self, request: Request) -> u32 {
        let frame = self.asker.say(request).expect("a frame");
        self.stream.write_all(&frame).expect("the socket");
        self.asker.sequence()
    }

    /// What came of it.
    fn open(&mut self, pulse: u32) -> Option<Refusal> {
        let asked = self.say(Request::Open { pulse });
        loop {
            if let Some(outcome) = self.answer().outcome.filter(|outcome| outcome.sequence == asked) {
                return outcome.refusal;
            }
        }
    }

    /// Signs of life for so long.
    fn live(&mut self, long: Duration) {
        let began = Instant::now();
        while began.elapsed() < long {
            self.say(Request::Heartbeat);
            self.answer(); // five a second
        }
    }
}

#[test]
fn a_pulse_ends_by_itself_and_has_a_limit() {
    let door = Door::new("pulse_ms = 600\npause_ms = 300\nsilence_ms = 800");
    let mut listener = Listener::new(&door.socket());
    assert!(!door.is_open());
    let began = Instant::now();
    assert_eq!(listener.open(60_000), None);
    assert!(door.is_open());
    assert_eq!(listener.open(100), Some(Refusal::Open), "a request makes no pulse longer");
    listener.live(Duration::from_millis(700));
    door.becomes(false);
    assert!(began.elapsed() >= Duration::from_millis(600), "it was open for as long as it may");
    let again = listener.open(100);
    assert!(again.is_none() || again == Some(Refusal::Pause));
}

#[test]
fn a_listener_that_is_gone_holds_nothing_open() {
    let door = Door::new("pulse_ms = 60000\npause_ms = 50\nsilence_ms = 800");
    let mut listener = Listener::new(&door.socket());
    assert_eq!(listener.open(60_000), None);
    drop(listener); // what `kill -9` does to its socket
    assert!(door.becomes(false) < soon());
    door.says("gone");
    let mut next = Listener::new(&door.socket());
    next.live(MOMENT * 4);
    assert_eq!(next.open(50), None, "it is taken in again");
}

#[test]
fn a_listener_that_hangs_holds_nothing_open() {
    let door = Door::new("pulse_ms = 60000\npause_ms = 50\nsilence_ms = 500");
    let mut listener = Listener::new(&door.socket());
    assert_eq!(listener.open(60_000), None);
    assert!(door.becomes(false) < soon());
    listener.live(MOMENT);
    assert_eq!(listener.open(50), None, "it lives again");
}

#[test]
fn buttons_work_without_anybody_listening() {
    let door = Door::new("pulse_ms = 60000\npause_ms = 50\nsilence_ms = 800");
    door.press_release();
    assert!(door.becomes(true) < soon());
    fs::write(door.line("stop"), "1").expect("a finger");
    assert!(door.becomes(false) < soon());
    door.says("stop button");
    let mut listener = Listener::new(&door.socket());
    assert_eq!(listener.open(1000), Some(Refusal::Stopped));
    fs::write(door.line("stop"), "0").expect("a finger");
    door.says("shut");
    assert_eq!(listener.open(1000), None);
}

#[test]
fn a_line_that_cannot_be_read_shuts() {
    let door = Door::new("pulse_ms = 60000\npause_ms = 50\nsilence_ms = 800");
    let mut listener = Listener::new(&door.socket());
    assert_eq!(listener.open(60_000), None);
    fs::write(door.line("stop"), "what?").expect("a broken line");
    assert!(door.becomes(false) < soon());
    door.says("cannot be read");
    assert_eq!(listener.open(1000), Some(Refusal::Failed));
}

#[test]
fn it_shuts_when_it_is_told_to_end() {
    let mut door = Door::new("pulse_ms = 60000\npause_ms = 50\nsilence_ms = 800");
    door.press_release();
    door.becomes(true);
    door.program.signal("TERM");
    assert!(door.becomes(false) < soon());
    assert_eq!(door.program.wait(), Some(0));
    assert!(!door.socket().exists());
}

#[test]
fn a_start_after_a_crash_shuts_and_takes_the_socket_over() {
    let mut door = Door::new("pulse_ms = 60000\npause_ms = 50\nsilence_ms = 800");
    door.press_release();
    door.becomes(true);
    door.program.signal("KILL");
    assert_eq!(door.program.wait(), None);
    assert!(door.is_open() && door.socket().exists(), "which is why boards/README.md tells of strict_gpiod");
    door.program = start(door.folder.path());
    assert!(door.becomes(false) < soon());
    assert_eq!(Listener::new(&door.socket()).open(50), None);
}

#[test]
fn one_asks_and_one_holds() {
    let door = Door::new("pulse_ms = 600\npause_ms = 50\nsilence_ms = 800");
    let mut first = Listener::new(&door.socket());
    let mut second = UnixStream::connect(door.socket()).expect("the socket");
    assert_eq!(second.read(&mut [0; 16]).unwrap_or(0), 0, "sent away");
    door.says("a second program");
    assert_eq!(first.open(50), None);
    lock(door.folder.path()).run().refused(&["socket", "another wavlm-lock"]);
}

#[test]
fn others_are_sent_away_whatever_the_permissions() {
    let folder = tempfile::tempdir().expect("a folder");
    for line in ["bolt", "release", "stop"] {
        fs::write(folder.path().join(line), "0").expect("a file");
    }
    let other = if user() == "nobody" { "root" } else { "nobody" };
    configuration(folder.path(), other, "");
    let program = start(folder.path());
    let mut stream = UnixStream::connect(folder.path().join("socket")).expect("the socket");
    assert_eq!(stream.read(&mut [0; 16]).unwrap_or(0), 0, "sent away");
    let line = program.next_error(PATIENCE).expect("a line");
    assert!(line.contains("may not ask"), "{line}");
}

#[test]
fn what_cannot_be_held_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    configuration(folder.path(), &user(), "");
    lock(folder.path()).run().refused(&["bolt"]);
    configuration(folder.path(), "nobody-of-this-name", "");
    for line in ["bolt", "release", "stop"] {
        fs::write(folder.path().join(line), "0").expect("a file");
    }
    lock(folder.path()).run().refused(&["nobody-of-this-name", "user"]);
    configuration(folder.path(), &user(), "pulse_ms = 0");
    lock(folder.path()).run().refused(&["lock.toml", "pulse_ms"]);
    fs::write(folder.path().join("lock.toml"), "[lines]\nchip = \"/dev/null\"\noutput = 17\n")
        .expect("a file");
    lock(folder.path()).run().refused(&["/dev/null", "line 17"]);
    configuration(folder.path(), &user(), "");
    fs::write(folder.path().join("socket"), "no socket").expect("a file");
    lock(folder.path()).run().refused(&["socket", "no socket"]);
    fs::remove_file(folder.path().join("socket")).expect("removed");
    let checked = lock(folder.path()).args(["--check"]).run();
    assert_eq!((checked.status, checked.stderr.as_str()), (Some(0), ""));
}

/// The whole way: a microphone that ALSA makes of a recording, an enrolled voice, a word, the socket, the bolt.
#[test]
fn a_known_voice_opens_the_door() {
    let door = Door::new("pulse_ms = 3000\npause_ms = 50\nsilence_ms = 800");
    // The silence is there so that the lock is, when the word comes.
    let Some(room) = Room::new(&door.line(""), "stop-b.wav", 2.0) else { return };
    room.plug_in("");
    let store = door.line("voices");
    let enrolled = Program::new("wavlm")
        .args(["enroll", "bea"])
        .args([repository().join("models/samples/speaker-b-1.wav")])
        .arg_pair("--store", &store)
        .run();
    assert_eq!(enrolled.status, Some(0), "{}", enrolled.stderr);
    let config = format!(
        "[sound]\ndevice = \"room\"\n[voices]\nstore = \"{}\"\nthreshold = -1.0\n[lock]\nsocket = \"{}\"\n\
         [[action]]\nwords = [\"stop\"]\nonly = [\"bea\"]\nopen_s = 1.0\n",
        store.display(),
        door.socket().display()
    );
    fs::write(door.line("listen.toml"), config).expect("a file");
    let listening =
        room.program().args(["listen", "--json"]).arg_pair("--config", &door.line("listen.toml")).start();
    let event = listening.next_line(PATIENCE).expect("an event");
    assert!(event.contains("\"stop\"") && event.contains("\"bea\""), "{event}");
    door.says("open: asked for");
    door.says("shut");
    drop(listening);
    door.says("gone");
}
