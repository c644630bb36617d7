//! A message in words: the same content for a reader of mail, a program behind a webhook, and somebody in the CRM.

use jiff::tz::TimeZone;
use url::Url;

use crate::alerts::gathered::{Course, FailedGroup, Gathered, Now, Overdue};
use crate::alerts::outgoing::Message;
use crate::destination::{Notice, Tone};
use crate::lead::spoken::{leads, moment, plural, span};
use crate::lead::{DestinationId, Language};

use jiff::Timestamp;
use serde_json::{Value, json};

/// In which language and from where a letter is written.
#[derive(Clone, Debug)]
pub(super) struct Desk {
    pub(super) language: Language,
    pub(super) public_url: Url,
    pub(super) zone: TimeZone,
}

/// A message, ready to be sent by any channel.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    /// The same at every try.
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) subject: String,
    /// One paragraph each.
    pub(super) lines: Vec<String>,
    /// Where in the admin there is more, and the words of the link.
    pub(super) link: (Url, String),
    pub(super) tone: Tone,
    /// The `type` of a webhook.
    pub(super) kind: &'static str,
    /// The content of a webhook besides the words.
    pub(super) facts: Value,
}

impl Letter {
    /// An alert.
    pub(super) fn alert(message: &Message, desk: &Desk) -> Self {
        let gathered = &message.gathered;
        let tone = if gathered.is_trouble() {
            Tone::Trouble
        } else {
            Tone::Info
        };
        let page = if gathered.failures() > 0 {
            "/admin/?state=failed"
        } else {
            "/admin/"
        };
        Self {
            id: format!("msg_{}", message.id.simple()),
            at: message.at,
            subject: desk.subject(gathered, message.at),
            lines: desk.lines(gathered, message.at),
            link: desk.link(page),
            tone,
            kind: "leadgate.alert",
            facts: facts(gathered, desk),
        }
    }

    /// What "Send a test" sends.
    pub(super) fn test(id: uuid::Uuid, at: Timestamp, desk: &Desk) -> Self {
        let line = desk.language.pick(
            "Это проверка: так приходят оповещения leadgate. Делать ничего не нужно.",
            "This is a test: alerts of leadgate come like this. Nothing needs to be done.",
        );
        let subject = desk
            .language
            .pick("leadgate: проверка оповещений", "leadgate: test of alerts");
        Self {
            id: format!("msg_{}", id.simple()),
            at,
            subject: subject.to_owned(),
            lines: vec![line.to_owned()],
            link: desk.link("/admin/"),
            tone: Tone::Info,
            kind: "leadgate.test",
            facts: json!({}),
        }
    }

    /// As plain text.
    pub(super) fn text(&self) -> String {
        format!(
            "{}\n\n{}: {}\n",
            self.lines.join("\n\n"),
            self.link.1,
            self.link.0
        )
    }

    /// As the body of a webhook: `type`, `timestamp` and `data`, as Standard Webhooks recommend.
    pub(super) fn json(&self) -> Value {
        let mut data = json!({ "subject": self.subject, "text": self.text(), "url": self.link.0 });
        if let (Value::Object(data), Value::Object(facts)) = (&mut data, &self.facts) {
            data.extend(facts.clone());
        }
        json!({ "type": self.kind, "timestamp": self.at, "data": data })
    }

    /// As a notice in the CRM.
    pub(super) fn notice(&self) -> Notice {
        Notice {
            tone: self.tone,
            lines: self.lines.clone(),
            link: self.link.clone(),
        }
    }
}

impl Desk {
    fn link(&self, path: &str) -> (Url, String) {
        let words = self.language.pick("Заявки в leadgate", "Leads in leadgate");
        (self.address(path), words.to_owned())
    }

    fn address(&self, path: &str) -> Url {
        self.public_url
            .join(path)
            .unwrap_or_else(|_error| self.public_url.clone())
    }

    fn subject(&self, gathered: &Gathered, at: Timestamp) -> String {
        let mut parts = Vec::new();
        for (id, course) in &gathered.destinations {
            parts.push(match (course.now, self.language) {
                (Now::Paused { .. }, Language::Ru) => format!("CRM {id} на паузе"),
                (Now::Paused { .. }, Language::En) => format!("CRM {id} is paused"),
                (Now::Back { .. }, Language::Ru) => format!("CRM {id} снова работает"),
                (Now::Back { .. }, Language::En) => format!("CRM {id} works again"),
            });
        }
        if gathered.failures() > 0 {
            let count = self.count(gathered.failures());
            parts.push(match self.language {
                Language::Ru => format!("не доставлено: {count}"),
                Language::En => format!("not delivered: {count}"),
            });
        }
        for (id, overdue) in &gathered.waiting {
            let age = self.age(at, overdue.oldest_received_at);
            parts.push(match self.language {
                Language::Ru => format!("заявка для {id} ждёт {age}"),
                Language::En => format!("a lead for {id} waits for {age}"),
            });
        }
        format!("leadgate: {}", parts.join("; "))
    }

