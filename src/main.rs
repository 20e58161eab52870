//! The command `punctual`.

fn main() -> std::process::ExitCode {
    punctual::cli::main()
}
