//! Turns `i18n/*.json` into functions, one for each word, and refuses words that one of the languages lacks
//! or whose placeholders differ.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

/// The first is what is shown where a person reads none of them. The order is that of `Language`.
const LANGUAGES: [&str; 2] = ["en", "de"];
/// What only the browser reads, through the manifest, and the extension's scripts.
const NOT_OURS: [&str; 2] = ["manifest_", "browser_"];
/// Translations of what the engine says, by its code; English is the engine's own.
const ENGINE: &str = "engine_";

type Words = BTreeMap<String, Word>;

struct Word {
    /// With `$1` for the first value.
    text: String,
    /// The names of the values, in their order.
    values: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../i18n");
    println!("cargo::rerun-if-changed=build.rs");
    let mut all = Vec::new();
    for language in LANGUAGES {
        let file = folder.join(language).with_extension("json");
        println!("cargo::rerun-if-changed={}", file.display());
        let text = fs::read_to_string(&file)?;
        let words = read(&text).map_err(|error| format!("i18n/{language}.json: {error}"))?;
        all.push(words);
    }
    let wrong = differences(&all);
    if !wrong.is_empty() {
        return Err(wrong.join("\n").into());
    }
    let out = PathBuf::from(env::var("OUT_DIR")?).join("words.rs");
    fs::write(out, functions(&all)?)?;
    Ok(())
}

fn read(text: &str) -> Result<Words, Box<dyn Error>> {
    let Value::Object(entries) = serde_json::from_str(text)? else {
        return Err("is no object".into());
    };
    let words = entries.into_iter().map(|(key, entry)| {
        let word = word(&entry).map_err(|error| format!("{key}: {error}"))?;
        Ok((key, word))
    });
    words.collect()
}

/// Chrome's form: `$NAME$` in the message stands for `placeholders.name.content`, which is `$1` and so on.
fn word(entry: &Value) -> Result<Word, String> {
    let message = entry["message"].as_str().ok_or("has no message")?;
    let mut values = BTreeMap::new();
    let mut text = message.to_owned();
    for (name, placeholder) in entry["placeholders"].as_object().into_iter().flatten() {
        let content = placeholder["content"].as_str().unwrap_or_default();
        let written = format!("${}$", name.to_uppercase());
        if !message.contains(&written) {
            return Err(format!("{written} is not in the message"));
        }
        text = text.replace(&written, content);
        values.insert(content.to_owned(), name.clone());
    }
    let in_order = values.keys().enumerate().all(|(n, content)| *content == format!("${}", n + 1));
    let used: usize = values.keys().map(|content| text.matches(content.as_str()).count()).sum();
    if !in_order || used != text.matches('$').count() {
        return Err("placeholders must be $1, $2 and so on, and each $NAME$ needs one".into());
    }
    Ok(Word { text, values: values.into_values().collect() })
}

fn differences(all: &[Words]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (language, words) in LANGUAGES.iter().zip(all) {
        for (other, others) in LANGUAGES.iter().zip(all) {
            for (key, word) in others {
                if key.starts_with(ENGINE) && *language == LANGUAGES[0] {
                    continue;
                }
                match words.get(key) {
                    None => wrong.push(format!("{key}: is in i18n/{other}.json, and missing in i18n/{language}.json")),
                    Some(same) if same.values != word.values => {
                        wrong.push(format!("{key}: its placeholders differ between {other} and {language}"));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    wrong
}

fn functions(all: &[Words]) -> Result<String, Box<dyn Error>> {
    let mut code = String::new();
    let Some(first) = all.first() else { return Ok(code) };
    code.push_str(&engine(all)?);
    for (key, word) in first.iter().filter(|(key, _)| !NOT_OURS.iter().any(|other| key.starts_with(other))) {
        let texts: Vec<&str> = all.iter().filter_map(|words| words.get(key)).map(|word| word.text.as_str()).collect();
        if word.values.is_empty() {
            writeln!(code, "pub(crate) fn {key}() -> &'static str {{\n    pick({texts:?})\n}}\n")?;
            continue;
        }
        let takes: Vec<String> = word.values.iter().map(|name| format!("{name}: impl std::fmt::Display")).collect();
        let gives: Vec<String> = word.values.iter().map(|name| format!("{name}.to_string()")).collect();
        let (takes, gives) = (takes.join(", "), gives.join(", "));
        writeln!(code, "pub(crate) fn {key}({takes}) -> String {{\n    fill(pick({texts:?}), &[{gives}])\n}}\n")?;
    }
    Ok(code)
}

/// One function for all that the engine says: its texts, by code, where there is a translation.
fn engine(all: &[Words]) -> Result<String, Box<dyn Error>> {
    let mut code = String::from(
        "#[allow(clippy::too_many_lines)]\nfn translated(code: &str) -> Option<&'static str> {\n    Some(match (Language::current() as usize, code) {\n",
    );
    for (language, words) in all.iter().enumerate() {
        for (key, word) in words {
            if let Some(key) = key.strip_prefix(ENGINE) {
                writeln!(code, "        ({language}, {key:?}) => {:?},", word.text)?;
            }
        }
    }
    code.push_str("        _ => return None,\n    })\n}\n\n");
    Ok(code)
}
