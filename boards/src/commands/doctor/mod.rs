//! `wavlm doctor`: what this machine and this model are, and what is wrong with either.

mod facts;
mod speed;

use std::time::SystemTime;

use serde::Serialize;
use wavlm_known_boards::Board;

use super::{Printer, Verdict};
use crate::cli::Doctor;
use crate::cores;
use crate::failure::Failure;
use crate::machine::{Condition, Machine};
use crate::setup::{KERNEL_VARIABLE, Setup, available_kernels};
use crate::store::Store;
use facts::Facts;

/// Cosine to the checkpoint below which an export deserves a look; what is reached is above 0.999.
const GOOD_COSINE: f32 = 0.999;
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
        cpu: machine.cpu_name(),
        cores: setup.cores.allowed.len(),
        cores_allowed: cores::list(&setup.cores.allowed),
        cores_used: cores::list(&setup.cores.used),
        warnings,
        kernels,
        kernel,
        model,
        voices: store.ok().map(|names| names.len()),
        second_ms: speed::of_one_second(setup)?,
        load: speed::of_listening(setup, board.as_ref())?,
        microphones: microphones(),
        board: board.map(|board| board.name),
        condition,
    };
    printer.print(&record, || record.text())?;
    Ok(Verdict::Yes)
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
            let thresholds = [
                (head.threshold, "threshold"),
                (head.lower_threshold, "lower"),
                (head.text_dependent_threshold, "text-dependent"),
            ];
            let thresholds: String = thresholds
                .into_iter()
                .filter_map(|(value, name)| value.map(|value| format!(", {name} {value:.3}")))
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

/// How many there are; `None` in builds without.
fn microphones() -> Option<usize> {
    #[cfg(feature = "microphone")]
    return crate::microphone::list().ok().map(|devices| devices.len());
    #[cfg(not(feature = "microphone"))]
    None
}

#[cfg(test)]
mod tests {
    use super::facts::{HeadFacts, Worst};
    use super::*;

    fn facts(worst: Option<f32>, threshold: Option<f32>) -> Facts {
        let head = HeadFacts {
            name: "words".to_owned(),
            kind: "sequence",
            labels: Vec::new(),
            threshold,
            lower_threshold: None,
            text_dependent_threshold: None,
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
}
