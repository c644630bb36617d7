//! The commands: each in its own file, given its arguments and the [`Terminal`], giving back how the program [`Exit`]s.

mod backup;
mod check;
mod demo;
mod doctor;
mod exit;
mod hash_password;
mod init;
mod report;
mod restore;
mod serve;
mod simulate_crm;
mod terminal;

use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::store;

pub use exit::Exit;
pub use terminal::Terminal;

/// A durable gate between website forms and RetailCRM.
#[derive(Parser, Debug)]
#[command(name = "leadgate", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Run the gate
    Serve(serve::Arguments),
    /// Report every problem of the config at once, each with its key path
    Check(check::Arguments),
    /// Write everything that is stored to one file, also while serve runs
    Backup(backup::Arguments),
    /// Make an empty store from a backup
    Restore(restore::Arguments),
    /// Compare snapshot, journal and index of a store that nobody has open
    Doctor(doctor::Arguments),
    /// Show everything in one process: a simulated CRM, the gate, a page with forms, the admin
    Demo(demo::Arguments),
    /// Run the simulated RetailCRM alone
    SimulateCrm(simulate_crm::Arguments),
    /// Read a password from stdin and print its Argon2id hash for the config
    HashPassword,
    /// Write a commented config.toml with fresh secrets
    Init(init::Arguments),
}

/// The argument `--config`, the same for every command that has it.
#[derive(clap::Args, Debug)]
struct ConfigFile {
    /// The config file
    #[arg(
        long = "config",
        value_name = "FILE",
        env = "LEADGATE_CONFIG",
        default_value = "config.toml"
    )]
    file: PathBuf,
}

impl ConfigFile {
    /// Reads `[store]`, and goes on with it; a bad config is told on the error stream.
    fn with_store(
        &self,
        terminal: &mut Terminal<'_>,
        then: impl FnOnce(&store::Settings, &mut Terminal<'_>) -> io::Result<Exit>,
    ) -> io::Result<Exit> {
        match Config::load_store(&self.file) {
            Ok(settings) => then(&settings, terminal),
            Err(refused) => {
                report::problems(terminal.errors, &refused, terminal.language)?;
                Ok(Exit::BadConfig)
            }
        }
    }
}

/// Runs the command of this process's arguments.
pub fn main() -> Exit {
    Terminal::of_process(|terminal| run(std::env::args_os(), terminal))
}

/// Runs the command that the arguments name; the first of them is the program's own name.
pub fn run(arguments: impl IntoIterator<Item = OsString>, terminal: &mut Terminal<'_>) -> Exit {
    let outcome = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments.command.run(terminal),
        Err(error) => explain(&error, terminal),
    };
    outcome.unwrap_or_else(|error| {
        // A reader that has gone away (`leadgate ... | head`) needs no explanation, and may not be there to read one.
        let told = writeln!(terminal.errors, "leadgate: {error}");
        told.map_or(Exit::Io, |()| Exit::Io)
    })
}

/// Shows help and version on the output, mistakes on the error stream; clap's own exit code 2 is not ours.
fn explain(error: &clap::Error, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
    if error.use_stderr() {
        write!(terminal.errors, "{}", error.render())?;
        return Ok(Exit::Usage);
    }
    write!(terminal.output, "{}", error.render())?;
    Ok(Exit::Done)
}

impl Command {
    fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        match self {
            Self::Serve(arguments) => arguments.run(terminal),
            Self::Demo(arguments) => arguments.run(terminal),
            Self::SimulateCrm(arguments) => arguments.run(terminal),
            Self::Check(arguments) => arguments.run(terminal),
            Self::Backup(arguments) => arguments.run(terminal),
            Self::Restore(arguments) => arguments.run(terminal),
            Self::Doctor(arguments) => arguments.run(terminal),
            Self::HashPassword => hash_password::run(terminal),
            Self::Init(arguments) => arguments.run(terminal),
        }
    }
}

#[cfg(test)]
mod tests;
