//! JavaScript as text: whether a value function of the config is one.

use oxc_allocator::Allocator;
use oxc_ast::ast::{Expression, Program, Statement};
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::Parser;
use oxc_semantic::SemanticBuilder;
use oxc_span::{GetSpan, SourceType};

/// Why a text is no script.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} (line {line}, column {column})")]
pub struct SyntaxError {
    /// What the parser says of it, in English.
    pub message: String,
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// What stands around the body of a value function, here and in the served script: the line ends keep a comment of the body inside it.
const AROUND_BODY: [&str; 2] = ["function(){\n", "\n}"];

/// The function of a checked body.
pub(super) fn function(body: &str) -> String {
    AROUND_BODY.join(body)
}

/// Whether a text is the body of a function, of one only: one that closes its own brace and goes on outside would change the whole script.
pub fn check_body(body: &str) -> Result<(), SyntaxError> {
    let whole = format!("({})", function(body));
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, &whole, SourceType::script()).parse();
    let start = 1 + AROUND_BODY[0].len();
    if let Some(error) = parsed.diagnostics.errors().next() {
        return Err(error_in(body, start, error));
    }
    if !is_one_function(&parsed.program) {
        return Err(at(body, body.len(), "a closing brace too many".to_owned()));
    }
    let built = SemanticBuilder::new()
        .with_check_syntax_error(true)
        .build(&parsed.program);
    match built.diagnostics.errors().next() {
        Some(error) => Err(error_in(body, start, error)),
        None => Ok(()),
    }
}

fn is_one_function(program: &Program<'_>) -> bool {
    let [Statement::ExpressionStatement(statement)] = program.body.as_slice() else {
        return false;
    };
    let mut expression = &statement.expression;
    while let Expression::ParenthesizedExpression(inner) = expression {
        expression = &inner.expression;
    }
    // The whole text but the parentheses around it.
    matches!(expression, Expression::FunctionExpression(_))
        && expression.span().end + 1 == program.span.end
}

/// An error of a text in which `source` begins at the byte `start`.
fn error_in(source: &str, start: usize, error: &OxcDiagnostic) -> SyntaxError {
    let offset = error
        .labels
        .first()
        .map_or(0, |label| label.offset() as usize);
    at(
        source,
        offset.saturating_sub(start),
        error.message.to_string(),
    )
}

fn at(source: &str, offset: usize, message: String) -> SyntaxError {
    let before = &source[..source.floor_char_boundary(offset)];
    let last_line = before.rsplit('\n').next().unwrap_or_default();
    SyntaxError {
        message,
        line: before.matches('\n').count() + 1,
        column: last_line.chars().count() + 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_of_functions_are_taken() {
        for body in [
            "return document.querySelector('#total').textContent",
            "var a = 1; // the last line is a comment",
            "return $(\"input[name='email']\").val()",
            "if (x) { return x?.y ?? 'нет' }\nreturn `a${b}`",
            "/* nothing */",
            "let f = async () => { await g() }; return /[/}]/.test('}')",
        ] {
            assert_eq!(check_body(body), Ok(()), "{body}");
        }
    }

    #[test]
    fn what_would_break_the_script_is_told_with_its_place() {
        for (body, line, column) in [("return (", 1, 9), ("return 1;\nreturn 'нет", 2, 8)] {
            let error = check_body(body).expect_err(body);
            assert_eq!(
                (error.line, error.column),
                (line, column),
                "{body}: {error}"
            );
            assert!(!error.message.is_empty());
        }
        for body in [
            "let a; let a;",
            "break",
            "}",
            "return 1 }",
            "}, function(){",
            "}); alert(1); (function(){",
            "}(), function(){",
            "return await f()",
            "#!x",
            "/*",
        ] {
            assert!(check_body(body).is_err(), "{body}");
        }
    }
}
