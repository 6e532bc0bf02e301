//! `wavlm doctor`: what this machine and this model are, and what is wrong with either.

use std::fs;
use std::time::{Instant, SystemTime};

use serde::Serialize;
use wavlm_format::{Agreement, Decision, Head, HeadKind, Header, Precision, TensorEntry};
use wavlm_runtime::tasks::words::WordModel;

use super::{Printer, Verdict, speech};
use crate::board::Board;
use crate::cli::Doctor;
use crate::cores;
use crate::failure::Failure;
use crate::machine::{Condition, Machine};
use crate::setup::{KERNEL_VARIABLE, Setup, available_kernels};
use crate::store::Store;

/// Cosine to the checkpoint below which an export deserves a look; what is reached is above 0.999.
const GOOD_COSINE: f32 = 0.999;
/// Speech that is heard before anything is measured, and while it is, in seconds.
const WARM_UP_S: f32 = 1.5;
const MEASURED_S: f32 = 3.0;

#[derive(Serialize)]
struct Record {
    board: Option<String>,
    condition: Condition,
    cpu: String,
    cores: usize,
    cores_allowed: String,
    cores_used: String,
    kernels: Vec<&'static str>,
    kernel: &'static str,
    model: Facts,
    voices: Option<usize>,
    second_ms: f64,
    /// Share of one core that listening takes while somebody speaks.
    load: Option<f64>,
    microphones: Option<usize>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct Facts {
    name: String,
    bytes: usize,
    parameters: u64,
    precision: &'static str,
    heads: Vec<HeadFacts>,
    licence: String,
    source: String,
    worst: Option<Worst>,
}

#[derive(Serialize)]
struct HeadFacts {
    name: String,
    kind: &'static str,
    labels: Vec<String>,
    threshold: Option<f32>,
    lower_threshold: Option<f32>,
}

/// The tensor that strayed furthest when the model was exported.
#[derive(Serialize)]
struct Worst {
    tensor: String,
    cosine: f32,
}

pub fn run(setup: &Setup, options: &Doctor, printer: &Printer) -> Result<Verdict, Failure> {
    let file = setup.model.file();
    let damaged = |error| Failure::Damaged { place: setup.model_name.clone(), error: Box::new(error) };
    file.verify().map_err(damaged)?;
    let kernels = available_kernels();
    let kernel = setup.options.kernels.name();
    let store = Store::new(options.store.as_deref()).and_then(|store| store.names());
    let model = Facts::new(&setup.model_name, file.len(), file.header());
    let machine = Machine::this();
    let board = machine.board();
    let condition = machine.condition(board.as_ref(), SystemTime::now());
    let mut warnings = warnings(&kernels, kernel, &model);
    warnings.extend(board.as_ref().and_then(|board| board_warning(board, &kernels)));
    warnings.extend(condition.warnings.iter().cloned());
    let record = Record {
        cpu: cpu_name(),
        cores: setup.cores.allowed.len(),
        cores_allowed: cores::list(&setup.cores.allowed),
        cores_used: cores::list(&setup.cores.used),
        warnings,
        kernels,
        kernel,
        model,
        voices: store.ok().map(|names| names.len()),
        second_ms: time_one_second(setup)?,
        load: load_of_listening(setup, board.as_ref())?,
        microphones: microphones(),
        board: board.map(|board| board.name),
        condition,
    };
    printer.print(&record, || record.text())?;
    Ok(Verdict::Yes)
}

impl Facts {
    fn new(name: &str, bytes: usize, header: &Header) -> Self {
        let worst = header.report.as_ref().and_then(|report| {
            report.tensors.iter().min_by(|a: &&Agreement, b| a.cosine.total_cmp(&b.cosine))
        });
        Facts {
            name: name.to_owned(),
            bytes,
            parameters: header
                .tensors
                .iter()
                .map(|tensor: &TensorEntry| tensor.shape.iter().product::<u64>())
                .sum(),
            precision: match header.precision {
                Precision::Int8 => "int8",
                Precision::F32 => "f32",
            },
            heads: header.heads.iter().map(HeadFacts::new).collect(),
            licence: header.licence.clone(),
            source: header.source.clone(),
            worst: worst.map(|worst| Worst { tensor: worst.tensor.clone(), cosine: worst.cosine }),
        }
    }
}

impl HeadFacts {
    fn new(head: &Head) -> Self {
        // An x-vector's labels are the speakers it was trained on, a vocabulary is no list of things to say.
        let labels = match &head.kind {
            HeadKind::Sequence { labels, .. } | HeadKind::Frame { labels } => labels.clone(),
            _ => Vec::new(),
        };
        HeadFacts {
            name: head.name.clone(),
            kind: head.kind.name(),
            labels,
            threshold: head.decision.map(|decision| decision.threshold),
            lower_threshold: head.decision.and_then(|decision| decision.lower_threshold),
        }
    }
}

impl Record {
    fn text(&self) -> String {
        let model = &self.model;
        let mut lines: Vec<String> = self.board.iter().map(|name| format!("board     {name}")).collect();
        lines.extend([
            format!("CPU       {}", self.cpu),
            format!("cores     {} (of {})", self.cores_used, self.cores_allowed),
            format!("kernels   {} (chosen of {})", self.kernel, self.kernels.join(", ")),
            format!(
                "model     {}, {:.1} MB, {} parameters, {}",
                model.name,
                model.bytes as f64 / 1e6,
                model.parameters,
                model.precision
            ),
            format!("licence   {}", model.licence),
            format!("source    {}", model.source),
        ]);
        for head in &model.heads {
            let labels =
                if head.labels.is_empty() { String::new() } else { format!(": {}", head.labels.join(", ")) };
            let thresholds: String = [(head.threshold, "threshold"), (head.lower_threshold, "lower")]
                .into_iter()
                .filter_map(|(value, name)| value.map(|value| format!(", {name} {value:.2}")))
                .collect();
            lines.push(format!("head      {} ({}{thresholds}){labels}", head.name, head.kind));
        }
        if let Some(worst) = &model.worst {
            lines.push(format!("export    worst agreement {:.6}, of {}", worst.cosine, worst.tensor));
        }
        lines.push(format!("speed     1 s of sound in {:.1} ms", self.second_ms));
        lines.extend(
            self.load
                .map(|load| format!("load      {:.1} % of one core while somebody speaks", 100.0 * load)),
        );
        lines.extend(
            self.microphones
                .map(|count| format!("sound     {count} microphones; `wavlm devices` lists them")),
        );
        let Condition { governor, temperature_c, .. } = &self.condition;
        lines.extend(governor.as_ref().map(|governor| format!("governor  {governor}")));
        lines.extend(temperature_c.map(|degrees| format!("heat      {degrees:.0} °C")));
        lines.extend(self.voices.map(|count| format!("voices    {count} enrolled")));
        lines.extend(self.warnings.iter().map(|warning| format!("WARNING   {warning}")));
        lines.join("\n")
    }
}

/// Whether a board has what its profile says.
fn board_warning(board: &Board, kernels: &[&str]) -> Option<String> {
    let Board { name, kernel, .. } = board;
    let lacks = !kernels.contains(&kernel.as_str());
    lacks.then(|| format!("a {name} should offer the kernels {kernel}; is the system a 64-bit one?"))
}

fn warnings(kernels: &[&str], kernel: &str, model: &Facts) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(best) = kernels.last().filter(|&&best| best != kernel) {
        warnings.push(format!("{KERNEL_VARIABLE} chose {kernel}; this machine prefers {best}"));
    } else if kernel == "reference" {
        warnings.push("no kernels for this CPU: everything runs slowly; use a 64-bit system".to_owned());
    }
    match &model.worst {
        None => warnings.push("the model carries no export report; export it again".to_owned()),
        Some(worst) if worst.cosine < GOOD_COSINE => {
            warnings.push(format!("the export strayed from its checkpoint: cosine {:.4}", worst.cosine));
        }
        Some(_) => {}
    }
    let untuned = model
        .heads
        .iter()
        .filter(|head| head.threshold.is_none() && matches!(head.kind, "sequence" | "xvector"));
    warnings.extend(untuned.map(|head| format!("head {} carries no threshold", head.name)));
    warnings
}

