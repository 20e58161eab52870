//! What the documentation has people type and write is taken by the program.

use std::path::Path;

use clap::error::ErrorKind;

use super::*;
use crate::config;

/// README and manuals, by path.
fn pages() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manuals = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages =
        manuals.chain([root.join("README.md")]).filter(|path| path.extension().is_some_and(|e| e == "md"));
    pages.map(|path| (path.display().to_string(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The blocks of one language, each without its indentation.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}");
    let mut blocks = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.by_ref().find(|line| line.trim() == begin) {
        let indent = line.len() - line.trim_start().len();
        let body = lines.by_ref().take_while(|line| line.trim() != "```");
        blocks.push(body.map(|line| line.get(indent..).unwrap_or("").to_owned() + "\n").collect());
    }
    blocks
}

/// The words of a command as a shell takes them, up to a redirection, a pipe or a comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => word.get_or_insert_default().push(c),
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            None if word.is_none() && matches!(c, '>' | '|' | '#') => break,
            None => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Commands in blocks of the shell, and those in backticks.
fn commands(page: &str) -> Vec<Vec<String>> {
    let typed = [blocks(page, "sh"), blocks(page, "console")]
        .concat()
        .concat()
        .replace("cargo run --release -- ", "punctual ");
    let spans = page.split('`').skip(1).step_by(2);
    let all = typed.lines().map(|line| line.trim_start().trim_start_matches("$ ")).chain(spans);
    all.filter(|text| text.starts_with("punctual ") && !text.contains('\n')).map(words).collect()
}

#[test]
fn every_command_of_the_documentation_is_one() {
    let mut count = 0;
    for (path, page) in pages() {
        for command in commands(&page) {
            let parsed = Line::try_parse_from(&command);
            // `punctual checks` alone names a group of commands.
            let group = ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand;
            let fault = parsed.err().filter(|error| error.exit_code() != 0 && error.kind() != group);
            assert!(fault.is_none(), "{path}: {}\n{}", command.join(" "), fault.unwrap());
            count += 1;
        }
    }
    assert!(count >= 30, "only {count} commands were found");
}

#[test]
fn every_configuration_of_the_documentation_loads() {
    let mut count = 0;
    for (path, page) in pages() {
        // What Prometheus and the command line read is something else.
        let is_ours = |block: &String| !block.contains("scrape_configs") && !block.starts_with("server: ");
        for block in blocks(&page, "yaml").into_iter().filter(is_ours) {
            let folder = tempfile::tempdir().unwrap();
            let block = block.replace("_file: /", "_file: ");
            let parts: Vec<&str> = block.split("_file: ").collect();
            for (number, part) in parts.windows(2).enumerate() {
                let secret = folder.path().join(part[1].split([',', '}', '\n']).next().unwrap().trim());
                std::fs::create_dir_all(secret.parent().unwrap()).unwrap();
                let scheme = if part[0].ends_with("url") { "https://example.org/" } else { "" };
                std::fs::write(secret, format!("{scheme}a-long-secret-{number}\n")).unwrap();
            }
            let file = folder.path().join("punctual.yaml");
            std::fs::write(&file, &block).unwrap();
            if let Err(faults) = config::load(&file) {
                panic!("{path}:\n{block}\n{faults}");
            }
            count += 1;
        }
    }
    assert!(count >= 5, "only {count} configurations were found");
}
