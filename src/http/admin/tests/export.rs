//! The CSV as a spreadsheet gets it.

use super::{World, delivered, run};

#[test]
fn the_export_has_a_mark_a_zone_and_guarded_cells() {
    run(async {
        let world = World::new();
        let id = world
            .lead(
                &[
                    ("name", "=HYPERLINK(1)"),
                    ("phone", "89123456789"),
                    ("guests", "3"),
                    ("note", "a;\"b\""),
                ],
                None,
            )
            .await;
        world.attempt(id, delivered()).await;
        let answer = world.get("/admin/api/leads.csv?lang=ru").await;
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8");
        assert!(
            answer
                .header("content-disposition")
                .starts_with("attachment; filename=\"leads-")
        );
        let mut lines = answer.body.split("\r\n");
        let header = lines.next().expect("a header");
        assert!(
            header.starts_with("\u{feff}Получена (Europe/Moscow);Номер заявки;"),
            "{header}"
        );
        assert!(header.ends_with(";Guests;Другие поля"), "{header}");
        let row = lines.next().expect("a row");
        assert!(row.contains(";'=HYPERLINK(1);'+79123456789;"), "{row}");
        assert!(
            row.contains(";shop;1042C;https://demo.retailcrm.ru/orders/1042/edit;1;"),
            "{row}"
        );
        assert!(row.ends_with(";3;\"note: a;\"\"b\"\"\""), "{row}");
        assert_eq!(lines.collect::<Vec<_>>(), [""]);
    });
}

#[test]
fn the_export_goes_on_past_one_page_and_obeys_the_filters() {
    run(async {
        let world = World::new();
        for n in 0..205 {
            world.lead(&[("name", &format!("Lead {n}"))], None).await;
        }
        let lines = |body: &str| body.lines().count();
        assert_eq!(lines(&world.get("/admin/api/leads.csv").await.body), 206);
        let found = world.get("/admin/api/leads.csv?state=delivered").await;
        assert_eq!(lines(&found.body), 1);
    });
}
