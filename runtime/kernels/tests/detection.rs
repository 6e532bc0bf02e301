//! Which tables this CPU can run, asserted where the caller knows.

#![allow(missing_docs, reason = "a test")]

use wavlm_kernels::{CoreKind, KernelError, Kernels};

/// Set by the test runner under each emulated CPU, comma-separated: an instruction set that goes missing fails
/// there, instead of going untested.
const EXPECTED: &str = "WAVLM_EXPECT_KERNELS";

#[test]
fn available_tables_are_the_expected_ones() {
    let names: Vec<_> = Kernels::available().iter().map(|kernels| kernels.name()).collect();
    if let Ok(expected) = std::env::var(EXPECTED) {
        assert_eq!(names.join(","), expected);
    }
    assert_eq!(names.first(), Some(&"reference"));
    assert_eq!(names.last(), Some(&Kernels::detect().name()));
}

/// The caller tells the kind, whatever core the test itself runs on. It decides on ARM alone.
#[test]
fn each_kind_of_core_has_its_tables() {
    for (kind, other) in
        [(CoreKind::InOrder, CoreKind::OutOfOrder), (CoreKind::OutOfOrder, CoreKind::InOrder)]
    {
        let tables = Kernels::available_for(kind);
        assert_eq!(tables.first().map(|kernels| kernels.name()), Some("reference"));
        assert_eq!(tables.last(), Some(&Kernels::detect_for(kind)));
        let special = tables.iter().filter(|kernels| !Kernels::available_for(other).contains(kernels));
        let expected: &[&str] = match kind {
            CoreKind::InOrder if cfg!(target_arch = "aarch64") => &["neon-a53"],
            _ => &[],
        };
        assert_eq!(special.map(|kernels| kernels.name()).collect::<Vec<_>>(), expected, "{kind:?}");
    }
}

#[test]
fn tables_are_found_by_name() {
    for name in Kernels::names() {
        match Kernels::by_name(name) {
            Ok(kernels) => assert_eq!(kernels.name(), name),
            Err(e) => assert_eq!(e, KernelError::Unsupported { name: name.to_owned() }),
        }
    }
    let unknown = Kernels::by_name("sse9").map_err(|e| e.to_string());
    assert!(unknown.is_err_and(|e| e.starts_with("no kernels named \"sse9\"; this build has reference,")));
}
