//! `leadgate doctor`: compares snapshot, journal and index of a store that nobody has open; builds the index anew when told to.

use std::io::{self, Write};
use std::path::PathBuf;

use crate::cli::{ConfigFile, Exit, Terminal};
use crate::delivery::State;
use crate::lead::Language;
use crate::store::{
    self, Differences, Examination, Holds, IndexFound, JournalFound, OpenError, SnapshotFound,
};

/// Its arguments.
#[derive(clap::Args, Debug)]
pub(crate) struct Arguments {
    #[command(flatten)]
    config: ConfigFile,
    /// First throw the index away and build it anew from snapshot and journal
    #[arg(long)]
    rebuild: bool,
}

impl Arguments {
    /// Examines, and shows what was found on the output.
    pub(crate) fn run(&self, terminal: &mut Terminal<'_>) -> io::Result<Exit> {
        self.config.with_store(terminal, |settings, terminal| {
            let language = terminal.language;
            let rebuilt = if self.rebuild {
                store::rebuild_index(settings)
            } else {
                Ok(())
            };
            match rebuilt.and_then(|()| store::examine(settings)) {
                Ok(examination) => {
                    writeln!(terminal.output, "{}", settings.path.display())?;
                    show(terminal.output, &examination, language)?;
                    let sound = examination.is_sound();
                    writeln!(terminal.output, "{}", verdict(&examination, language))?;
                    Ok(if sound { Exit::Done } else { Exit::Io })
                }
                Err(error) => {
                    writeln!(terminal.errors, "leadgate: {}", refusal(&error, language))?;
                    Ok(exit(&error))
                }
            }
        })
    }
}

fn exit(error: &OpenError) -> Exit {
    match error {
        OpenError::Locked(_) => Exit::Unavailable,
        _ => Exit::Io,
    }
}

fn show(to: &mut dyn Write, found: &Examination, language: Language) -> io::Result<()> {
    let mut list = List { to, language };
    for snapshot in &found.snapshots {
        list.snapshot(snapshot)?;
    }
    list.journal(&found.journal)?;
    match &found.holds {
        Ok(holds) => list.holds(holds)?,
        Err(error) => list.line(("отказ", "refused"), error)?,
    }
    list.index(&found.index)
}

/// Lines with a name before them.
struct List<'a> {
    to: &'a mut dyn Write,
    language: Language,
}

