//! `leadgate check`: the config compared with the live account. RetailCRM drops an unknown custom field without a word and refuses an
//! order for an unknown code, so both are found here, before a lead finds them.
//!
//! Key paths name a form by its id, `forms.callback.deliver[0].order.orderMethod`: forms are kept by id, their place in the file is not known here.

mod codes;
mod custom;
mod rights;

use crate::delivery::{Cause, Failure};
use crate::destination::retailcrm::api::{Credentials, Fault};
use crate::destination::retailcrm::{Account, RetailCrm, Rule};
use crate::destination::{Bilingual, Finding, Severity};

/// A comparison under way.
struct Check<'a> {
    account: &'a Account,
    rules: &'a [Rule],
    /// `destinations[0]`.
    destination: String,
    credentials: Credentials,
    findings: Vec<Finding>,
}

/// Compares everything. `Err` when the account could not be asked; a key or an address that is refused is a finding.
pub(super) async fn run(crm: &RetailCrm) -> Result<Vec<Finding>, Failure> {
    let destination = format!("destinations[{}]", crm.index);
    let credentials = match crm
        .account
        .api
        .credentials(&mut Vec::new())
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
    check.site().await?;
    check.codes().await?;
    check.custom_fields().await?;
    Ok(check.findings)
}

/// The address or the key is wrong: the config's fault, not a missing answer.
fn refused(destination: &str, failure: Failure) -> Result<Finding, Failure> {
    let key = match &failure.cause {
        Cause::AccessDenied { .. } => "api_key",
        Cause::NotTheCrm { .. } => "url",
        _ => return Err(failure),
    };
    let message = Bilingual {
        ru: failure.cause.text(crate::lead::Language::Ru),
        en: failure.cause.text(crate::lead::Language::En),
    };
    Ok(Finding {
        key_path: format!("{destination}.{key}"),
        severity: Severity::Problem,
        message,
    })
}

impl Check<'_> {
    fn found(&mut self, severity: Severity, key_path: String, ru: String, en: String) {
        self.findings.push(Finding {
            key_path,
            severity,
            message: Bilingual { ru, en },
        });
    }

    fn problem(&mut self, key_path: String, ru: String, en: String) {
        self.found(Severity::Problem, key_path, ru, en);
    }

    fn warning(&mut self, key_path: String, ru: String, en: String) {
        self.found(Severity::Warning, key_path, ru, en);
    }

    /// Whether the key has a right; a list that is missing altogether says nothing against it.
    fn may(&self, scope: &str) -> bool {
        self.credentials.scopes.is_empty() || self.credentials.scopes.contains(scope)
    }

    /// The answer of one list. A key without the right to read it costs a comparison, not the whole check.
    fn read<T>(&mut self, answer: Result<T, Fault>, what: &str) -> Result<Option<T>, Failure> {
        let failure = match answer {
            Ok(list) => return Ok(Some(list)),
            Err(fault) => fault.into_failure(),
        };
        match &failure.cause {
            Cause::AccessDenied { .. } | Cause::Refused { .. } | Cause::NotTheCrm { .. } => {
                let path = format!("{}.api_key", self.destination);
                self.warning(
                    path,
                    format!("список {what} не прочитан ({failure}), сравнить не с чем; дайте ключу право на чтение"),
                    format!("the list {what} could not be read ({failure}) and was not compared; give the key the right to read it"),
                );
                Ok(None)
            }
            _ => Err(failure),
        }
    }
}

/// "Did you mean" in both languages, or nothing.
fn meant(word: Option<&str>) -> Bilingual {
    match word {
        Some(word) => Bilingual {
            ru: format!("; может быть, \"{word}\"?"),
            en: format!("; did you mean \"{word}\"?"),
        },
        None => Bilingual {
            ru: String::new(),
            en: String::new(),
        },
    }
}
