//! Moving scales from channel to channel changes no output of the f32 model by a single bit, and rescues int8 files from
//! channels that stand out; and a file of a given length has 8 bits where they matter most.

#![allow(clippy::unwrap_used, reason = "in a test, a panic is the report")]

use std::path::{Path, PathBuf};

use wavlm_export::audio::{self, Recording};
use wavlm_export::canonical::CanonicalModel;
use wavlm_export::checkpoint::Wanted;
use wavlm_export::convert::{self, Options, Source, Target};
use wavlm_export::file::{self, Provenance};
use wavlm_export::oracle::Oracle;
use wavlm_export::progress::Silent;
use wavlm_export::quantise::equalise::equalise;
use wavlm_export::quantise::smooth::smooth;
use wavlm_export::quantise::{Prepared, Replacements, calibration, mixture};
use wavlm_export::reference::Reference;
use wavlm_export::verify;
use wavlm_format::{ModelFile, Packing, Precision};
use wavlm_runtime::Model;

fn golden(case: &str) -> CanonicalModel {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/cases").join(case);
    convert::read(&[Source { name: None, folder }], &Wanted::default(), &Silent).unwrap()
}

fn recordings() -> Vec<Recording> {
    let mut recordings = audio::bundled();
    recordings.truncate(1);
    recordings[0].samples.truncate(16_000);
    recordings
}

/// Makes a few channels of an x-vector head loud in the columns that read them, and quiet in the rows that make them.
fn spoil(model: &mut CanonicalModel, producer: &str, consumer: &str, copies: usize) {
    let name = |layer: &str, part: &str| format!("heads.xvector.{layer}.{part}");
    let take = |name: &str| model.tensors.get(name).unwrap().clone();
    let mut weight = take(&name(producer, "weight"));
    let mut bias = take(&name(producer, "bias"));
    let mut columns = take(&name(consumer, "weight"));
    let channels = columns.shape()[2] / copies;
    for (channel, scale) in [(1, 1024.0), (4, 64.0), (7, 1.0 / 256.0)] {
        for copy in 0..copies {
            columns.slice_mut(ndarray::s![.., .., copy * channels + channel]).mapv_inplace(|w| w * scale);
        }
        weight.slice_mut(ndarray::s![.., channel, ..]).mapv_inplace(|w| w / scale);
        bias[channel] /= scale;
    }
    model.tensors.replace(&name(producer, "weight"), weight);
    model.tensors.replace(&name(producer, "bias"), bias);
    model.tensors.replace(&name(consumer, "weight"), columns);
}

fn spoilt() -> CanonicalModel {
    let mut model = golden("xvector-group");
    spoil(&mut model, "projector", "tdnn.0", 5);
    spoil(&mut model, "tdnn.1", "tdnn.2", 3);
    spoil(&mut model, "tdnn.4", "embedding", 2);
    model
}

/// Makes two channels loud behind the norm in front of the feed-forward blocks, and as quiet in the weights that read them.
fn spoil_norms(model: &mut CanonicalModel) {
    for layer in 0..model.encoder.num_layers {
        let name = |part: &str| format!("layers.{layer}.{part}");
        let take = |name: &str| model.tensors.get(name).unwrap().clone();
        let names = [name("final_norm.weight"), name("final_norm.bias"), name("feed_forward.up.weight")];
        let [mut weight, mut bias, mut reader] = names.each_ref().map(|name| take(name));
        for (channel, scale) in [(2, 512.0), (5, 128.0)] {
            weight[channel] *= scale;
            bias[channel] *= scale;
            reader.slice_mut(ndarray::s![.., .., channel]).mapv_inplace(|w| w / scale);
        }
        names
            .into_iter()
            .zip([weight, bias, reader])
            .for_each(|(name, values)| model.tensors.replace(&name, values));
    }
}

fn smoothed(model: &CanonicalModel) -> Replacements {
    let mut replacements = equalise(model);
    smooth(model, &mut replacements, &calibration::inputs(model, &recordings()));
    replacements
}

#[test]
fn the_f32_model_stays_the_same_bit_for_bit() {
    for model in [spoilt(), golden("sequence-group"), golden("xvector-stable"), golden("ctc-group")] {
        for replacements in [equalise(&model), smoothed(&model)] {
            let mut changed = model.clone();
            replacements.into_iter().for_each(|(name, values)| changed.tensors.replace(&name, values));
            for recording in recordings() {
                let [before, after] =
                    [&model, &changed].map(|model| Oracle::new(model).outputs(&recording.samples).unwrap());
                for (before, after) in before.iter().zip(&after) {
                    let same =
                        before.values.iter().zip(&after.values).all(|(a, b)| a.to_bits() == b.to_bits());
                    assert!(same, "{}", before.name);
                }
            }
        }
    }
}

