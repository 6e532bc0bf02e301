//! Which encoders and heads exist, one test per rule.

use wavlm_format::*;

use crate::forge::{adapter, encoder, head, header, labels, sequence};

/// Why an encoder with one change cannot be built.
fn refusal(change: impl FnOnce(&mut EncoderConfig)) -> String {
    let mut config = encoder();
    change(&mut config);
    config.validate().expect_err("must be refused").to_string()
}

/// Why a file with these heads, and this adapter, cannot be built.
fn head_refusal(heads: Vec<Head>, adapter: Option<AdapterConfig>) -> String {
    let mut header = header();
    header.encoder.adapter = adapter;
    header.heads = heads;
    header.validate().expect_err("must be refused").to_string()
}

fn accept(change: impl FnOnce(&mut EncoderConfig)) {
    let mut config = encoder();
    change(&mut config);
    config.validate().expect("must be accepted");
}

fn ctc(tokens: usize, blank: u32) -> Head {
    head("text", HeadKind::Ctc { vocabulary: labels(tokens), blank })
}

fn xvector(tdnn: Vec<TdnnShape>) -> Head {
    head("speaker", HeadKind::XVector { tdnn, embedding: 8, labels: labels(2) })
}

const TDNN: TdnnShape = TdnnShape { dim: 8, kernel: 5, dilation: 1 };

#[test]
fn sizes_are_positive_and_bounded() {
    assert_eq!(refusal(|c| c.stem.clear()), "stem is 0, expected 1 to 32");
    assert_eq!(refusal(|c| c.stem[1].dim = 0), "stem[1].dim is 0, expected 1 to 65536");
    assert_eq!(refusal(|c| c.stem[0].kernel = 0), "stem[0].kernel is 0, expected 1 to 65536");
    assert_eq!(refusal(|c| c.stem[0].stride = 0), "stem[0].stride is 0, expected 1 to 65536");
    assert_eq!(refusal(|c| c.hidden_size = 0), "hidden_size is 0, expected 1 to 65536");
    assert_eq!(refusal(|c| c.hidden_size = 65537), "hidden_size is 65537, expected 1 to 65536");
    assert_eq!(refusal(|c| c.num_layers = 0), "num_layers is 0, expected 1 to 256");
    assert_eq!(refusal(|c| c.num_heads = 0), "num_heads is 0, expected 1 to 65536");
    assert_eq!(refusal(|c| c.intermediate_size = 0), "intermediate_size is 0, expected 1 to 65536");
    assert_eq!(refusal(|c| c.positional_kernel = 0), "positional_kernel is 0, expected 1 to 65536");
    assert_eq!(refusal(|c| c.positional_groups = 0), "positional_groups is 0, expected 1 to 65536");
}

#[test]
fn divisors_divide() {
    assert_eq!(refusal(|c| c.num_heads = 5), "num_heads is 5, which does not divide hidden_size = 16");
    let message = "positional_groups is 3, which does not divide hidden_size = 16";
    assert_eq!(refusal(|c| c.positional_groups = 3), message);
}

#[test]
fn epsilon_is_positive() {
    for (eps, shown) in [(0.0, "0"), (-1e-5, "-0.00001"), (f32::NAN, "NaN"), (f32::INFINITY, "inf")] {
        let message = format!("layer_norm_eps is {shown}, expected a finite number above 0");
        assert_eq!(refusal(|c| c.layer_norm_eps = eps), message);
    }
}

#[test]
fn buckets_allow_what_transformers_computes() {
    assert_eq!(refusal(|c| c.num_buckets = 3), "num_buckets is 3, expected 4 to 65536");
    let message = "max_bucket_distance is 8, expected more than 8, a quarter of num_buckets";
    assert_eq!(refusal(|c| c.max_bucket_distance = 8), message);
    accept(|c| c.max_bucket_distance = 9);
    accept(|c| (c.num_buckets, c.max_bucket_distance) = (13, 30));
    accept(|c| (c.num_buckets, c.max_bucket_distance) = (4, 2));
}

#[test]
fn matrices_and_fields_stay_addressable() {
    let message = "positional.weight has 32768 x 131072 elements, more than 1073741824";
    assert_eq!(refusal(|c| c.hidden_size = 32768), message);
    let message = "columns of stem.1.conv.weight is 131080, expected 1 to 131072";
    assert_eq!(refusal(|c| c.stem[1].kernel = 16385), message, "8 inputs times 16385 taps");
    let strides = |c: &mut EncoderConfig| c.stem = vec![ConvShape { dim: 1, kernel: 1, stride: 65536 }; 32];
    assert_eq!(refusal(strides), "the stem's receptive field exceeds 16777216 samples");
}