impl List<'_> {
    fn line(&mut self, (ru, en): (&str, &str), text: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.to, "  {:10}  {text}", self.language.pick(ru, en))
    }

    fn say(&self, ru: &'static str, en: &'static str) -> &'static str {
        self.language.pick(ru, en)
    }

    fn snapshot(&mut self, found: &SnapshotFound) -> io::Result<()> {
        let name = found.path.file_name().unwrap_or_default();
        let file = PathBuf::from(name);
        let (file, bytes) = (file.display(), found.bytes);
        let head = ("снимок", "snapshot");
        let (in_bytes, in_records) = (self.say("байт", "bytes"), self.say("записей", "records"));
        match &found.records {
            Ok(records) => self.line(
                head,
                format_args!("{file}, {in_bytes}: {bytes}, {in_records}: {records}"),
            ),
            Err(error) => self.line(head, error),
        }
    }

    fn journal(&mut self, found: &JournalFound) -> io::Result<()> {
        let JournalFound {
            files,
            bytes,
            groups: (first, last),
            ..
        } = found;
        let head = ("журнал", "journal");
        let text = match self.language {
            Language::Ru => format!("файлов: {files}, байт: {bytes}, группы {first}-{last}"),
            Language::En => format!("files: {files}, bytes: {bytes}, groups {first}-{last}"),
        };
        self.line(head, text)?;
        if found.missing > 0 {
            let text = self.say(
                "НЕ ЧИТАЮТСЯ подтверждённые группы",
                "acknowledged groups that CANNOT BE READ",
            );
            self.line(("", ""), format_args!("{text}: {}", found.missing))?;
            for path in &found.damaged {
                self.line(("", ""), path.display())?;
            }
        } else if found.torn_bytes > 0 {
            let text = self.say(
                "недописанный конец, о котором никому не ответили, байт",
                "torn end that nobody was answered for, bytes",
            );
            self.line(("", ""), format_args!("{text}: {}", found.torn_bytes))?;
        }
        Ok(())
    }

    fn holds(&mut self, holds: &Holds) -> io::Result<()> {
        self.line(("заявки", "leads"), holds.leads)?;
        if holds.leads != holds.statuses {
            let text = self.say(
                "НЕ СТОЛЬКО ЖЕ состояний",
                "NOT AS MANY have their deliveries",
            );
            self.line(("", ""), format_args!("{text}: {}", holds.statuses))?;
        }
        let counts = State::ALL.iter().zip(holds.deliveries);
        let some = counts.filter(|(_, count)| *count > 0);
        let some: Vec<_> = some
            .map(|(state, count)| format!("{}: {count}", state.as_str()))
            .collect();
        self.line(("доставки", "deliveries"), some.join(", "))?;
        self.line(("попытки", "attempts"), holds.attempts)?;
        self.line(("ключи", "keys"), holds.keys)?;
        if holds.unreadable > 0 {
            self.line(("НЕ ЧИТАЕТСЯ", "UNREADABLE"), holds.unreadable)?;
        }
        Ok(())
    }

    fn index(&mut self, found: &IndexFound) -> io::Result<()> {
        let head = ("индекс", "index");
        match found {
            IndexFound::BuiltAtStart => self.line(
                head,
                self.say("будет построен при запуске", "is built at the next start"),
            ),
            IndexFound::NotCompared => {
                self.line(head, self.say("не сравнивался", "was not compared"))
            }
            IndexFound::Unusable(why) => {
                let text = self.say("НЕПРИГОДЕН", "UNUSABLE");
                self.line(head, format_args!("{text}: {why}"))
            }
            IndexFound::Compared(differences) => self.differences(differences),
        }
    }

    fn differences(&mut self, differences: &Differences) -> io::Result<()> {
        let Differences {
            behind,
            missing,
            different,
            extra,
            words,
            places,
            examples,
        } = differences;
        let head = ("индекс", "index");
        let text = match self.language {
            _ if differences.are_none() => self
                .say(
                    "совпадает со снимком и журналом",
                    "agrees with snapshot and journal",
                )
                .to_owned(),
            Language::Ru => {
                format!("РАСХОДИТСЯ: нет записей: {missing}, другие: {different}, лишние: {extra}")
            }
            Language::En => {
                format!("DIFFERS: missing: {missing}, different: {different}, extra: {extra}")
            }
        };
        self.line(head, text)?;
        if *words > 0 {
            let text = self.say(
                "слова, по которым заявки НЕ НАЙТИ",
                "words that leads CANNOT BE FOUND by",
            );
            self.line(("", ""), format_args!("{text}: {words}"))?;
        }
        if *places > 0 {
            let text = self.say(
                "НЕВЕРНЫЕ места в списках незавершённых заявок, отклонённых и по формам",
                "places that are WRONG on the lists of open leads, discarded ones and those of a form",
            );
            self.line(("", ""), format_args!("{text}: {places}"))?;
        }
        for example in examples {
            self.line(("", ""), example)?;
        }
        if *behind > 0 {
            let text = self.say(
                "групп журнала, которые добавит запуск",
                "groups of the journal that the next start applies",
            );
            self.line(("", ""), format_args!("{text}: {behind}"))?;
        }
        Ok(())
    }
}

