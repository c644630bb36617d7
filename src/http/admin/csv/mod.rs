//! The list as CSV for Excel and its relatives: RFC 4180, UTF-8 with a byte order mark, streamed page by page.
//!
//! A stream cannot know the fields of leads it has not read yet. So the columns are: the fixed ones, one for each field that the
//! forms of the config declare (of the one form, when the list is filtered by form), and a last one with every other field by name.

mod cells;
mod sheet;

use std::borrow::Cow;

use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::stream;

use crate::http::admin::filters::{self, MOST_PER_PAGE};
use crate::http::admin::reason::BadParameter;
use crate::lead::{Language, LeadId};
use crate::store::{Filter, Page, Store, StoreError};

pub(super) use sheet::{Columns, Sheet};

/// How the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Between cells.
    pub(super) separator: char,
    /// Of the headers and the words in cells.
    pub(super) language: Language,
}

impl Dialect {
    /// Reads `sep` (`;`, `,` or `tab`) and `lang`. Without `sep` it is the one that Excel expects in that language.
    pub(super) fn from_query(query: &str, preferred: Language) -> Result<Self, BadParameter> {
        let language = match filters::parameter(query, "lang").as_deref() {
            None | Some("") => preferred,
            Some(tag) => Language::parse(tag).ok_or(BadParameter {
                name: "lang",
                expected_ru: "ru или en",
                expected_en: "ru or en",
            })?,
        };
        let separator = match filters::parameter(query, "sep").as_ref().map(Cow::as_ref) {
            None | Some("") => match language {
                Language::Ru => ';',
                Language::En => ',',
            },
            Some(";") => ';',
            Some(",") => ',',
            Some("tab" | "\t") => '\t',
            Some(_) => {
                return Err(BadParameter {
                    name: "sep",
                    expected_ru: "«;», «,» или tab",
                    expected_en: "; or , or tab",
                });
            }
        };
        Ok(Self {
            separator,
            language,
        })
    }
}

/// Where the export is.
enum Position {
    Header,
    After(Option<LeadId>),
    End,
}

/// The whole file in pieces of one page of leads. An error breaks the connection off, so that half a file does not look whole.
pub(super) fn stream(
    store: Store,
    filter: Filter,
    sheet: Sheet,
) -> impl Stream<Item = Result<Bytes, StoreError>> {
    stream::try_unfold(
        (Position::Header, store, filter, sheet),
        |(position, store, filter, sheet)| async move {
            let before = match position {
                Position::Header => {
                    let header = Bytes::from(format!("\u{feff}{}", sheet.header()));
                    return Ok(Some((
                        header,
                        (Position::After(None), store, filter, sheet),
                    )));
                }
                Position::After(before) => before,
                Position::End => return Ok(None),
            };
            let page = Page {
                before,
                limit: MOST_PER_PAGE,
            };
            let page = store.leads(filter.clone(), page).await?;
            let rows: String = page.leads.iter().map(|stored| sheet.row(stored)).collect();
            let position = page
                .next
                .map_or(Position::End, |next| Position::After(Some(next)));
            Ok(Some((Bytes::from(rows), (position, store, filter, sheet))))
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_separator_follows_the_language_unless_it_is_chosen() {
        let separator = |query| {
            Dialect::from_query(query, Language::En)
                .expect("readable")
                .separator
        };
        assert_eq!(separator(""), ',');
        assert_eq!(separator("lang=ru"), ';');
        assert_eq!(separator("lang=ru&sep=%2C"), ',');
        assert_eq!(separator("sep=;"), ';');
        assert_eq!(separator("sep=tab"), '\t');
        assert!(Dialect::from_query("sep=x", Language::En).is_err());
    }
}