#[test]
fn adapters_follow_transformers() {
    let with = |change: fn(&mut AdapterConfig)| {
        let mut config = adapter();
        change(&mut config);
        move |c: &mut EncoderConfig| c.adapter = Some(config)
    };
    assert_eq!(refusal(with(|a| a.kernel = 0)), "adapter.kernel is 0, expected 1 to 65536");
    assert_eq!(refusal(with(|a| a.stride = 0)), "adapter.stride is 0, expected 1 to 65536");
    assert_eq!(refusal(with(|a| a.num_layers = 33)), "adapter.num_layers is 33, expected 0 to 32");
    let message = "adapter.output_hidden_size is 0, expected 1 to 65536";
    assert_eq!(refusal(with(|a| a.output_hidden_size = 0)), message);
    accept(with(|a| a.num_layers = 0));
    accept(with(|a| a.output_hidden_size = 7));

    let message = "head words: a sequence head cannot follow an adapter";
    assert_eq!(head_refusal(vec![sequence("words")], Some(adapter())), message);
    let frame = head("turns", HeadKind::Frame { labels: labels(2) });
    assert_eq!(
        head_refusal(vec![frame], Some(adapter())),
        "head turns: a frame head cannot follow an adapter"
    );
}

#[test]
fn an_xvector_behind_an_adapter_reads_its_own_width() {
    let narrow = AdapterConfig { output_hidden_size: 12, ..adapter() };
    assert_eq!(
        head_refusal(vec![xvector(vec![TDNN])], Some(narrow)),
        "head speaker: the adapter's output has width 12, an xvector head reads hidden_size = 16"
    );
    let mut header = header();
    header.encoder.adapter = Some(narrow);
    header.heads = vec![Head { weighted_layer_sum: true, ..xvector(vec![TDNN]) }, ctc(4, 0)];
    header.validate().unwrap();
}

