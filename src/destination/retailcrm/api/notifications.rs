//! The notifications that people see inside the CRM.

use serde_json::json;

use crate::destination::retailcrm::api::{Api, Call, Fault, Purpose, Steps};

impl Api {
    /// Shows an HTML text to the administrators of the account (facts/retailcrm.md, 3.3). `kind` is `api.info` or `api.error`. Needs the scope
    /// `notification_write`.
    pub(in crate::destination::retailcrm) async fn notify(
        &self,
        (kind, html): (&str, &str),
        steps: &mut Steps,
    ) -> Result<(), Fault> {
        let notification = json!({ "type": kind, "message": html, "userGroups": ["superadmins"] });
        let path = ["api", "v5", "notifications", "send"];
        let form = vec![("notification", notification.to_string())];
        let call = Call::post("notifications/send", &path, form, Purpose::Create);
        self.call(call, steps).await.map(drop)
    }
}