#[test]
fn int8_files_survive_loud_channels() {
    let mut model = golden("xvector-stable");
    spoil_norms(&mut model);
    let equalised = cosine_of_embedding(&model, &equalise(&model));
    let smoothed = cosine_of_embedding(&model, &smoothed(&model));
    assert!(1.0 - smoothed < 0.25 * (1.0 - equalised), "{smoothed}, {equalised} without smoothing");
}

/// The files that a budget gives, with the names of the tensors that have 8 bits.
fn within(model: &CanonicalModel, bytes: u64) -> Result<(u64, Vec<String>), String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.wlm");
    let options = Options {
        target: Target::Length(bytes),
        calibrated: false,
        provenance: Provenance::default(),
        force: true,
    };
    let written = convert::write(model, &Oracle::new(model), &options, &recordings(), &path, &Silent);
    if let Err(error) = written {
        assert!(!path.exists());
        return Err(error.to_string());
    }
    let file = ModelFile::open(&path).unwrap();
    file.verify().unwrap();
    let wide = file.header().tensors.iter().filter(|tensor| tensor.packing == Packing::PanelsI8);
    Ok((std::fs::metadata(&path).unwrap().len(), wide.map(|tensor| tensor.name.clone()).collect()))
}

#[test]
fn a_budget_is_kept_and_used_where_it_matters() {
    let model = golden("xvector-group");
    let length =
        |precision| file::length(&model, &Prepared::default(), precision, &Provenance::default()).unwrap();
    let [least, most] = [Precision::Int4, Precision::Int8].map(length);
    let (found, narrow) = within(&model, least).unwrap();
    assert_eq!(found, least);
    let (found, all) = within(&model, most).unwrap();
    assert_eq!(found, most);
    let budget = least + (most - least) / 2;
    let (found, some) = within(&model, budget).unwrap();
    assert!(found <= budget && found > least + (most - least) / 4, "{found} of {budget}");
    assert!(narrow.len() < some.len() && some.len() < all.len());
    let refused = within(&model, least - 1).unwrap_err();
    assert!(refused.contains("m.wlm: not written") && refused.contains(&least.to_string()), "{refused}");

    let sensitivities = mixture::sensitivities(&model, &recordings(), &Silent);
    let (worst, _) = sensitivities.iter().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
    assert!(sensitivities.values().all(|moved| moved.is_finite()) && sensitivities[worst] > 0.0);
    assert!(mixture::wide(&model, &sensitivities, u64::MAX).len() == sensitivities.len());
    assert!(mixture::wide(&model, &sensitivities, 0).is_empty());
}

/// Cosine of an int8 file's embedding to the checkpoint's.
fn cosine_of_embedding(model: &CanonicalModel, replacements: &Replacements) -> f32 {
    let prepared = Prepared { replacements: replacements.clone(), ..Prepared::default() };
    let writer = file::build(model, &prepared, Precision::Int8, &Provenance::default(), || ()).unwrap();
    let file = Model::from_file(ModelFile::from_bytes(writer.to_bytes().unwrap()).unwrap().into());
    let report = verify::compare(model, &Oracle::new(model), &file, &recordings(), &Silent).unwrap();
    report.tensors.iter().find(|line| line.tensor == "embeddings").unwrap().cosine
}

#[test]
fn int8_files_survive_outlying_columns() {
    let model = spoilt();
    let as_it_is = cosine_of_embedding(&model, &Replacements::new());
    let equalised = cosine_of_embedding(&model, &equalise(&model));
    assert!(as_it_is < 0.99, "{as_it_is}: the columns do not matter enough to prove anything");
    assert!(equalised > 0.999, "{equalised}, {as_it_is} without equalising");
}

#[test]
fn dead_channels_are_not_read() {
    let mut model = golden("xvector-group");
    let mut weight = model.tensors.get("heads.xvector.tdnn.3.weight").unwrap().clone();
    let mut bias = model.tensors.get("heads.xvector.tdnn.3.bias").unwrap().clone();
    // Its inputs are rectified, so it can never fire.
    weight.slice_mut(ndarray::s![.., 2, ..]).mapv_inplace(|w| -w.abs());
    bias[2] = -0.1;
    model.tensors.replace("heads.xvector.tdnn.3.weight", weight);
    model.tensors.replace("heads.xvector.tdnn.3.bias", bias);
    let changed = equalise(&model);
    let reader = &changed["heads.xvector.tdnn.4.weight"];
    assert!(reader.slice(ndarray::s![.., .., 2]).iter().all(|&w| w == 0.0));
    assert!(reader.slice(ndarray::s![.., .., 1]).iter().any(|&w| w != 0.0));
}
