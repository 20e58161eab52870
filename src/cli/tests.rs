//! What the documentation has people type and write is taken by the program.

use std::path::Path;

use clap::error::ErrorKind;

use super::*;
use crate::compat::DOOR_KEYS;
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

/// Commands in blocks of the shell, in units of systemd, and those in backticks.
fn commands(page: &str) -> Vec<Vec<String>> {
    let typed = [blocks(page, "sh"), blocks(page, "console")]
        .concat()
        .concat()
        .replace("cargo run --release -- ", "punctual ");
    // A unit of systemd has commands, too.
    let units = blocks(page, "ini").concat();
    let started =
        units.lines().filter_map(|line| line.split_once("=/usr/local/bin/")).map(|(_, command)| command);
    let spans = page.split('`').skip(1).step_by(2);
    let all =
        typed.lines().map(|line| line.trim_start().trim_start_matches("$ ")).chain(started).chain(spans);
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

/// Writes a file for each secret that a configuration names, each with another text.
fn write_secrets(configuration: &str, folder: &Path) {
    let parts: Vec<&str> = configuration.split("_file: ").collect();
    for (number, part) in parts.windows(2).enumerate() {
        let secret = folder.join(part[1].split([',', '}', '\n']).next().unwrap().trim());
        std::fs::create_dir_all(secret.parent().unwrap()).unwrap();
        let scheme = match part[0] {
            of if of.ends_with("postgres: {url") => "postgres://punctual@localhost/",
            of if of.ends_with("mysql: {url") => "mysql://punctual@localhost/",
            of if of.ends_with("url") => "https://example.org/",
            _ => "",
        };
        std::fs::write(secret, format!("{scheme}a-long-secret-{number}\n")).unwrap();
    }
}

#[test]
fn every_configuration_of_the_documentation_loads() {
    let mut count = 0;
    for (path, page) in pages() {
        // What other programs and the command line read is something else, and so is the file of --web.config.file.
        let others = [
            "scrape_configs",
            "webhook_configs",
            "groups: ",
            "tls_server_config",
            "basic_auth_users",
            "apiVersion:",
            "runs-on:",
        ];
        let is_ours =
            |block: &String| !others.iter().any(|key| block.contains(key)) && !block.starts_with("server: ");
        for block in blocks(&page, "yaml").into_iter().filter(is_ours) {
            let folder = tempfile::tempdir().unwrap();
            let block = block.replace("_file: /", "_file: ");
            write_secrets(&block, folder.path());
            let file = folder.path().join("punctual.yaml");
            std::fs::write(&file, &block).unwrap();
            if let Err(faults) = config::load(&file, &DOOR_KEYS) {
                panic!("{path}:\n{block}\n{faults}");
            }
            count += 1;
        }
    }
    assert!(count >= 5, "only {count} configurations were found");
}

/// A recipe is a configuration and the template beside it: together there is nothing to warn of.
#[test]
fn every_recipe_of_a_webhook_is_taken_with_its_template() {
    let (_, page) = pages().into_iter().find(|(path, _)| path.ends_with("docs/templates.md")).unwrap();
    let mut count = 0;
    for section in page.split("\n## ") {
        let (recipe, template) = (blocks(section, "yaml").concat(), blocks(section, "jinja").concat());
        let Some((_, named)) = recipe.split_once("template_file: ") else { continue };
        let folder = tempfile::tempdir().unwrap();
        write_secrets(&recipe, folder.path());
        let named = named.split([',', '}', '\n']).next().unwrap();
        std::fs::write(folder.path().join(named), template).unwrap();
        let file = folder.path().join("punctual.yaml");
        std::fs::write(&file, format!("{recipe}checks: [{{name: backup, every: 1d}}]\n")).unwrap();
        let typed = ["punctual", "check-config", file.to_str().unwrap()];
        let Command::CheckConfig(args) = Line::try_parse_from(typed).unwrap().command else { unreachable!() };
        let mut out = Vec::new();
        let taken = check_config::run(&args, &mut out);
        let said = String::from_utf8(out).unwrap();
        assert!(taken.is_ok() && !said.contains("warning: "), "{section}\n{said}");
        count += 1;
    }
    assert!(count >= 5, "only {count} recipes were found");
}

/// The texts of the program's source, but for its tests: what it says to people is among them.
fn said() -> Vec<(String, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut said = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend(Some(path).filter(|path| !path.ends_with("tests")));
            } else if path.extension().is_some_and(|e| e == "rs") && !path.ends_with("tests.rs") {
                let source = std::fs::read_to_string(&path).unwrap();
                let source = source.split("#[cfg(test)]").next().unwrap();
                let is_code = |line: &&str| !line.trim_start().starts_with("//!");
                let lines: Vec<&str> = source.lines().filter(is_code).collect();
                said.push((path.display().to_string(), lines.join("\n")));
            }
        }
    }
    said
}

