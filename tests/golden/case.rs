//! `golden-case MODEL.wlm FOLDER`: runs the input of a case on a model file and says how far every output is from what
//! transformers made of it, as a JSON line each.

use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use wavlm_export::agreement::measure;
use wavlm_kernels::Kernels;
use wavlm_runtime::Model;
use wavlm_tests::Case;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, folder] = arguments.as_slice() else {
        eprintln!("golden-case: usage: golden-case MODEL.wlm FOLDER");
        return ExitCode::from(2);
    };
    match compare(Path::new(model), Path::new(folder)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("golden-case: {folder}: {error}");
            ExitCode::from(2)
        }
    }
}

fn compare(model: &Path, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let (root, name) = (folder.parent(), folder.file_name());
    let (root, name) = root.zip(name).ok_or("the folder of a case has a name")?;
    let case = Case::open(name.to_string_lossy().into_owned(), root);
    let outputs = case.run(&Model::open(model)?, Kernels::detect())?;
    for (tensor, expected) in case.compared() {
        let found = outputs.get(tensor).ok_or_else(|| format!("no output {tensor}"))?;
        let apart = measure(tensor, found, expected);
        println!("{}", json!({ "tensor": tensor, "relative": apart.max_rel, "cosine": apart.cosine }));
    }
    Ok(())
}
