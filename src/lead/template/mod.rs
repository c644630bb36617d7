//! Templates: minijinja expressions of the config over a lead. Only the config is a template; what a visitor types is never evaluated.
//!
//! A template is compiled once, when the config is read, so that a mistake is a problem of the config and not of a delivery.
//! The engine finds an unknown filter or test only when it gets there; `vocabulary` therefore looks for them at once.

mod context;
mod nested;
mod repetition;
mod vocabulary;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, LazyLock};

use minijinja::value::ValueKind;
use minijinja::{
    AutoEscape, Environment, Expression, Output, State, UndefinedBehavior, Value as Engine,
};

pub use crate::lead::template::context::{CONTEXT_NAMES, Context};
pub use crate::lead::template::repetition::Repetition;

use crate::lead::Value;

/// The rules of evaluation; a constant that cannot be built at compile time. It never holds a template.
static RULES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut rules = Environment::new();
    rules.set_undefined_behavior(UndefinedBehavior::Chainable);
    rules.set_auto_escape_callback(|_| AutoEscape::None);
    rules.set_formatter(write_value);
    rules
});

/// The name under which a text template stands in its own environment; shows nowhere.
const NAME: &str = "template";

/// A parsed template of the config. Cheap to clone.
#[derive(Clone)]
pub struct Template {
    source: Arc<str>,
    program: Program,
}

#[derive(Clone)]
enum Program {
    /// No braces: the text itself.
    Static,
    /// One field and nothing else: its value goes through untouched, with its type and its exact digits.
    Field(Arc<Expression<'static, 'static>>, Arc<str>),
    /// One expression: its type is kept.
    Expression(Arc<Expression<'static, 'static>>),
    /// Anything else: text. The environment holds this one template.
    Text(Arc<Environment<'static>>),
}

/// Why a template cannot be read or evaluated.
#[derive(Debug)]
pub struct TemplateError(minijinja::Error);

impl From<minijinja::Error> for TemplateError {
    fn from(cause: minijinja::Error) -> Self {
        Self(cause)
    }
}

/// The engine's sentence and the line; without the name of a file, which a template of the config does not have.
impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.0.line() {
            write!(f, "line {line}: ")?;
        }
        write!(f, "{}", self.0.kind())?;
        match self.0.detail() {
            Some(detail) => write!(f, ": {detail}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for TemplateError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}

impl Template {
    /// Reads a template; the error says line and cause.
    ///
    /// Besides the syntax, the filters, tests and functions are checked: all must be known.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        let program = if ["{{", "{%", "{#"]
            .iter()
            .any(|opening| source.contains(opening))
        {
            compile(source)?
        } else {
            Program::Static
        };
        let template = Self {
            source: source.into(),
            program,
        };
        vocabulary::check(source, &template.names(), &RULES)?;
        Ok(template)
    }

    /// The text as the config has it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The submitted field that it is, when it is that field and nothing else.
    pub fn field(&self) -> Option<&str> {
        match &self.program {
            Program::Field(_, name) => Some(name),
            Program::Static | Program::Expression(_) | Program::Text(_) => None,
        }
    }

    /// The root names it mentions (`utm` for `utm.source`, `fields` for `fields["your-name"]`): context names, fields, functions.
    pub fn names(&self) -> BTreeSet<String> {
        match &self.program {
            Program::Static => BTreeSet::new(),
            Program::Field(expression, _) | Program::Expression(expression) => {
                expression.undeclared_variables(false).into_iter().collect()
            }
            Program::Text(environment) => environment
                .get_template(NAME)
                .map(|template| template.undeclared_variables(false).into_iter().collect())
                .unwrap_or_default(),
        }
    }

    /// The value; `None` when it is empty or undefined. A template that is one expression keeps its type, any other is text.
    ///
    /// `0` and `false` are values. Text of white space only is empty. An error is a mistake in the template that only shows
    /// with this lead, such as a sum with an absent field.
    pub fn evaluate(&self, context: &Context) -> Result<Option<Value>, TemplateError> {
        let value = match &self.program {
            Program::Static => Some(Value::Text(self.source.to_string())),
            Program::Field(_, name) => match context.field(name) {
                Some(value) => Some(value),
                None => from_engine(&self.engine_value(context)?),
            },
            Program::Expression(_) => from_engine(&self.engine_value(context)?),
            Program::Text(environment) => Some(Value::Text(
                environment.get_template(NAME)?.render(context.root())?,
            )),
        };
        Ok(value.filter(|value| !is_empty(value)))
    }

    /// What the engine makes of the only expression; text otherwise.
    fn engine_value(&self, context: &Context) -> Result<Engine, TemplateError> {
        match &self.program {
            Program::Field(expression, _) | Program::Expression(expression) => {
                Ok(expression.eval(context.root())?)
            }
            Program::Static | Program::Text(_) => Ok(Engine::from(&*self.source)),
        }
    }
}

/// The source is from the config: no visitor's data.
impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Template").field(&self.source).finish()
    }
}

fn compile(source: &str) -> Result<Program, TemplateError> {
    if let Some(inner) = between_braces(source)
        && let Ok(expression) = RULES.compile_expression_owned(inner.to_owned())
    {
        let expression = Arc::new(expression);
        return Ok(match vocabulary::field_alone(inner) {
            Some(name) => Program::Field(expression, name.into()),
            None => Program::Expression(expression),
        });
    }
    let mut environment = RULES.clone();
    environment.add_template_owned(NAME, source.to_owned())?;
    Ok(Program::Text(Arc::new(environment)))
}

/// What stands between the first braces and the last. It is one expression only if it compiles as such.
fn between_braces(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    Some(inner.strip_suffix('-').unwrap_or(inner))
}

/// Writes a value into a text template: lists by comma, ticks in small letters, nothing for none.
fn write_value(
    output: &mut Output<'_>,
    _state: &mut State<'_, '_>,
    value: &Engine,
) -> Result<(), minijinja::Error> {
    if let Some(value) = from_engine(value) {
        output.write_str(&value.to_text())?;
    }
    Ok(())
}

/// Our value for the engine's; `None` for undefined and none.
fn from_engine(value: &Engine) -> Option<Value> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => None,
        ValueKind::Bool => Some(Value::Boolean(value.is_true())),
        ValueKind::Number => Some(number(value)),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map(|items| {
                items
                    .filter_map(|item| from_engine(&item))
                    .collect::<Vec<_>>()
            });
            let texts = items
                .unwrap_or_default()
                .iter()
                .map(Value::to_text)
                .filter(|text| !text.trim().is_empty())
                .collect();
            Some(Value::List(texts))
        }
        _ => Some(Value::Text(value.to_string())),
    }
}

fn number(value: &Engine) -> Value {
    if let Some(whole) = value.as_i64().filter(|_| value.is_integer()) {
        return Value::Integer(whole);
    }
    match f64::try_from(value.clone()) {
        // Fifteen significant digits are what a float holds; more are the noise of 0.1 + 0.2.
        Ok(float) if !value.is_integer() => {
            let rounded = format!("{float:.14e}").parse::<f64>().unwrap_or(float);
            Value::Number(rounded.to_string())
        }
        _ => Value::Number(value.to_string()),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Text(text) | Value::Number(text) => text.trim().is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Integer(_) | Value::Boolean(_) | Value::Date(_) => false,
    }
}

#[cfg(test)]
mod tests;
