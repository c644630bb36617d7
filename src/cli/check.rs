//! `leadgate check`: every problem of the config at once.

use std::io;

use crate::cli::{ConfigFile, Exit, Terminal, report};
use crate::config::Config;

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Look at the config and its secret files only; ask no CRM
    #[arg(long, required = true)]
    offline: bool,
}

impl Arguments {
    /// Checks, and shows what is found on the output.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        let language = terminal.language;
        match Config::load(&self.config.file) {
            Ok(config) => {
                let verdict = language.pick("проблем нет", "no problems");
                writeln!(terminal.output, "{}: {verdict}", self.config.file.display())?;
                report::warnings(terminal.output, &config, language)?;
                Ok(Exit::Done)
            }
            Err(refused) => {
                report::problems(terminal.output, &refused, language)?;
                Ok(Exit::BadConfig)
            }
        }
    }
}
