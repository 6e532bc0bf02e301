//! One module per subcommand: its arguments, and how they become calls of the library.

pub mod background;
pub mod compare;
pub mod convert;
pub mod eval;
pub mod inspect;
pub mod report;
pub mod synth;

use std::io::Write;

use wavlm_format::Agreement;

/// A table of agreements for people.
fn write_agreements(out: &mut impl Write, lines: &[Agreement]) -> std::io::Result<()> {
    let width = lines.iter().map(|line| line.tensor.len()).max().unwrap_or(0).max(6);
    writeln!(out, "{:width$}  {:>9}  {:>9}  {:>9}", "tensor", "cosine", "max_abs", "max_rel")?;
    for Agreement { tensor, cosine, max_abs, max_rel } in lines {
        writeln!(out, "{tensor:width$}  {cosine:>9.6}  {max_abs:>9.2e}  {max_rel:>9.2e}")?;
    }
    Ok(())
}
