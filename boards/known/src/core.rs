//! What cores do in a cycle.

/// What there is to compute.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Work {
    /// Products of 8-bit weights; of 4-bit ones, too, which are unpacked first.
    pub products_i8: f64,
    /// Products of f32 weights.
    pub products_f32: f64,
    /// Numbers that layers give, each of which is read, normed, activated or quantised by something outside of the products.
    pub activations: f64,
}

/// A core, as `just bench-arm` models it: its matrix tiles by the compiler's own model of the core, with all data in the
/// first-level cache; everything else by counted instructions and an assumed number of them in a cycle.
///
/// `tests/bench/ARM-RESULTS.md` holds the tables that these numbers come from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Core {
    /// As compilers call it.
    pub name: &'static str,
    /// Products of the int8 tile in a cycle.
    pub products_i8: f64,
    /// Products of the f32 tile in a cycle.
    pub products_f32: f64,
    /// Instructions outside of the tiles in a cycle. Assumed.
    pub others: f64,
}

/// Instructions outside of the tiles for each activation: wavlm-base with an x-vector head executes 0.18 to 0.22 thousand
/// million of them for one second of sound, and has 8.0 million activations.
const INSTRUCTIONS_PER_ACTIVATION: f64 = 25.0;

const CORES: [Core; 5] = [
    Core { name: "cortex-a53", products_i8: 3.56, products_f32: 2.72, others: 0.7 },
    Core { name: "cortex-a57", products_i8: 8.0, products_f32: 4.0, others: 1.2 },
    Core { name: "cortex-a72", products_i8: 8.0, products_f32: 4.0, others: 1.2 },
    Core { name: "cortex-a76", products_i8: 32.0, products_f32: 8.0, others: 2.0 },
    Core { name: "cortex-a78ae", products_i8: 32.0, products_f32: 8.0, others: 2.0 },
];

impl Core {
    /// The core of that name, if it is modelled.
    pub fn named(name: &str) -> Option<Self> {
        CORES.into_iter().find(|core| core.name == name)
    }

    /// Cycles that one core takes.
    pub fn cycles(&self, work: Work) -> f64 {
        work.products_i8 / self.products_i8
            + work.products_f32 / self.products_f32
            + INSTRUCTIONS_PER_ACTIVATION * work.activations / self.others
    }
}