#[test]
fn head_names_are_plain_and_unique() {
    let expected = "expected 1 to 64 ASCII letters, digits, '_' or '-'";
    let named = |name: &str| head_refusal(vec![sequence(name)], None);
    assert_eq!(named(""), format!(r#"head 0 is named "", {expected}"#));
    assert_eq!(named("a.b"), format!(r#"head 0 is named "a.b", {expected}"#));
    assert_eq!(named("line\nbreak"), format!(r#"head 0 is named "line\nbreak", {expected}"#));
    assert_eq!(named(&"n".repeat(65)), format!(r#"head 0 is named "{}", {expected}"#, "n".repeat(64)));
    assert_eq!(head_refusal(vec![sequence("a"), sequence("a")], None), "two heads are named a");
    let many = (0..65).map(|i| sequence(&i.to_string())).collect();
    assert_eq!(head_refusal(many, None), "heads is 65, expected 0 to 64");
}

#[test]
fn heads_have_outputs() {
    let kinds = [
        HeadKind::Sequence { labels: vec![], projection: 8 },
        HeadKind::Frame { labels: vec![] },
        HeadKind::XVector { tdnn: vec![TDNN], embedding: 8, labels: vec![] },
    ];
    for kind in kinds {
        let message = "heads.h.labels is 0, expected 1 to 65536";
        assert_eq!(head_refusal(vec![head("h", kind)], None), message);
    }
    assert_eq!(head_refusal(vec![ctc(0, 0)], None), "heads.text.vocabulary is 0, expected 1 to 65536");
    let projection = HeadKind::Sequence { labels: labels(2), projection: 0 };
    let message = "heads.h.projection is 0, expected 1 to 65536";
    assert_eq!(head_refusal(vec![head("h", projection)], None), message);
}

#[test]
fn ctc_heads_have_a_blank_and_no_weighted_sum() {
    assert_eq!(head_refusal(vec![ctc(4, 4)], None), "head text: blank is token 4, the vocabulary has 4");
    let weighted = Head { weighted_layer_sum: true, ..ctc(4, 0) };
    assert_eq!(head_refusal(vec![weighted], None), "head text: a ctc head has no weighted_layer_sum");
}

#[test]
fn tdnn_layers_exist_and_have_sizes() {
    assert_eq!(head_refusal(vec![xvector(vec![])], None), "heads.speaker.tdnn is 0, expected 1 to 32");
    let still = vec![TDNN, TdnnShape { dilation: 0, ..TDNN }];
    let message = "heads.speaker.tdnn[1].dilation is 0, expected 1 to 65536";
    assert_eq!(head_refusal(vec![xvector(still)], None), message);
}

#[test]
fn decisions_are_numbers() {
    let decision = Decision {
        threshold: 0.5,
        lower_threshold: None,
        text_dependent_threshold: None,
        window_s: 1.0,
        hop_s: 0.1,
        smoothing_windows: 3,
        refractory_s: 1.0,
        confirmation: None,
    };
    let with = |decision| Head { decision: Some(decision), ..sequence("words") };
    let refusal = |decision| head_refusal(vec![with(decision)], None);
    assert_eq!(
        refusal(Decision { threshold: f32::NAN, ..decision }),
        "heads.words.decision.threshold is NaN, expected a finite number of any size"
    );
    for lower in [0.6, f32::NAN, f32::NEG_INFINITY] {
        assert_eq!(
            refusal(Decision { lower_threshold: Some(lower), ..decision }),
            format!(
                "heads.words.decision.lower_threshold is {lower}, expected a finite number up to the threshold"
            )
        );
    }
    assert_eq!(
        refusal(Decision { text_dependent_threshold: Some(f32::INFINITY), ..decision }),
        "heads.words.decision.text_dependent_threshold is inf, expected a finite number of any size"
    );
    assert_eq!(
        refusal(Decision { window_s: -1.0, ..decision }),
        "heads.words.decision.window_s is -1, expected a finite number from 0 to 3600"
    );
    assert_eq!(
        refusal(Decision { hop_s: 0.0, ..decision }),
        "heads.words.decision.hop_s is 0, expected a finite number above 0"
    );
    assert_eq!(
        refusal(Decision { refractory_s: f32::INFINITY, ..decision }),
        "heads.words.decision.refractory_s is inf, expected a finite number from 0 to 3600"
    );
    assert_eq!(
        refusal(Decision { smoothing_windows: 4097, ..decision }),
        "heads.words.decision.smoothing_windows is 4097, expected 0 to 4096"
    );
    let confirming = |speed_change, phone_weight| Decision {
        confirmation: Some(Confirmation { speed_change, phone_weight }),
        ..decision
    };
    assert_eq!(
        refusal(confirming(0.6, 0.0)),
        "heads.words.decision.confirmation.speed_change is 0.6, expected a finite number from 0 to 0.5"
    );
    assert_eq!(
        refusal(confirming(0.1, f32::NAN)),
        "heads.words.decision.confirmation.phone_weight is NaN, expected a finite number from 0 to 100"
    );
    let mut header = header();
    header.heads = vec![
        with(confirming(0.5, 100.0)),
        with(Decision { lower_threshold: Some(0.5), window_s: 0.0, hop_s: 0.0, ..decision }),
    ];
    header.heads[1].name = "other".to_owned();
    header.validate().unwrap();
}

#[test]
fn the_sampling_rate_is_positive() {
    let mut header = header();
    header.preprocessing.sampling_rate = 0;
    let message = "preprocessing.sampling_rate is 0, expected 1 to 768000";
    assert_eq!(header.validate().unwrap_err().to_string(), message);
}

#[test]
fn layers_have_heads_that_there_are_and_borrow_attention_that_there_is() {
    let layer = |heads: &[u32], attention_of| LayerShape {
        heads: heads.to_vec(),
        intermediate_size: 8,
        attention_of,
    };
    let refused = |layers: Vec<LayerShape>| {
        refusal(|c| {
            c.num_layers = 2;
            c.layers = layers;
        })
    };
    let own = layer(&[0, 2], None);
    let fine =
        EncoderConfig { num_layers: 2, layers: vec![own.clone(), layer(&[0, 2], Some(0))], ..encoder() };
    fine.validate().expect("a layer may use the attention of the first");
    assert_eq!(refused(vec![own.clone()]), "layers has 1 entries, expected none or one for each of the 2");
    for heads in [[2, 0], [0, 0], [0, 4]] {
        let message = "layers[1].heads are not ascending numbers below num_heads = 4";
        assert_eq!(refused(vec![own.clone(), layer(&heads, None)]), message);
    }
    let wide = LayerShape { intermediate_size: 65537, ..own.clone() };
    assert_eq!(refused(vec![own.clone(), wide]), "layers[1].intermediate_size is 65537, expected 0 to 65536");
    // Its own, a later one's, another number of heads, none.
    for (heads, of) in [(vec![0, 2], 1), (vec![0, 2], 2), (vec![0], 0), (vec![], 0)] {
        let message = format!(
            "layers[1].attention_of is {of}, expected an earlier layer with attention of its own and the same heads"
        );
        assert_eq!(refused(vec![own.clone(), layer(&heads, Some(of))]), message);
    }
}