/// What it comes to, and what to do.
fn verdict(found: &Examination, language: Language) -> &'static str {
    let index_is_damaged = match &found.index {
        IndexFound::Unusable(_) => true,
        IndexFound::Compared(differences) => !differences.are_none(),
        IndexFound::BuiltAtStart | IndexFound::NotCompared => false,
    };
    match (found.is_sound(), index_is_damaged) {
        (true, _) => language.pick("всё в порядке", "everything is in order"),
        (false, true) if found.truth_is_sound() => language.pick(
            "повреждён только индекс: leadgate doctor --rebuild построит его заново",
            "only the index is damaged: leadgate doctor --rebuild builds it anew",
        ),
        (false, _) => language.pick(
            "хранилище повреждено: сохраните эту папку и сравните с последней резервной копией",
            "the store is damaged: keep this directory, and compare with the newest backup",
        ),
    }
}

fn refusal(error: &OpenError, language: Language) -> String {
    match (language, error) {
        (Language::Ru, OpenError::Locked(path)) => format!(
            "папка с данными {} занята работающим leadgate; остановите его, а потом проверяйте",
            path.display()
        ),
        (Language::En, OpenError::Locked(path)) => format!(
            "the data directory {} is in use by a running leadgate; stop it first",
            path.display()
        ),
        (Language::Ru, OpenError::NoStore(path)) => format!(
            "в {} нет хранилища; укажите папку с данными в store.path",
            path.display()
        ),
        (Language::Ru, OpenError::Lacks(error)) => format!(
            "{error}; ни одна заявка не потеряна, индекс оставлен как есть: освободите место на диске или поднимите предел памяти или открытых файлов и повторите"
        ),
        (_, error) => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What is shown of a store that is sound but for this index, and what it comes to.
    fn shown(index: IndexFound, language: Language) -> (String, &'static str) {
        let examination = Examination {
            snapshots: Vec::new(),
            journal: JournalFound::default(),
            holds: Ok(Holds::default()),
            index,
        };
        let mut output = Vec::new();
        show(&mut output, &examination, language).expect("memory");
        let output = String::from_utf8(output).expect("text");
        (output, verdict(&examination, language))
    }

    #[test]
    fn leads_that_nobody_finds_are_told_in_numbers_with_what_mends_it() {
        let differences = Differences {
            words: 3,
            places: 2,
            examples: vec!["words of lead 1".to_owned()],
            ..Differences::default()
        };
        let index = || IndexFound::Compared(differences.clone());
        let (english, verdict) = shown(index(), Language::En);
        for told in [
            "words that leads CANNOT BE FOUND by: 3\n",
            "WRONG on the lists of open leads, discarded ones and those of a form: 2\n",
            "words of lead 1\n",
        ] {
            assert!(english.contains(told), "{told} is not in\n{english}");
        }
        assert!(verdict.contains("doctor --rebuild"), "{verdict}");
        let (russian, verdict) = shown(index(), Language::Ru);
        for told in ["НЕ НАЙТИ: 3\n", "и по формам: 2\n"] {
            assert!(russian.contains(told), "{told} is not in\n{russian}");
        }
        assert!(verdict.contains("doctor --rebuild"), "{verdict}");
        let found = IndexFound::Compared(Differences::default());
        let (english, verdict) = shown(found, Language::En);
        assert!(english.ends_with("agrees with snapshot and journal\n"));
        assert_eq!(verdict, "everything is in order");
    }

    #[test]
    fn a_journal_that_has_lost_what_the_index_tells_of_is_not_mended_by_another_index() {
        let cut = OpenError::JournalCut {
            path: Path::new("data").to_owned(),
            found: 1,
            expected: 3,
        };
        let examination = Examination {
            snapshots: Vec::new(),
            journal: JournalFound::default(),
            holds: Err(cut),
            index: IndexFound::NotCompared,
        };
        let verdict = verdict(&examination, Language::En);
        assert!(!verdict.contains("--rebuild"), "{verdict}");
        assert!(verdict.contains("newest backup"), "{verdict}");
    }
}