/// The share of one core that unbroken speech takes, measured; `None` of a model without keywords.
fn load_of_listening(setup: &Setup, board: Option<&Board>) -> Result<Option<f64>, Failure> {
    let Ok(mut model) = WordModel::new(&setup.model, &setup.options) else { return Ok(None) };
    let stored = model.decision();
    let decision = Decision { hop_s: board.map_or(stored.hop_s, |board| board.hop_s), ..stored };
    let mut spotter = model.spotter(&decision)?;
    let mut hear = |seconds: f32| -> Result<f64, Failure> {
        spotter.push(&speech::like(seconds));
        let start = Instant::now();
        model.hear(&mut spotter).map_err(Failure::model(&setup.model_name))?;
        Ok(start.elapsed().as_secs_f64())
    };
    hear(WARM_UP_S)?;
    Ok(Some(hear(MEASURED_S)? / f64::from(MEASURED_S)))
}

/// How many there are; `None` in builds without.
fn microphones() -> Option<usize> {
    #[cfg(feature = "microphone")]
    return crate::microphone::list().ok().map(|devices| devices.len());
    #[cfg(not(feature = "microphone"))]
    None
}

/// Time to run every head on one second of sound, in milliseconds.
fn time_one_second(setup: &Setup) -> Result<f64, Failure> {
    let mut session = setup.model.session(&setup.options).map_err(Failure::model(&setup.model_name))?;
    let mut samples = speech::like(1.0);
    samples.resize(samples.len().max(session.needed_samples()), 0.0);
    let mut run = || session.run(&samples).map_err(Failure::model(&setup.model_name));
    run()?;
    let start = Instant::now();
    run()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}

