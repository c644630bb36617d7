//! Custom fields that the CRM took without a word and did not keep (trap 10). The check finds them before a lead does, but not the one that was deleted
//! since, and not in the seconds before the first check: then the reply to the create tells, as it shows the order that was stored.

use serde_json::json;

use crate::destination::retailcrm::api::{OrderRecord, annotate};
use crate::destination::retailcrm::deliver::Attempt;
use crate::destination::retailcrm::mapping::OrderDraft;
use crate::lead::Bilingual;

impl Attempt<'_> {
    /// Writes into the comment of an order just made what is missing in it, and notes it in the draft for the warning. When the edit
    /// fails, the warning alone holds the values: the order is there, and no second one may be made for a comment.
    pub(super) async fn save_dropped(&mut self, order: &OrderRecord, draft: &mut OrderDraft) {
        let (Some(kept), Some(id)) = (&order.custom_codes, order.id) else {
            return;
        };
        if !draft.note_dropped(kept, (self.lead, self.mapping)) {
            return;
        }
        annotate(
            &mut self.steps,
            Bilingual::new(
                "создано; поля пропущены CRM",
                "created; custom fields were dropped",
            ),
        );
        let changes = json!({ "managerComment": draft.comment() });
        let edited = self.api.edit_order(id, &changes, &mut self.steps).await;
        if edited.is_err() {
            annotate(
                &mut self.steps,
                Bilingual::new("комментарий не дополнен", "the comment was not completed"),
            );
        }
    }
}
