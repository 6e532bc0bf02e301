//! The tables of tensors and outputs in `SPEC.md`, read as rules, and compared with the schema for models of every kind.

use std::collections::BTreeMap;

use wavlm_format::schema::OutputSpec;
use wavlm_format::*;

use crate::forge::{adapter, encoder, head, labels};

const SPEC: &str = include_str!("../../SPEC.md");

/// The cells of every row of the table under a heading of `SPEC.md`, without emphasis. The table begins with `columns`.
fn table(heading: &str, columns: &str) -> Vec<[String; 3]> {
    let (_, section) = SPEC.split_once(&format!("\n## {heading}\n")).expect("the section");
    let (section, _) = section.split_once("\n## ").expect("a section behind it");
    let (_, table) = section.split_once(&format!("{columns}\n|---|---|---|\n")).expect("the table");
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let cells = |line: &str| {
        let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().replace('*', ""));
        cells.collect::<Vec<_>>().try_into().unwrap_or_else(|_| panic!("three cells in {line}"))
    };
    rows.map(cells).collect()
}

/// What the words of the tables stand for in one model: sizes by name.
struct Words<'a> {
    header: &'a Header,
    conv_bias: bool,
    head: Option<&'a Head>,
    /// The layer that *i* numbers.
    i: Option<usize>,
}

impl Words<'_> {
    fn size(&self, word: &str) -> u64 {
        let encoder = &self.header.encoder;
        let last_conv = encoder.stem.last().expect("a convolution");
        let adapter_width = encoder.adapter.map(|adapter| adapter.output_hidden_size);
        let tdnn = match self.head.map(|head| &head.kind) {
            Some(HeadKind::XVector { tdnn, .. }) => tdnn.as_slice(),
            _ => &[],
        };
        let number = match word {
            "H" => encoder.hidden_size,
            "I" => self.shape().intermediate_size,
            "N" => self.shape().heads.len() as u32,
            "K" => self.shape().heads.len() as u32 * encoder.head_dim() as u32,
            "C" => last_conv.dim,
            "O" => adapter_width.unwrap_or(encoder.hidden_size),
            "num_heads" => encoder.num_heads,
            "num_layers" => encoder.num_layers,
            "num_buckets" => encoder.num_buckets,
            "positional_groups" => encoder.positional_groups,
            "positional_kernel" => encoder.positional_kernel,
            "adapter.kernel" => encoder.adapter.expect("an adapter").kernel,
            "labels" => self.head.expect("a head").kind.labels().len() as u32,
            "projection" => match self.head.map(|head| &head.kind) {
                Some(HeadKind::Sequence { projection, .. }) => *projection,
                _ => panic!("no projection"),
            },
            "embedding" => match self.head.map(|head| &head.kind) {
                Some(HeadKind::XVector { embedding, .. }) => *embedding,
                _ => panic!("no embedding"),
            },
            "tdnn[0].dim" => tdnn[0].dim,
            "tdnn[last].dim" => tdnn[tdnn.len() - 1].dim,
            "dim" | "kernel" | "in" => self.layer(word, tdnn),
            number => number.parse().unwrap_or_else(|_| panic!("{word} means nothing")),
        };
        number.into()
    }

    /// The transformer layer *i*.
    fn shape(&self) -> LayerShape {
        self.header.encoder.layer(self.i.expect("a layer")).into_owned()
    }

    /// `dim`, `kernel` and `in` of layer *i*: of the stem, or of the head's time-delay layers.
    fn layer(&self, word: &str, tdnn: &[TdnnShape]) -> u32 {
        let i = self.i.unwrap_or(0);
        let stem = &self.header.encoder.stem;
        let (layers, first_input): (Vec<[u32; 2]>, u32) = if self.head.is_some() {
            (tdnn.iter().map(|layer| [layer.dim, layer.kernel]).collect(), tdnn[0].dim)
        } else {
            (stem.iter().map(|conv| [conv.dim, conv.kernel]).collect(), 1)
        };
        match word {
            "dim" => layers[i][0],
            "kernel" => layers[i][1],
            _ if i == 0 => first_input,
            _ => layers[i - 1][0],
        }
    }

    /// Products, quotients and sums, from left to right.
    fn value(&self, expression: &str) -> u64 {
        let mut words = expression.split_whitespace();
        let mut value = self.size(words.next().expect("a size"));
        while let Some(operator) = words.next() {
            let other = self.size(words.next().expect("a size behind an operator"));
            value = match operator {
                "×" => value * other,
                "/" => value / other,
                "+" => value + other,
                _ => panic!("operator {operator}"),
            };
        }
        value
    }

    /// Whether a row with that remark applies. Only what stands before a `;` is a condition; what begins with `or` makes up for
    /// the one before.
    fn applies(&self, remark: &str) -> bool {
        let encoder = &self.header.encoder;
        let kind = self.head.map(|head| head.kind.name());
        let (condition, _) = remark.split_once(';').unwrap_or((remark, ""));
        if let Some((first, second)) = condition.split_once(", or ") {
            return self.applies(first) || self.applies(second);
        }
        condition.split(", ").all(|condition| match condition {
            "if stem_scale" => encoder.stem_scale,
            "attention" => !self.shape().heads.is_empty(),
            "own attention" => !self.shape().heads.is_empty() && self.shape().attention_of.is_none(),
            "attention_of" => self.shape().attention_of.is_some(),
            "feed-forward" => self.shape().intermediate_size > 0,
            "not stable_layer_norm" => !encoder.stable_layer_norm,
            "i > 0" => self.i > Some(0),
            "if the convolutions have biases" => self.conv_bias,
            "if stem_norm is Layer" => encoder.stem_norm == StemNorm::Layer,
            "if O ≠ H" => encoder.adapter.is_some() && self.size("O") != self.size("H"),
            "if weighted_layer_sum" => self.head.is_some_and(|head| head.weighted_layer_sum),
            "Ctc" => kind == Some("ctc"),
            "Sequence" => kind == Some("sequence"),
            "Frame" => kind == Some("frame"),
            "XVector" => kind == Some("xvector"),
            "" | "weight norm folded in" => true,
            other => panic!("condition {other}"),
        })
    }
}

