//! Custom fields that the CRM took without a word and did not keep (trap 10). The check finds them before a lead does, but not the one that was deleted
//! since, and not in the seconds before the first check: then the reply to the create tells, as it shows the order that was stored, or the look-up
//! when that reply was lost.

use serde_json::json;

use crate::delivery::Delivered;
use crate::destination::retailcrm::api::{OrderRecord, annotate};
use crate::destination::retailcrm::customer::Chosen;
use crate::destination::retailcrm::deliver::Attempt;
use crate::destination::retailcrm::mapping::OrderDraft;
use crate::lead::Bilingual;

impl Attempt<'_> {
    /// Writes into the comment of an order that is there what is missing in it, and notes it in the draft for the warning. When the edit
    /// fails, the warning alone holds the values: the order is there, and no second one may be made for a comment.
    pub(super) async fn save_dropped(&mut self, order: &OrderRecord, draft: &mut OrderDraft) {
        let (Some(kept), Some(id)) = (&order.custom_codes, order.id) else {
            return;
        };
        let lines = draft.note_dropped(kept, (self.lead, self.mapping));
        let shown = order.comment.as_deref();
        let missing: Vec<&str> = lines
            .iter()
            .map(String::as_str)
            // An earlier attempt may have been here.
            .filter(|line| !shown.is_some_and(|shown| shown.contains(line)))
            .collect();
        if missing.is_empty() {
            return;
        }
        let comment = match shown {
            // A manager may have written in it, so it is added to.
            Some(shown) => format!("{shown}\n{}", missing.join("\n")),
            None => draft.comment(),
        };
        annotate(
            &mut self.steps,
            Bilingual::new(
                "есть в CRM, но без части полей",
                "in the CRM, but without some custom fields",
            ),
        );
        let changes = json!({ "managerComment": comment });
        let edited = self.api.edit_order(id, &changes, &mut self.steps).await;
        if edited.is_err() {
            annotate(
                &mut self.steps,
                Bilingual::new("комментарий не дополнен", "the comment was not completed"),
            );
        }
    }

    /// The end of an attempt that met its order: an earlier one has made it, and had no answer to learn from what is missing in it.
    pub(super) async fn order_met(&mut self, order: &OrderRecord) -> Delivered {
        // Whose order it is, is not known any more, and for the zone nobody is asked: nothing is missing as a rule.
        let (zone, _) = self.account.zone.known_now();
        let customer = self.customer_draft(&zone);
        let mut draft = self.draft(&zone, Chosen::default(), &customer);
        self.save_dropped(order, &mut draft).await;
        self.order_delivered(order, (&draft, None))
    }
}