/// What a message tells people to type is taken: commands with their flags, and flags alone.
#[test]
fn every_command_and_flag_that_a_message_proposes_is_one() {
    use clap::CommandFactory as _;
    fn flags(command: &clap::Command, all: &mut Vec<String>) {
        all.extend(command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)));
        command.get_subcommands().for_each(|command| flags(command, all));
    }
    let mut known = vec!["help".to_owned(), "version".to_owned()];
    flags(&Line::command(), &mut known);
    let is_command = |word: &str| Line::command().get_subcommands().any(|command| command.get_name() == word);
    let typed =
        regex::Regex::new(r"punctual ((?:-{0,2}[a-z][a-z.-]*)(?: (?:-{0,2}[a-z][a-z.-]*))*)").unwrap();
    let flag = regex::Regex::new(r"(?:^|[\s`(])--([a-z][a-z.-]+[a-z])").unwrap();
    let (mut commands, mut alone, mut wrong) = (0, 0, Vec::new());
    for (path, text) in said() {
        for found in
            typed.captures_iter(&text).filter(|found| is_command(found[1].split(' ').next().unwrap()))
        {
            let words: Vec<&str> = found[1].split(' ').collect();
            // Words of the sentence may follow: as many are taken as are flags, or subcommands.
            let mut command = Line::command();
            for word in words {
                let next = command.get_subcommands().find(|next| next.get_name() == word).cloned();
                match (next, word.strip_prefix("--")) {
                    (Some(next), _) => command = next,
                    (None, Some(flag)) => {
                        let mut here = Vec::new();
                        flags(&command, &mut here);
                        flags(&Line::command(), &mut here);
                        if !here.iter().any(|known| known == flag) {
                            wrong.push(format!("{path}: {}", &found[0]));
                        }
                    }
                    (None, None) => break,
                }
            }
            commands += 1;
        }
        // Those of other programs stand behind their names.
        let is_ours =
            |line: &&str| !["curl ", "cargo ", "git ", "promtool "].iter().any(|other| line.contains(other));
        for line in text.lines().filter(is_ours) {
            for found in flag.captures_iter(line) {
                if !known.iter().any(|known| *known == found[1]) {
                    wrong.push(format!("{path}: --{}", &found[1]));
                }
                alone += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(commands > 10 && alone > 5, "only {commands} commands and {alone} flags were found");
}

/// Whoever writes a script reads `--help`.
#[test]
fn commands_that_ask_a_server_say_what_their_end_means() {
    const ASK_NOBODY: [&str; 14] = [
        "run-probe",
        "serve",
        "check-config",
        "check-storage",
        "backup",
        "next",
        "probe",
        "version",
        "import",
        "test-notify",
        "completions",
        "man",
        "schema",
        "help",
    ];
    fn check(command: &mut clap::Command, said_above: bool) {
        let says = said_above || command.render_long_help().to_string().contains("Exit status: 0 it is done");
        let (name, has_more) = (command.get_name().to_owned(), command.has_subcommands());
        assert!(has_more || says || ASK_NOBODY.contains(&&*name), "{name}");
        command.get_subcommands_mut().for_each(|command| check(command, says));
    }
    check(&mut <Line as clap::CommandFactory>::command(), false);
}
