//! `leadgate check`: every problem of the config at once; without `--offline` also what each destination's account says to it.

use std::io;

use crate::cli::{ConfigFile, Exit, Terminal, report, serve};
use crate::clock::Clock;
use crate::config::Config;
use crate::delivery::Failure;
use crate::destination::paces::Paces;
use crate::destination::{Finding, Severity, registry};
use crate::lead::DestinationId;

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// Look at the config and its secret files only; ask no CRM
    #[arg(long)]
    offline: bool,
}

/// What the accounts said.
#[derive(Default)]
struct Asked {
    problems: Vec<Finding>,
    warnings: Vec<Finding>,
    silent: Vec<(DestinationId, Failure)>,
}

impl Arguments {
    /// Checks, and shows what is found on the output.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        let language = terminal.language;
        let config = match Config::load(&self.config.file) {
            Ok(config) => config,
            Err(refused) => {
                report::problems(terminal.output, &refused, language)?;
                return Ok(Exit::BadConfig);
            }
        };
        let asked = if self.offline {
            Asked::default()
        } else {
            ask(&config)?
        };
        let file = self.config.file.display();
        if asked.problems.is_empty() {
            let verdict = language.pick("проблем нет", "no problems");
            writeln!(terminal.output, "{file}: {verdict}")?;
        } else {
            let head = language.pick("проблем", "problems");
            writeln!(terminal.output, "{file}: {head}: {}", asked.problems.len())?;
            report::findings(terminal.output, &asked.problems, language)?;
        }
        let warnings = (config.warnings.as_slice(), asked.warnings.as_slice());
        report::warnings(terminal.output, warnings, language)?;
        for (id, failure) in &asked.silent {
            let silent = language.pick("не удалось спросить", "could not be asked");
            writeln!(
                terminal.output,
                "{id}: {silent}: {}",
                failure.cause.text(language)
            )?;
        }
        Ok(match (asked.problems.is_empty(), asked.silent.is_empty()) {
            (false, _) => Exit::BadConfig,
            (true, false) => Exit::Unavailable,
            (true, true) => Exit::Done,
        })
    }
}

/// Asks every destination, one after another.
fn ask(config: &Config) -> io::Result<Asked> {
    let (clock, paces) = (Clock::system(), Paces::default());
    serve::runtime()?.block_on(async {
        let mut asked = Asked::default();
        for (index, settings) in config.destinations.iter().enumerate() {
            let destination = registry::build(settings, index, &config.forms, (&clock, &paces));
            match destination.check().await {
                Ok(findings) => findings
                    .into_iter()
                    .for_each(|finding| asked.sort_in(finding)),
                Err(failure) => asked.silent.push((settings.id.clone(), failure)),
            }
        }
        Ok(asked)
    })
}

impl Asked {
    fn sort_in(&mut self, finding: Finding) {
        match finding.severity {
            Severity::Problem => self.problems.push(finding),
            Severity::Warning => self.warnings.push(finding),
        }
    }
}
