//! What the key may do, and whether it reaches the store.

use crate::delivery::Failure;
use crate::destination::retailcrm::check::{Check, meant};
use crate::destination::retailcrm::suggest::did_you_mean;
use crate::lead::{Create, CustomerMatching};

impl Check<'_> {
    /// Every right that the deliver rules need.
    pub(super) fn rights(&mut self) {
        let orders = self
            .rules
            .iter()
            .any(|rule| rule.mapping.create == Create::Order);
        let customers = self
            .rules
            .iter()
            .any(|rule| rule.mapping.customer != CustomerMatching::None);
        let needed = [
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
        ];
        for (scope, _, ru, en) in needed.into_iter().filter(|(_, needed, ..)| *needed) {
            if !self.may(scope) {
                let path = format!("{}.api_key", self.destination);
                self.problem(
                    path,
                    format!("у ключа нет права {scope}, оно нужно, чтобы {ru}; включите его в настройках ключа в CRM"),
                    format!("the key lacks the right {scope}, which is needed {en}; grant it in the CRM's key settings"),
                );
            }
        }
    }

    /// The store of the config, or the missing one when the key reaches several.
    pub(super) async fn site(&mut self) -> Result<(), Failure> {
        let sites = match self.credentials.sites.clone() {
            Some(sites) => Some(sites),
            None if self.may("reference_read") => {
                let answer = self.account.api.reference("sites", &mut Vec::new()).await;
                let entries = self.read(answer, "sites")?;
                entries.map(|entries| entries.into_iter().map(|entry| entry.code).collect())
            }
            None => None,
        };
        let Some(sites) = sites else { return Ok(()) };
        let path = format!("{}.site", self.destination);
        let known = sites.join(", ");
        match self.account.api.site() {
            Some(site) if !sites.iter().any(|known| known == site) => {
                let meant = meant(did_you_mean(site, sites.iter().map(String::as_str)));
                self.problem(
                    path,
                    format!(
                        "ключ не видит магазина \"{site}\"{}; доступны: {known}",
                        meant.ru
                    ),
                    format!(
                        "the key does not reach the store \"{site}\"{}; it reaches: {known}",
                        meant.en
                    ),
                );
            }
            None if sites.len() > 1 => self.problem(
                path,
                format!("ключу доступны несколько магазинов, укажите код одного: {known}"),
                format!("the key reaches several stores; name one of them: {known}"),
            ),
            _ => {}
        }
        Ok(())
    }
}
