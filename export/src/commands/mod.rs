//! One module per subcommand: its arguments, and how they become calls of the library.

pub mod background;
pub mod compare;
pub mod convert;
pub mod eval;
pub mod inspect;
pub mod report;
pub mod synth;

use std::io::{self, Write};

use wavlm_export::work;
use wavlm_format::{Agreement, Header};
use wavlm_known_boards::Board;
use wavlm_runtime::frontend::SAMPLE_RATE;

/// A table of agreements for people.
fn write_agreements(out: &mut impl Write, lines: &[Agreement]) -> io::Result<()> {
    let width = lines.iter().map(|line| line.tensor.len()).max().unwrap_or(0).max(6);
    writeln!(out, "{:width$}  {:>9}  {:>9}  {:>9}", "tensor", "cosine", "max_abs", "max_rel")?;
    for Agreement { tensor, cosine, max_abs, max_rel } in lines {
        writeln!(out, "{tensor:width$}  {cosine:>9.6}  {max_abs:>9.2e}  {max_rel:>9.2e}")?;
    }
    Ok(())
}

/// What the file is expected to take, for people: memory, and time on the boards that are modelled.
fn write_estimates(out: &mut impl Write, header: &Header, bytes: usize) -> io::Result<()> {
    const SECONDS: usize = 3;
    let memory = work::peak_memory(header, bytes, SECONDS * SAMPLE_RATE as usize);
    writeln!(out, "memory      {:.0} MB for {SECONDS} s of sound, estimated", memory / 1e6)?;
    let one_second = work::of_one_second(header);
    for board in Board::all() {
        if let Some(seconds) = board.seconds(one_second) {
            let (name, core) = (&board.name, &board.core);
            writeln!(
                out,
                "time        {:.0} ms for 1 s of sound on one core of {name} ({core}), modelled",
                1e3 * seconds
            )?;
        }
    }
    Ok(())
}