/// How many layers *i* counts in a row of that name.
fn layers(name: &str, header: &Header, head: Option<&Head>) -> usize {
    let encoder = &header.encoder;
    let count = match name.split('.').next() {
        Some("stem") => encoder.stem.len() as u32,
        Some("layers" | "attentions") => encoder.num_layers,
        Some("hidden_states") => encoder.num_layers + 1,
        Some("adapter") => encoder.adapter.map_or(0, |adapter| adapter.num_layers),
        Some("heads") => match head.map(|head| &head.kind) {
            Some(HeadKind::XVector { tdnn, .. }) => tdnn.len() as u32,
            _ => 0,
        },
        _ => panic!("{name} has no layers"),
    };
    count as usize
}

/// What a row's name stands for, one `Words` each.
fn instances<'a>(name: &str, header: &'a Header, conv_bias: bool, of_heads: bool) -> Vec<Words<'a>> {
    let heads: Vec<Option<&Head>> =
        if of_heads { header.heads.iter().map(Some).collect() } else { vec![None] };
    let each = heads.into_iter().flat_map(|head| {
        let numbers: Vec<Option<usize>> = match name.contains(".i") && !name.contains(".in") {
            true => (0..layers(name, header, head)).map(Some).collect(),
            false => vec![None],
        };
        numbers.into_iter().map(move |i| Words { header, conv_bias, head, i })
    });
    each.collect()
}