    fn lines(&self, gathered: &Gathered, at: Timestamp) -> Vec<String> {
        let mut lines = Vec::new();
        for (id, course) in &gathered.destinations {
            lines.push(self.course(id, course, at));
        }
        for group in &gathered.failed {
            lines.push(self.failed(group));
        }
        if gathered.more_failed > 0 {
            let count = self.count(gathered.more_failed);
            lines.push(match self.language {
                Language::Ru => format!("Не доставлены и другие заявки: {count}."),
                Language::En => format!("More that were not delivered: {count}."),
            });
        }
        for (id, overdue) in &gathered.waiting {
            lines.push(self.overdue(id, *overdue, at));
        }
        lines
    }

    fn course(&self, id: &DestinationId, course: &Course, at: Timestamp) -> String {
        let time = |instant| moment(instant, at, &self.zone, self.language);
        let waited = leads(course.waited, self.language);
        let mut text = match (course.now, self.language) {
            (Now::Paused { since }, Language::Ru) => {
                let wait = plural(course.waited, "Ждёт", "Ждут", "Ждут");
                format!(
                    "CRM {id} на паузе с {}. {wait} {waited}; всё сохранено и уйдёт само.",
                    time(since)
                )
            }
            (Now::Paused { since }, Language::En) => format!(
                "CRM {id} is paused since {}. {waited} waiting; everything is kept and goes out by itself.",
                time(since)
            ),
            (Now::Back { since, paused_at }, Language::Ru) => {
                let wait = plural(course.waited, "ждала", "ждали", "ждали");
                let lasted = self.age(since, paused_at);
                format!(
                    "CRM {id} снова принимает заявки с {}. Пауза длилась {lasted}, {wait} {waited}.",
                    time(since)
                )
            }
            (Now::Back { since, paused_at }, Language::En) => format!(
                "CRM {id} takes leads again since {}. The pause lasted {}, {waited} waited.",
                time(since),
                self.age(since, paused_at)
            ),
        };
        if let Some(reason) = &course.reason {
            let because = self.language.pick("Причина", "Reason");
            text.push_str(&format!(" {because}: {}.", reason.text.pick(self.language)));
        }
        if course.pauses.max(course.backs) > 1 {
            let since = time(course.first_paused_at);
            text.push_str(&match self.language {
                Language::Ru => format!(
                    " Всего пауз с {since}: {}.",
                    course.pauses.max(course.backs)
                ),
                Language::En => format!(
                    " Pauses since {since}: {}.",
                    course.pauses.max(course.backs)
                ),
            });
        }
        text
    }

    fn failed(&self, group: &FailedGroup) -> String {
        let (destination, form, count) = (&group.destination, &group.form, self.count(group.count));
        let reason = group.reason.text.pick(self.language);
        let mut text = match self.language {
            Language::Ru => format!(
                "В CRM {destination} не доставлено: {count}, форма {form}. Нужен человек. Причина: {reason}."
            ),
            Language::En => format!(
                "Not delivered to CRM {destination}: {count} of form {form}. A person is needed. Reason: {reason}."
            ),
        };
        for lead in &group.examples {
            let address = self.address(&format!("/admin/leads/{lead}"));
            text.push_str(&format!("\n  {address}"));
        }
        text
    }

    fn overdue(&self, id: &DestinationId, overdue: Overdue, at: Timestamp) -> String {
        let (age, count) = (
            self.age(at, overdue.oldest_received_at),
            leads(overdue.waiting, self.language),
        );
        match self.language {
            Language::Ru => {
                format!("Самая старая заявка для CRM {id} ждёт уже {age}. Всего в очереди {count}.")
            }
            Language::En => {
                format!(
                    "The oldest lead for CRM {id} has waited for {age}. {count} waiting in all."
                )
            }
        }
    }

    fn count(&self, count: u64) -> String {
        leads(usize::try_from(count).unwrap_or(usize::MAX), self.language)
    }

    fn age(&self, at: Timestamp, since: Timestamp) -> String {
        span(at.duration_since(since).as_secs(), self.language)
    }
}

/// The content for programs.
fn facts(gathered: &Gathered, desk: &Desk) -> Value {
    let courses = gathered.destinations.iter().map(|(id, course)| {
        let (state, since) = match course.now {
            Now::Paused { since } => ("paused", since),
            Now::Back { since, .. } => ("healthy", since),
        };
        json!({
            "destination": id, "state": state, "since": since, "pauses": course.pauses, "backs": course.backs,
            "paused_at": course.first_paused_at, "waiting": course.waited,
            "reason": course.reason.as_ref().map(|reason| &reason.word),
        })
    });
    let failed = gathered.failed.iter().map(|group| {
        json!({
            "destination": group.destination, "form": group.form, "count": group.count, "reason": group.reason.word,
            "text": group.reason.text.pick(desk.language), "leads": group.examples,
        })
    });
    let waiting = gathered.waiting.iter().map(|(id, overdue)| {
        json!({ "destination": id, "waiting": overdue.waiting, "oldest_received_at": overdue.oldest_received_at })
    });
    json!({
        "destinations": courses.collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "failed_count": gathered.failures(),
        "waiting": waiting.collect::<Vec<_>>(),
    })
}
