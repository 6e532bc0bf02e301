//! The boards that this project knows: `boards/profiles`, as part of the programs, and a model of their cores.
//!
//! Nothing here was measured on a board: see [`Core`].

#![forbid(unsafe_code)]

mod core;

use serde::Deserialize;

pub use self::core::{Core, Work};

/// A board, as its profile describes it; `boards/profiles/README.md` tells the fields.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// As people call it.
    pub name: String,
    /// What its device tree says that it is; one of them is enough.
    pub compatible: Vec<String>,
    /// Rust's name of the target.
    pub target: String,
    /// Its big cores, as compilers call them.
    pub core: String,
    /// How many of them.
    pub cores: u32,
    /// Their highest clock by default.
    pub clock_mhz: u32,
    /// Memory of the smallest version that is sold.
    pub memory_mb: u32,
    /// The kernel table that should be chosen there.
    pub kernel: String,
    /// Threads to listen with.
    pub threads: u16,
    /// Seconds from one window to the next.
    pub hop_s: f32,
    /// ALSA's name of the microphone.
    pub microphone: String,
    /// The chip with the lines of the pin header.
    pub gpio_chip: String,
}

const PROFILES: [&str; 7] = [
    include_str!("../../profiles/zero2w.toml"),
    include_str!("../../profiles/pi3.toml"),
    include_str!("../../profiles/pi4.toml"),
    include_str!("../../profiles/pi5.toml"),
    include_str!("../../profiles/jetson-nano.toml"),
    include_str!("../../profiles/xavier-nx.toml"),
    include_str!("../../profiles/orin-nano.toml"),
];

impl Board {
    /// All of them, the smallest Raspberry Pi first, then the Jetsons.
    pub fn all() -> impl Iterator<Item = Self> {
        PROFILES.iter().filter_map(|text| toml::from_str(text).ok())
    }

    /// The board whose device tree says this: texts that end with a zero each.
    pub fn find(compatible: &str) -> Option<Self> {
        let says: Vec<&str> = compatible.split('\0').collect();
        Self::all().find(|board| board.compatible.iter().any(|text| says.contains(&text.as_str())))
    }

    /// Seconds that one core takes, modelled; `None` if nobody has modelled its cores.
    pub fn seconds(&self, work: Work) -> Option<f64> {
        Some(Core::named(&self.core)?.cycles(work) / (1e6 * f64::from(self.clock_mhz)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_is_read_and_says_what_it_should() {
        assert_eq!(Board::all().count(), PROFILES.len());
        let folder =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../profiles")).expect("profiles");
        let files = folder.filter(|entry| {
            entry.as_ref().is_ok_and(|entry| entry.path().extension().is_some_and(|e| e == "toml"))
        });
        assert_eq!(files.count(), PROFILES.len());
        for board in Board::all() {
            assert_eq!(board.target, "aarch64-unknown-linux-gnu");
            assert!(["neon", "neon-a53", "dotprod", "i8mm"].contains(&board.kernel.as_str()), "{board:?}");
            assert!(
                !board.core.is_empty() && board.microphone == "default" && board.threads == 1,
                "{board:?}"
            );
            assert!((1..=12).contains(&board.cores) && (800..=3000).contains(&board.clock_mhz), "{board:?}");
            assert!(board.memory_mb >= 512 && (0.1..=0.5).contains(&board.hop_s), "{board:?}");
        }
    }

    #[test]
    fn a_board_is_known_by_its_device_tree() {
        let found = |text: &str| Board::find(text).map(|board| board.name);
        assert_eq!(found("raspberrypi,4-model-b\0brcm,bcm2711\0"), Some("Raspberry Pi 4B".to_owned()));
        assert_eq!(
            found("nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0"),
            Some("Jetson Orin Nano".to_owned())
        );
        assert_eq!(found("brcm,bcm2711\0"), None);
        assert_eq!(found(""), None);
    }
}