/// Role and shape of every tensor that the specification lists for a model.
fn specified(header: &Header, conv_bias: bool) -> BTreeMap<String, (Role, Vec<u64>)> {
    let mut tensors = BTreeMap::new();
    for [names, storage, remark] in table("Tensors", "| name | packing and shape | |") {
        let (letter, shape) = storage.split_once(' ').expect("a letter and a shape");
        let role = match letter {
            "L" => Role::Linear,
            "P" => Role::Matrix,
            "F" => Role::ExactMatrix,
            "D" => Role::Dense,
            _ => panic!("letter {letter}"),
        };
        let (first, second) = names.split_once(", ").map_or((names.as_str(), None), |(a, b)| (a, Some(b)));
        let (stem, _) = first.rsplit_once('.').unwrap_or((first, ""));
        let names = [Some(first.to_owned()), second.map(|last| format!("{stem}{last}"))];
        for words in instances(first, header, conv_bias, first.starts_with("heads.")) {
            if !words.applies(&remark) {
                continue;
            }
            let shape: Vec<u64> =
                shape.trim_matches(['[', ']']).split(", ").map(|size| words.value(size)).collect();
            for name in names.iter().flatten() {
                let name = words.i.map_or(name.clone(), |i| name.replace(".i", &format!(".{i}")));
                let name =
                    words.head.map_or(name.clone(), |head| name.replace(".name", &format!(".{}", head.name)));
                assert_eq!(tensors.insert(name.clone(), (role, shape.clone())), None, "{name} twice");
            }
        }
    }
    tensors
}

/// Shapes of the outputs that the specification lists for a model, with *T* and *U* as words.
fn specified_outputs(header: &Header) -> BTreeMap<String, String> {
    let mut outputs = BTreeMap::new();
    for [name, shape, remark] in table("Outputs", "| name | shape | |") {
        let kinds = ["Ctc", "Sequence", "Frame", "XVector"];
        let of_heads = remark.split(", ").all(|word| kinds.contains(&word));
        for words in instances(&name, header, false, of_heads) {
            let applies = match of_heads {
                true => remark.split(", ").any(|kind| words.applies(kind)),
                false => !name.starts_with("attentions") || words.applies(&remark),
            };
            if !applies {
                continue;
            }
            let size = |word: &str| match word {
                "T" => "frames".to_owned(),
                "U" => "output frames".to_owned(),
                _ => words.value(word).to_string(),
            };
            let sizes: Vec<_> = shape.trim_matches(['[', ']']).split(", ").map(size).collect();
            let mut name = words.i.map_or(name.clone(), |i| name.replace(".i", &format!(".{i}")));
            if let (Some(head), true) = (words.head, header.heads.len() > 1) {
                name = format!("{}.{name}", head.name);
            }
            let shown = format!("{name} [{}]", sizes.join(", "));
            assert_eq!(outputs.insert(name.clone(), shown), None, "{name} twice");
        }
    }
    outputs
}

fn heads() -> Vec<Vec<Head>> {
    let layer = |dim, kernel| TdnnShape { dim, kernel, dilation: 2 };
    let tdnn = vec![layer(7, 5), layer(9, 3), layer(20, 1)];
    let ctc = head("text", HeadKind::Ctc { vocabulary: labels(6), blank: 0 });
    let sequence = head("words", HeadKind::Sequence { labels: labels(3), projection: 11 });
    let frame = head("turns", HeadKind::Frame { labels: labels(2) });
    let xvector = head("speaker", HeadKind::XVector { tdnn, embedding: 13, labels: labels(13) });
    let weighted = |head: &Head| Head { weighted_layer_sum: true, ..head.clone() };
    let mut models: Vec<Vec<Head>> = vec![vec![], vec![ctc.clone(), sequence.clone(), frame.clone()]];
    models.push(vec![weighted(&sequence), ctc.clone(), weighted(&xvector)]);
    models.extend([&sequence, &frame, &xvector].map(|head| vec![weighted(head)]));
    models.extend([ctc, sequence, frame, xvector].map(|head| vec![head]));
    models
}

/// The same encoder as pruning and sharing of attention may leave it.
fn compressed(encoder: EncoderConfig) -> EncoderConfig {
    let layer = |heads: &[u32], intermediate_size, attention_of| LayerShape {
        heads: heads.to_vec(),
        intermediate_size,
        attention_of,
    };
    let layers = vec![
        layer(&[0, 2, 3], 7, None),
        layer(&[], 5, None),
        layer(&[0, 2, 3], 0, Some(0)),
        layer(&[], 0, None),
    ];
    EncoderConfig { num_layers: 4, stem_scale: true, layers, ..encoder }
}

