//! What Linux tells of the machine: files below `/proc` and `/sys`.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use wavlm_known_boards::Board;

/// From here on a processor is slowed down; boards do so at 80 to 85 °C.
const HOT_C: f64 = 78.0;
/// No clock of today shows less, in seconds since 1970: the beginning of 2026.
const TODAY_S: u64 = 1_767_225_600;

/// A machine, or a folder that stands for one in tests.
#[derive(Debug)]
pub struct Machine {
    root: PathBuf,
}

/// What is known of it.
#[derive(Debug, PartialEq, Serialize)]
pub struct Condition {
    /// As the board's maker calls it, if that is told.
    pub model: Option<String>,
    /// How the clock of the cores is chosen.
    pub governor: Option<String>,
    /// The hottest place, in °C.
    pub temperature_c: Option<f64>,
    /// What is wrong with it.
    pub warnings: Vec<String>,
}

impl Machine {
    /// This one.
    pub fn this() -> Self {
        Machine { root: PathBuf::from("/") }
    }

    /// The board that it is, if it is known.
    pub fn board(&self) -> Option<Board> {
        Board::find(&self.read("proc/device-tree/compatible")?)
    }

    /// The CPU's name; ARM's Linux gives numbers instead, which tell as much to those who look them up.
    pub fn cpu_name(&self) -> String {
        let named = self.read("proc/cpuinfo").and_then(|info| cpu_name(&info));
        named.unwrap_or_else(|| std::env::consts::ARCH.to_owned())
    }

    /// How it does. `board` is what [`Machine::board`] gives, `now` the time on its clock.
    pub fn condition(&self, board: Option<&Board>, now: SystemTime) -> Condition {
        let governor = self.read("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
        let temperature_c = self.temperature();
        let mut warnings = Vec::new();
        if governor.as_deref() == Some("powersave") {
            warnings
                .push("the governor powersave keeps the cores slow; set ondemand or performance".to_owned());
        }
        if let Some(hot) = temperature_c.filter(|&temperature| temperature >= HOT_C) {
            warnings.push(format!("{hot:.0} °C: the cores will be slowed down; cool them"));
        }
        if self.is_undervolted() {
            warnings.push(
                "the supply gives too little voltage; take a stronger one, or a shorter cable".to_owned(),
            );
        }
        if now < SystemTime::UNIX_EPOCH + Duration::from_secs(TODAY_S) {
            warnings.push("the clock is not set, so the times of events will be wrong".to_owned());
        }
        warnings.extend(board.and_then(|board| self.gpio_warning(&board.gpio_chip)));
        Condition { model: self.read("proc/device-tree/model"), governor, temperature_c, warnings }
    }

    /// A text without the zero or the line's end behind it.
    fn read(&self, file: &str) -> Option<String> {
        let text = fs::read_to_string(self.root.join(file)).ok()?;
        Some(text.trim_end_matches(['\0', '\n']).to_owned())
    }

    fn temperature(&self) -> Option<f64> {
        let zones = fs::read_dir(self.root.join("sys/class/thermal")).ok()?;
        let readings = zones.flatten().filter_map(|zone| {
            let text = fs::read_to_string(zone.path().join("temp")).ok()?;
            text.trim().parse::<f64>().ok()
        });
        readings.map(|millidegrees| millidegrees / 1000.0).max_by(f64::total_cmp)
    }

    /// Raspberry Pi's driver of the supply raises an alarm, and keeps it until the next start.
    fn is_undervolted(&self) -> bool {
        let Ok(sensors) = fs::read_dir(self.root.join("sys/class/hwmon")) else { return false };
        sensors.flatten().any(|sensor| {
            let says = |name: &str| fs::read_to_string(sensor.path().join(name)).unwrap_or_default();
            says("name").trim() == "rpi_volt" && says("in0_lcrit_alarm").trim() == "1"
        })
    }

    /// Only the lock's helper needs the lines, so this is no fault of the program that hears.
    fn gpio_warning(&self, chip: &str) -> Option<String> {
        let path = self.root.join(Path::new(chip).strip_prefix("/").unwrap_or(Path::new(chip)));
        let error = OpenOptions::new().read(true).write(true).open(path).err()?;
        Some(format!("{chip}: {error}; wavlm-lock needs it, as a member of the group gpio"))
    }
}

fn cpu_name(info: &str) -> Option<String> {
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'));
        line.map(|value| value.trim().to_owned())
    };
    field("model name").or_else(|| {
        let part = field("CPU part")?;
        let core = match part.as_str() {
            "0xd03" => "Cortex-A53",
            "0xd04" => "Cortex-A35",
            "0xd05" => "Cortex-A55",
            "0xd07" => "Cortex-A57",
            "0xd08" => "Cortex-A72",
            "0xd09" => "Cortex-A73",
            "0xd0b" => "Cortex-A76",
            "0xd42" => "Cortex-A78AE",
            _ => return Some(format!("ARM part {part}")),
        };
        Some(core.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().expect("a folder");
        for (file, text) in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        let root = folder.path().to_owned();
        (folder, Machine { root })
    }

    fn today() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(TODAY_S + 1)
    }

    #[test]
    fn a_board_in_good_health_has_no_warnings() {
        let (_folder, machine) = machine(&[
            ("proc/device-tree/compatible", "raspberrypi,4-model-b\0brcm,bcm2711\0"),
            ("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0"),
            ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "ondemand\n"),
            ("sys/class/thermal/thermal_zone0/temp", "52100\n"),
            ("sys/class/hwmon/hwmon0/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon0/in0_lcrit_alarm", "0\n"),
            ("dev/gpiochip0", ""),
        ]);
        let board = machine.board().expect("a board");
        let expected = Condition {
            model: Some("Raspberry Pi 4 Model B Rev 1.5".to_owned()),
            governor: Some("ondemand".to_owned()),
            temperature_c: Some(52.1),
            warnings: Vec::new(),
        };
        assert_eq!(machine.condition(Some(&board), today()), expected);
    }

    #[test]
    fn what_is_wrong_is_told() {
        let (_folder, machine) = machine(&[
            ("proc/device-tree/compatible", "raspberrypi,model-zero-2-w\0"),
            ("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n"),
            ("sys/class/thermal/thermal_zone0/temp", "41000\n"),
            ("sys/class/thermal/thermal_zone1/temp", "82000\n"),
            ("sys/class/hwmon/hwmon1/name", "rpi_volt\n"),
            ("sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n"),
        ]);
        let board = machine.board();
        let warnings = machine.condition(board.as_ref(), SystemTime::UNIX_EPOCH).warnings;
        for word in ["powersave", "82 °C", "voltage", "clock", "/dev/gpiochip0"] {
            assert!(warnings.iter().any(|warning| warning.contains(word)), "{word}: {warnings:?}");
        }
    }

    #[test]
    fn a_machine_that_tells_nothing_is_no_board() {
        let (_folder, machine) = machine(&[]);
        assert_eq!(machine.board(), None);
        let nothing = Condition { model: None, governor: None, temperature_c: None, warnings: Vec::new() };
        assert_eq!(machine.condition(None, today()), nothing);
    }

    #[test]
    fn cpus_are_named() {
        let x86 = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n";
        assert_eq!(cpu_name(x86).as_deref(), Some("AMD EPYC"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n";
        assert_eq!(cpu_name(arm).as_deref(), Some("Cortex-A72"));
        assert_eq!(cpu_name(""), None);
    }
}
