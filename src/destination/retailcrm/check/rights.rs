//! What the key may do, whether it reaches the store, which API the account speaks, and its time zone.

use jiff::tz::TimeZone;

use crate::delivery::Failure;
use crate::destination::retailcrm::api::Entry;
use crate::destination::retailcrm::check::{Check, Said, instead, told};
use crate::lead::{Create, CustomerMatching};

/// A right, whether it is needed, and what for.
type Need = (&'static str, bool, &'static str, &'static str);

impl Check<'_> {
    /// Every right that the deliver rules need.
    pub(super) fn rights(&mut self) {
        for (scope, _, ru, en) in self.needs().into_iter().filter(|(_, needed, ..)| *needed) {
            if !self.may(scope) {
                let said = Said::new(
                    format!("у ключа нет права {scope}, оно нужно, чтобы {ru}"),
                    format!("the key lacks the right {scope}, which is needed {en}"),
                );
                self.problem(
                    self.own("api_key"),
                    said.remedy(
                        "включите его в настройках ключа в CRM",
                        "grant it in the CRM's key settings",
                    ),
                );
            }
        }
    }

    /// The right that alerts need. Without it no lead is hurt, and nobody in the CRM is told.
    pub(super) fn right_to_notify(&mut self) {
        let scope = "notification_write";
        if !self.may(scope) {
            let said = Said::new(
                format!("у ключа нет права {scope}, и оповещения в CRM показать нельзя"),
                format!("the key lacks the right {scope}, so no alert can be shown in the CRM"),
            );
            self.warning(
                self.own("api_key"),
                said.remedy(
                    "включите его в настройках ключа в CRM или уберите аккаунт из alerts.destinations",
                    "grant it in the CRM's key settings, or take the account out of alerts.destinations",
                ),
            );
        }
    }

    fn needs(&self) -> [Need; 4] {
        let mut mappings = self.rules.iter().map(|rule| &rule.mapping);
        let orders = mappings
            .clone()
            .any(|mapping| mapping.create == Create::Order);
        let customers = mappings.any(|mapping| mapping.customer != CustomerMatching::None);
        [
            ("order_write", orders, "создавать заказы", "to make orders"),
            (
                "order_read",
                orders,
                "проверять, создан ли заказ",
                "to look up whether an order was made",
            ),
            (
                "customer_write",
                customers,
                "создавать клиентов",
                "to make customers",
            ),
            (
                "customer_read",
                customers,
                "находить клиентов",
                "to find customers",
            ),
        ]
    }

    /// Whether the account speaks the API that we do. An account that does not tell is taken at its word elsewhere.
    pub(super) async fn version(&mut self) -> Result<(), Failure> {
        let answer = self.account.api.versions().await;
        let versions = told(answer)?.unwrap_or_default();
        let ours =
            |version: &String| version.trim_start_matches('v').split('.').next() == Some("5");
        if !versions.is_empty() && !versions.iter().any(ours) {
            let list = versions.join(", ");
            let said = Said::new(
                format!("аккаунт знает только версии API {list}, нужна 5"),
                format!("the account speaks only the versions {list} of the API, 5 is needed"),
            );
            self.problem(
                self.own("url"),
                said.remedy(
                    "проверьте адрес или обратитесь в поддержку CRM",
                    "check the address, or ask the CRM's support",
                ),
            );
        }
        Ok(())
    }

    /// The store of the config, or the missing one when the key reaches several.
    pub(super) async fn site(&mut self) -> Result<(), Failure> {
        let Some(sites) = self.sites().await? else {
            return Ok(());
        };
        let path = self.own("site");
        match self.account.api.site() {
            Some(site) if !sites.iter().any(|(known, _)| known == site) => {
                let known = sites
                    .iter()
                    .map(|(code, name)| (code.as_str(), name.as_str()));
                let said = Said::new(
                    format!("ключ не видит магазина \"{site}\""),
                    format!("the key does not reach the store \"{site}\""),
                );
                self.problem(
                    path,
                    said.instead(instead(site, known)).remedy(
                        "укажите код магазина или дайте ключу доступ к нему",
                        "give the code of a store, or let the key reach this one",
                    ),
                );
            }
            None if sites.len() > 1 => {
                let known = sites
                    .iter()
                    .map(|(code, name)| (code.as_str(), name.as_str()));
                let said = Said::new(
                    "ключу доступны несколько магазинов, а здесь не сказано, какой нужен",
                    "the key reaches several stores, and nothing here says which one",
                );
                self.problem(
                    path,
                    said.instead(instead("", known))
                        .remedy("укажите код одного из них", "name one of them by its code"),
                );
            }
            _ => {}
        }
        Ok(())
    }

    /// Codes and names of the stores that the key reaches; `None` when it may not know.
    async fn sites(&mut self) -> Result<Option<Vec<(String, String)>>, Failure> {
        if let Some(codes) = &self.credentials.sites {
            let unnamed = codes.iter().map(|code| (code.clone(), String::new()));
            return Ok(Some(unnamed.collect()));
        }
        if !self.may("reference_read") {
            return Ok(None);
        }
        let answer = self.account.api.reference("sites").await;
        let entries = self.read(answer, ("sites", "reference_read"))?;
        Ok(entries.map(|entries| entries.into_iter().map(named).collect()))
    }

    /// Whether the account tells a time zone that we know: every date is written in it (trap 18).
    pub(super) async fn zone(&mut self) -> Result<(), Failure> {
        let answer = self.account.api.time_zone(&mut Vec::new()).await;
        let zone = told(answer)?.flatten();
        if zone
            .as_deref()
            .is_some_and(|zone| TimeZone::get(zone).is_ok())
        {
            return Ok(());
        }
        let said = match zone {
            Some(zone) => Said::new(
                format!("часовой пояс аккаунта \"{zone}\" неизвестен, даты пишутся по Москве"),
                format!(
                    "the account's time zone \"{zone}\" is unknown, dates are written in Moscow's"
                ),
            ),
            None => Said::new(
                "аккаунт не сообщает свой часовой пояс, даты пишутся по Москве",
                "the account does not tell its time zone, dates are written in Moscow's",
            ),
        };
        self.warning(
            self.own("api_key"),
            said.remedy(
                "проверьте часовой пояс в настройках CRM и право ключа читать настройки",
                "check the time zone in the CRM's settings, and that the key may read them",
            ),
        );
        Ok(())
    }
}

fn named(entry: Entry) -> (String, String) {
    (entry.code, entry.name)
}