/// A model for every combination of what changes the tensors.
fn models() -> Vec<(Header, bool)> {
    let narrow = AdapterConfig { output_hidden_size: 12, ..adapter() };
    let mut models = Vec::new();
    for stem_norm in [StemNorm::Group, StemNorm::Layer] {
        for adapter in [None, Some(adapter()), Some(narrow), Some(AdapterConfig { num_layers: 0, ..narrow })]
        {
            for (stable_layer_norm, conv_bias) in [(false, false), (true, true)] {
                for (heads, compressed) in
                    heads().into_iter().flat_map(|heads| [(heads.clone(), false), (heads, true)])
                {
                    let plain = EncoderConfig { stem_norm, adapter, stable_layer_norm, ..encoder() };
                    let encoder = if compressed { self::compressed(plain) } else { plain };
                    let header = Header { encoder, heads, ..crate::forge::header() };
                    // Some heads cannot follow an adapter.
                    if header.validate().is_ok() {
                        models.push((header, conv_bias));
                    }
                }
            }
        }
    }
    assert!(models.len() > 60, "{} models", models.len());
    models
}

#[test]
fn the_tensors_are_those_of_the_schema() {
    for (header, conv_bias) in models() {
        let schema = Schema::new(&header.encoder, &header.heads, conv_bias).unwrap();
        let listed = schema.tensors().iter().cloned();
        let listed: BTreeMap<_, _> = listed.map(|spec| (spec.name, (spec.role, spec.shape))).collect();
        assert_eq!(listed.len(), schema.tensors().len(), "a name twice");
        assert_eq!(specified(&header, conv_bias), listed, "{header:?}, conv_bias: {conv_bias}");
    }
}

#[test]
fn the_outputs_are_those_of_the_schema() {
    for (header, _) in models() {
        let schema = header.schema().unwrap();
        let listed: BTreeMap<_, _> =
            schema.outputs().map(|output| (output.name.clone(), OutputSpec::to_string(output))).collect();
        assert_eq!(listed.len(), schema.outputs().count(), "a name twice");
        assert_eq!(specified_outputs(&header), listed, "{header:?}");
    }
}

#[test]
fn every_row_of_the_tables_belongs_to_some_model() {
    let names = |of: fn(&Schema) -> Vec<String>| -> Vec<String> {
        let schemas = models().into_iter().map(|(header, conv_bias)| {
            Schema::new(&header.encoder, &header.heads, conv_bias).expect("valid")
        });
        schemas.flat_map(|schema| of(&schema)).collect()
    };
    let tensors = names(|schema| schema.tensors().iter().map(|spec| spec.name.clone()).collect());
    let last_parts = |name: &str| name.rsplit('.').next().expect("a part").to_owned();
    for [row, _, _] in table("Tensors", "| name | packing and shape | |") {
        let (first, _) = row.split_once(", ").unwrap_or((&row, ""));
        let beginning = first.split(".i").next().expect("a part").split(".name").next().expect("a part");
        let found =
            tensors.iter().any(|name| name.starts_with(beginning) && last_parts(name) == last_parts(first));
        assert!(found, "no model has a tensor {row}");
    }
}

#[test]
fn sizes_of_outputs_follow_the_sound() {
    let mut header = crate::forge::header();
    header.encoder.adapter = Some(adapter());
    header.heads = vec![head("text", HeadKind::Ctc { vocabulary: labels(6), blank: 0 })];
    let schema = header.schema().unwrap();
    let sizes = |output: &OutputSpec| output.sizes(&header.encoder, 200);
    // 39 frames behind a kernel of 10 and a stride of 5, then 19; 10 and 5 behind the adapter.
    assert_eq!(sizes(&schema.outputs.extract_features), Some(vec![19, 12]));
    assert_eq!(sizes(&schema.outputs.hidden_states[1]), Some(vec![19, 16]));
    assert_eq!(sizes(schema.outputs.attentions[0].as_ref().unwrap()), Some(vec![4, 19, 19]));
    assert_eq!(sizes(&schema.outputs.last_hidden_state), Some(vec![5, 16]));
    assert_eq!(sizes(&schema.heads[0].outputs.logits), Some(vec![5, 6]));
    assert_eq!(schema.outputs.extract_features.sizes(&header.encoder, 9), None);
}
