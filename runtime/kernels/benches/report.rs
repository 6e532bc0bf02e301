//! What is printed: for people a column per table, or JSON lines.

use crate::timing::{Group, Measured, Precision};
use wavlm_kernels::Kernels;

pub fn text(tables: &[&Kernels], measured: &[Measured]) {
    section("peak: GMAC/s on registers alone", tables, measured, |group| matches!(group, Group::Peak(_)));
    let title = "products: GMAC/s, share of peak; cold: weights in memory";
    section(title, tables, measured, |group| matches!(group, Group::Product(_)));
    section("functions: elements per nanosecond", tables, measured, |group| group == Group::Function);
}

/// A line per name of the groups in question.
fn section(title: &str, tables: &[&Kernels], measured: &[Measured], includes: fn(Group) -> bool) {
    let mut names: Vec<&str> = Vec::new();
    for m in measured.iter().filter(|m| includes(m.group)) {
        if !names.contains(&&*m.name) {
            names.push(&m.name);
        }
    }
    if names.is_empty() {
        return;
    }
    print!("{title:<58}");
    tables.iter().for_each(|kernels| print!("{:>16}", kernels.name()));
    println!();
    for name in names {
        print!("  {name:<56}");
        for kernels in tables {
            let cell = measured.iter().find(|m| m.name == name && m.kernel == kernels.name());
            print!("{:>16}", cell.map_or("-".to_owned(), |m| figures(m, measured)));
        }
        println!();
    }
    println!();
}

/// Rate, and share of peak where there is one.
fn figures(m: &Measured, measured: &[Measured]) -> String {
    match share_of_peak(m, measured) {
        Some(share) => format!("{:.1} {:4.0} %", m.rate, 100.0 * share),
        None => format!("{:.1}", m.rate),
    }
}

/// One line per table for its peaks, then one for everything else.
pub fn json(tables: &[&Kernels], measured: &[Measured]) {
    for kernel in tables.iter().map(|kernels| kernels.name()) {
        if let Some((int8, float)) =
            peak(measured, kernel, Precision::Int8).zip(peak(measured, kernel, Precision::Float))
        {
            println!(r#"{{"kernel":"{kernel}","i8_gmacs":{int8:.1},"f32_gmacs":{float:.1}}}"#);
        }
    }
    for m in measured {
        let Measured { kernel, group, name, rate } = m;
        match group {
            Group::Peak(_) => {}
            Group::Product(_) => {
                let share =
                    share_of_peak(m, measured).map_or("null".to_owned(), |share| format!("{share:.3}"));
                println!(
                    r#"{{"kernel":"{kernel}","product":"{name}","gmacs":{rate:.1},"share_of_peak":{share}}}"#
                );
            }
            Group::Function => {
                println!(r#"{{"kernel":"{kernel}","function":"{name}","elements_per_ns":{rate:.2}}}"#);
            }
        }
    }
}

fn share_of_peak(m: &Measured, measured: &[Measured]) -> Option<f64> {
    let Group::Product(precision) = m.group else { return None };
    peak(measured, m.kernel, precision).map(|peak| m.rate / peak)
}

fn peak(measured: &[Measured], kernel: &str, precision: Precision) -> Option<f64> {
    measured.iter().find(|m| m.kernel == kernel && m.group == Group::Peak(precision)).map(|m| m.rate)
}
