//! `leadgate backup`: everything that is stored in one file, whether the gate runs or not.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::{ConfigFile, Exit, Terminal};
use crate::clock::Clock;
use crate::lead::Language;
use crate::store::{self, BackedUp, Backup, BackupError, Backups, Existing, OpenError};

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The file to write; only its owner may read it
    #[arg(value_name = "OUT")]
    to: PathBuf,
    /// Replace the file if it is there already
    #[arg(long)]
    overwrite: bool,
}

impl Arguments {
    /// Writes the backup, and tells what is in it.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        let existing = if self.overwrite {
            Existing::Replace
        } else {
            Existing::Keep
        };
        self.config.with_store(terminal, |settings, terminal| {
            let language = terminal.language;
            match store::backup(settings, &self.to, existing) {
                Ok(made) => {
                    let file = self.to.display();
                    writeln!(terminal.output, "{file}: {}", summary(made, language))?;
                    self.note(&settings.path)?;
                    if made.missing_groups == 0 {
                        return Ok(Exit::Done);
                    }
                    writeln!(terminal.errors, "leadgate: {}", damage(made, language))?;
                    Ok(Exit::Io)
                }
                Err(error) => {
                    writeln!(terminal.errors, "leadgate: {}", refusal(&error, language))?;
                    Ok(Exit::Io)
                }
            }
        })
    }
}

impl Arguments {
    /// Remembers where the backup is: an erasure has to name those that still hold the person.
    fn note(&self, data: &Path) -> io::Result<()> {
        Backups::of(data).add(Backup {
            path: std::path::absolute(&self.to)?,
            made_at: Clock::system().now(),
        })
    }
}

fn summary(made: BackedUp, language: Language) -> String {
    let BackedUp {
        leads,
        records,
        bytes,
        ..
    } = made;
    match language {
        Language::Ru => format!("заявок: {leads}, записей: {records}, байт: {bytes}"),
        Language::En => format!("leads: {leads}, records: {records}, bytes: {bytes}"),
    }
}

/// The file is as good as can be, and yet whoever deletes older ones after it must not.
fn damage(made: BackedUp, language: Language) -> String {
    let groups = made.missing_groups;
    match language {
        Language::Ru => format!(
            "журнал повреждён, не читаются группы записей: {groups}. В копии есть всё остальное; сохраните прежние копии и \
             посмотрите, что скажет `leadgate doctor`"
        ),
        Language::En => format!(
            "the journal is damaged, groups that cannot be read: {groups}. The backup holds everything else; keep the older ones, and see \
             what `leadgate doctor` says"
        ),
    }
}

fn refusal(error: &BackupError, language: Language) -> String {
    match (language, error) {
        (Language::Ru, BackupError::Store(OpenError::NoStore(path))) => format!(
            "в {} нет хранилища; укажите папку с данными в store.path",
            path.display()
        ),
        (Language::Ru, BackupError::Exists(path)) => format!(
            "{} уже есть; укажите другой файл или добавьте --overwrite",
            path.display()
        ),
        (Language::Ru, BackupError::Busy(path)) => format!(
            "в {} уже пишется другая копия; дождитесь её или укажите другой файл",
            path.display()
        ),
        (_, error) => error.to_string(),
    }
}
