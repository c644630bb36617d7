//! Who the visitor is, by declared kinds and by the usual names.

use crate::lead::submission::tests::*;

#[test]
fn declared_kinds_tell_who_the_visitor_is() {
    let fields = vec![
        spec("who", FieldKind::Name),
        spec("call", FieldKind::Phone),
        spec("write", FieldKind::Email),
        spec("message", FieldKind::Text),
    ];
    let given = [
        ("who", "Петрова Анна Сергеевна"),
        ("call", "8 495 123-45-67 доб. 9"),
        ("write", "A@B.ru"),
        ("message", "Жду"),
    ];
    let contact = lead(fields, &given).contact;
    let name = contact.name.expect("a name");
    assert_eq!(
        (name.last(), name.first(), name.patronymic()),
        (Some("Петрова"), Some("Анна"), Some("Сергеевна"))
    );
    assert_eq!(
        contact.phone.as_ref().and_then(|phone| phone.extension()),
        Some("9")
    );
    assert_eq!(
        contact.email.as_ref().map(|email| email.as_str()),
        Some("a@b.ru")
    );
    assert_eq!(contact.comment.as_deref(), Some("Жду"));
    assert_eq!(contact.read_from, ["who", "call", "write", "message"]);
}

#[test]
fn undeclared_contact_data_is_known_by_the_usual_names() {
    for names in [
        ["Name", "Phone", "Email", "Comments"],
        ["your-name", "tel-512", "your-email", "your-message"],
        ["ФИО", "Телефон", "Почта", "Комментарий"],
    ] {
        let given = [
            (names[0], "Анна"),
            (names[1], "8 912 345 67 89"),
            (names[2], "Anna@mail.ru"),
            (names[3], "Жду"),
        ];
        let lead = lead(vec![], &given);
        assert_eq!(lead.contact.read_from, names, "{names:?}");
        assert_eq!(
            lead.contact.phone.as_ref().map(|phone| phone.e164()),
            Some("+79123456789")
        );
        assert_eq!(lead.fields[1].value, Value::Text("+79123456789".to_owned()));
        assert_eq!(lead.fields[1].typed.as_deref(), Some("8 912 345 67 89"));
    }
}

#[test]
fn an_undeclared_phone_or_email_that_cannot_be_read_stays_a_text_field() {
    let lead = lead(vec![], &[("phone", "звоните вечером"), ("email", "нет")]);
    assert_eq!(values(&lead), ["phone=звоните вечером", "email=нет"]);
    assert_eq!(lead.contact, crate::lead::Contact::default());
}

#[test]
fn the_usual_names_mean_nothing_where_the_form_declares_the_kind() {
    let contact = lead(
        vec![spec("call", FieldKind::Phone)],
        &[("phone", "89123456789")],
    )
    .contact;
    assert!(contact.phone.is_none() && contact.read_from.is_empty());
}

#[test]
fn a_name_in_several_fields_is_put_together() {
    let contact = lead(vec![], &[("first_name", "Анна"), ("last_name", "Петрова")]).contact;
    assert_eq!(
        contact.name.as_ref().map(|name| name.typed()),
        Some("Петрова Анна")
    );
    assert_eq!(contact.read_from, ["last_name", "first_name"]);
    let contact = lead(
        vec![],
        &[
            ("Имя", "Анна"),
            ("Фамилия", "Петрова"),
            ("Отчество", "Сергеевна"),
        ],
    )
    .contact;
    assert_eq!(
        contact.name.as_ref().and_then(|name| name.patronymic()),
        Some("Сергеевна")
    );
    let contact = lead(vec![], &[("name", "Анна Петрова"), ("surname", "Петрова")]).contact;
    assert_eq!(contact.read_from, ["name"]);
}