/// The CPU's name; ARM's Linux gives numbers instead, which tell as much to those who look them up.
fn cpu_name() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    parse_cpu_name(&info).unwrap_or_else(|| std::env::consts::ARCH.to_owned())
}

fn parse_cpu_name(info: &str) -> Option<String> {
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

    fn facts(worst: Option<f32>, threshold: Option<f32>) -> Facts {
        let head = HeadFacts {
            name: "words".to_owned(),
            kind: "sequence",
            labels: Vec::new(),
            threshold,
            lower_threshold: None,
        };
        Facts {
            name: "m.wlm".to_owned(),
            bytes: 1,
            parameters: 1,
            precision: "int8",
            heads: vec![head],
            licence: String::new(),
            source: String::new(),
            worst: worst.map(|cosine| Worst { tensor: "logits".to_owned(), cosine }),
        }
    }

    #[test]
    fn a_healthy_machine_gets_no_warning() {
        assert!(warnings(&["reference", "neon"], "neon", &facts(Some(0.9999), Some(0.7))).is_empty());
    }

    #[test]
    fn each_fault_gets_one() {
        assert_eq!(warnings(&["reference", "neon"], "reference", &facts(Some(1.0), Some(0.7))).len(), 1);
        assert_eq!(warnings(&["reference"], "reference", &facts(Some(1.0), Some(0.7))).len(), 1);
        assert_eq!(warnings(&["neon"], "neon", &facts(None, Some(0.7))).len(), 1);
        assert_eq!(warnings(&["neon"], "neon", &facts(Some(0.9), Some(0.7))).len(), 1);
        assert_eq!(warnings(&["neon"], "neon", &facts(Some(1.0), None)).len(), 1);
    }

    #[test]
    fn cpus_are_named() {
        let x86 = "processor\t: 0\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n";
        assert_eq!(parse_cpu_name(x86).as_deref(), Some("AMD EPYC"));
        let arm = "processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd08\n";
        assert_eq!(parse_cpu_name(arm).as_deref(), Some("Cortex-A72"));
        assert_eq!(parse_cpu_name(""), None);
    }
}
