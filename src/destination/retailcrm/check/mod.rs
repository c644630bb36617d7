//! `leadgate check`: the config compared with the live account. RetailCRM drops an unknown custom field without a word and refuses an
//! order for an unknown code, so both are found here, before a lead finds them.
//!
//! Key paths name a form by its id, `forms.callback.deliver[0].order.orderMethod`: forms are kept by id, their place in the file is not known here.

mod codes;
mod custom;
mod elements;
mod fixed;
mod payments;
mod rights;

use crate::delivery::{Cause, Failure};
use crate::destination::retailcrm::api::{Credentials, Fault};
use crate::destination::retailcrm::suggest::did_you_mean;
use crate::destination::retailcrm::{Account, RetailCrm, Rule};
use crate::destination::{Bilingual, Finding, Severity};

/// The most codes of a list that a finding names.
const MOST_NAMED: usize = 20;

/// A comparison under way.
struct Check<'a> {
    account: &'a Account,
    rules: &'a [Rule],
    /// `destinations[0]`.
    destination: String,
    credentials: Credentials,
    findings: Vec<Finding>,
}

/// What to say of a finding.
struct Said {
    message: Bilingual,
    instead: Option<Bilingual>,
    remedy: Bilingual,
}

impl Said {
    /// What is wrong.
    fn new(ru: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            message: Bilingual::new(ru, en),
            instead: None,
            remedy: Bilingual::new("", ""),
        }
    }

    /// What the account has instead.
    fn instead(self, instead: Option<Bilingual>) -> Self {
        Self { instead, ..self }
    }

    /// How to mend it.
    fn remedy(self, ru: impl Into<String>, en: impl Into<String>) -> Self {
        let remedy = Bilingual::new(ru, en);
        Self { remedy, ..self }
    }
}

/// Compares everything. `Err` when the account could not be asked; a key or an address that is refused is a finding.
pub(super) async fn run(crm: &RetailCrm) -> Result<Vec<Finding>, Failure> {
    let destination = format!("destinations[{}]", crm.index);
    let credentials = match crm
        .account
        .api
        .credentials_aside()
        .await
        .map_err(Fault::into_failure)
    {
        Ok(credentials) => credentials,
        Err(failure) => return refused(&destination, failure).map(|finding| vec![finding]),
    };
    let mut check = Check {
        account: &crm.account,
        rules: &crm.rules,
        destination,
        credentials,
        findings: Vec::new(),
    };
    check.rights();
    if crm.shows_alerts {
        check.right_to_notify();
    }
    check.version().await?;
    check.site().await?;
    check.zone().await?;
    check.codes().await?;
    check.custom_fields().await?;
    Ok(check.findings)
}

/// The address or the key is wrong: the config's fault, not a missing answer.
fn refused(destination: &str, failure: Failure) -> Result<Finding, Failure> {
    let (key, remedy) = match &failure.cause {
        Cause::AccessDenied { .. } => (
            "api_key",
            Bilingual::new(
                "возьмите ключ в CRM: Настройки, Интеграция, Ключи доступа к API",
                "take the key from the CRM: Settings, Integration, API access keys",
            ),
        ),
        Cause::NotTheCrm { .. } => (
            "url",
            Bilingual::new(
                "укажите адрес, под которым открывается ваша CRM: https://имя.retailcrm.ru",
                "give the address at which your CRM opens: https://name.retailcrm.ru",
            ),
        ),
        _ => return Err(failure),
    };
    let text = |language| failure.cause.text(language);
    Ok(Finding {
        key_path: format!("{destination}.{key}"),
        severity: Severity::Problem,
        message: Bilingual::new(
            text(crate::lead::Language::Ru),
            text(crate::lead::Language::En),
        ),
        instead: None,
        remedy,
    })
}

impl Check<'_> {
    fn found(&mut self, severity: Severity, key_path: String, said: Said) {
        self.findings.push(Finding {
            key_path,
            severity,
            message: said.message,
            instead: said.instead,
            remedy: said.remedy,
        });
    }

    fn problem(&mut self, key_path: impl Into<String>, said: Said) {
        self.found(Severity::Problem, key_path.into(), said);
    }

    fn warning(&mut self, key_path: impl Into<String>, said: Said) {
        self.found(Severity::Warning, key_path.into(), said);
    }

    /// A key of the destination: `destinations[0].site`.
    fn own(&self, key: &str) -> String {
        format!("{}.{key}", self.destination)
    }

    /// Whether the key has a right; a list that is missing altogether says nothing against it.
    fn may(&self, scope: &str) -> bool {
        self.credentials.scopes.is_empty() || self.credentials.scopes.contains(scope)
    }

    /// The answer of one list. A key without the right to read it costs a comparison, not the whole check.
    fn read<T>(
        &mut self,
        answer: Result<T, Fault>,
        (what, scope): (&str, &str),
    ) -> Result<Option<T>, Failure> {
        let answer = told(answer)?;
        if answer.is_none() {
            let said = Said::new(
                format!("ключу не дают прочесть список {what}, сравнить с ним нельзя"),
                format!("the key may not read the list {what}, so nothing was compared with it"),
            );
            self.warning(
                self.own("api_key"),
                said.remedy(
                    format!("дайте ключу право {scope} в настройках ключа в CRM"),
                    format!("grant the right {scope} in the CRM's key settings"),
                ),
            );
        }
        Ok(answer)
    }
}

/// An answer, or `None` when the account answers but not to this question. `Err` when it does not answer.
fn told<T>(answer: Result<T, Fault>) -> Result<Option<T>, Failure> {
    match answer.map_err(Fault::into_failure) {
        Ok(told) => Ok(Some(told)),
        Err(Failure {
            cause: Cause::AccessDenied { .. } | Cause::Refused { .. } | Cause::NotTheCrm { .. },
            ..
        }) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// What an account has instead of a code (empty when nothing was typed): the one that was meant, and all that there are. `known` is codes with
/// their names.
fn instead<'a>(
    typed: &str,
    known: impl Iterator<Item = (&'a str, &'a str)> + Clone,
) -> Option<Bilingual> {
    let by_name = known
        .clone()
        .find(|(_, name)| name.to_lowercase() == typed.trim().to_lowercase());
    let near = || did_you_mean(typed, known.clone().map(|(code, _)| code));
    let meant = by_name
        .map(|(code, _)| code)
        .or_else(near)
        .filter(|_| !typed.is_empty());
    let mut codes: Vec<&str> = known.map(|(code, _)| code).collect();
    let more = codes.len().saturating_sub(MOST_NAMED);
    codes.truncate(MOST_NAMED);
    let mut list = codes.join(", ");
    if more > 0 {
        list.push_str(", …");
    }
    match meant {
        Some(meant) => Some(Bilingual::new(
            format!("может быть, \"{meant}\"? Есть: {list}"),
            format!("did you mean \"{meant}\"? It has: {list}"),
        )),
        None if list.is_empty() => None,
        None => Some(Bilingual::new(
            format!("есть: {list}"),
            format!("it has: {list}"),
        )),
    }
}
