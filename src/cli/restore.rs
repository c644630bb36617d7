//! `leadgate restore`: an empty store becomes what a backup holds.

use std::io;
use std::path::PathBuf;

use crate::cli::{ConfigFile, Exit, Terminal};
use crate::lead::Language;
use crate::store::{self, OpenError, RestoreError, Restored};

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// The backup
    #[arg(value_name = "IN")]
    from: PathBuf,
}

impl Arguments {
    /// Restores, and tells what is there now.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        self.config.with_store(terminal, |settings, terminal| {
            let language = terminal.language;
            match store::restore(settings, &self.from) {
                Ok(restored) => {
                    let root = settings.path.display();
                    let told = summary(restored, language);
                    writeln!(terminal.output, "{root}: {told}")?;
                    Ok(Exit::Done)
                }
                Err(error) => {
                    writeln!(terminal.errors, "leadgate: {}", refusal(&error, language))?;
                    Ok(exit(&error))
                }
            }
        })
    }
}

fn exit(error: &RestoreError) -> Exit {
    match error {
        RestoreError::Store(OpenError::Locked(_)) => Exit::Unavailable,
        _ => Exit::Io,
    }
}

fn summary(restored: Restored, language: Language) -> String {
    let Restored { leads, in_doubt } = restored;
    match language {
        Language::Ru => format!(
            "восстановлено заявок: {leads}; доставок, которые перед отправкой ищутся в CRM: {in_doubt}.\n\
             Удалите заново персональные данные, удалённые после этой копии, и запустите leadgate serve"
        ),
        Language::En => format!(
            "leads restored: {leads}; deliveries that are looked up in the CRM before they are sent: {in_doubt}.\n\
             Erase again who was erased after this backup, and start leadgate serve"
        ),
    }
}

fn refusal(error: &RestoreError, language: Language) -> String {
    match (language, error) {
        (Language::Ru, RestoreError::NotEmpty(path)) => format!(
            "в {} уже есть хранилище, восстановление заменило бы его; уберите эту папку в другое место или укажите другой store.path",
            path.display()
        ),
        (Language::Ru, RestoreError::Store(OpenError::Locked(path))) => format!(
            "папка с данными {} занята другим leadgate; остановите его или укажите другой store.path",
            path.display()
        ),
        (_, error) => error.to_string(),
    }
}
