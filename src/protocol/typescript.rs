//! The tables in TypeScript, so that the npm package's declarations are the crate's own types.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::{Audio, ClientEvent, Patch, ServerEvent};
use crate::secret::Secret;

/// What has a type in TypeScript.
pub trait Typed {
    /// The type, as an expression; what it is made of is declared.
    fn typescript(types: &mut Types) -> String;

    /// What stands between a field's name and its end.
    fn field(types: &mut Types) -> String {
        format!(": {}", Self::typescript(types))
    }
}

/// A field: its attributes, its name, and what [`Typed::field`] says of its type.
pub type Row = (&'static str, &'static str, fn(&mut Types) -> String);

/// Declarations, each once.
#[derive(Default)]
pub struct Types {
    known: BTreeSet<&'static str>,
    text: String,
    /// Whether it is the server that writes the events: it gives each an id.
    of_server: bool,
}

impl Types {
    pub fn object(&mut self, name: &'static str, attributes: &str, fields: &[Row]) -> String {
        if self.known.insert(name) {
            let tag = string_after(attributes, "rename =");
            let mut rows = Vec::from_iter(tag.as_ref().map(|tag| format!("  type: '{tag}';")));
            for (attributes, key, field) in fields {
                let field = match *key {
                    "event_id" if self.of_server && tag.is_some() => String::field(self),
                    _ => field(self),
                };
                rows.push(format!("{}  {key}{field};", docs(attributes, "  ")));
            }
            let docs = docs(attributes, "");
            self.declare(&format!(
                "{docs}export interface {name} {{\n{}\n}}",
                rows.join("\n")
            ));
        }
        name.to_owned()
    }

    pub fn one_of(
        &mut self,
        name: &'static str,
        attributes: &str,
        members: impl FnOnce(&mut Self) -> Vec<String>,
    ) -> String {
        if self.known.insert(name) {
            let members = members(self).join("\n  | ");
            let docs = docs(attributes, "");
            self.declare(&format!("{docs}export type {name} =\n  | {members};"));
        }
        name.to_owned()
    }

    fn declare(&mut self, declaration: &str) {
        self.text.push('\n');
        self.text.push_str(declaration);
        self.text.push('\n');
    }
}

/// A comment of the doc comments among attributes. A link in them is its text.
fn docs(attributes: &str, indent: &str) -> String {
    let mut lines = Vec::new();
    let mut rest = attributes;
    while let Some((_, behind)) = rest.split_once("doc =") {
        let line = string_after(rest, "doc =").unwrap_or_default();
        lines.push(without_links(line.trim()));
        rest = behind;
    }
    match lines.as_slice() {
        [] => String::new(),
        [line] => format!("{indent}/** {line} */\n"),
        lines => {
            let lines = lines.join(&format!("\n{indent} * "));
            format!("{indent}/**\n{indent} * {lines}\n{indent} */\n").replace(" * \n", " *\n")
        }
    }
}

fn without_links(line: &str) -> String {
    match line.split_once("](") {
        Some((before, rest)) => {
            let behind = rest.split_once(')').map_or("", |(_, behind)| behind);
            without_links(&format!("{before}{behind}"))
        }
        None => line.replace(['[', ']'], ""),
    }
}

/// The string literal, raw or not, that stands behind this text for the first time.
fn string_after(text: &str, before: &str) -> Option<String> {
    let (_, literal) = text.split_once(before)?;
    let literal = literal.trim_start().trim_start_matches('r');
    let literal = literal.strip_prefix('"')?;
    let (string, _) = literal.split_once('"')?;
    Some(string.to_owned())
}

macro_rules! plain {
    ($($Type:ty => $name:literal,)*) => {
        $(impl Typed for $Type {
            fn typescript(_: &mut Types) -> String {
                $name.to_owned()
            }
        })*
    };
}

plain! {
    String => "string",
    Secret => "string",
    Audio => "string",
    bool => "boolean",
    u8 => "number",
    u32 => "number",
    u64 => "number",
    i64 => "number",
    f64 => "number",
    Value => "unknown",
}

impl<T: Typed> Typed for Option<T> {
    fn typescript(types: &mut Types) -> String {
        format!("{} | null", T::typescript(types))
    }

    fn field(types: &mut Types) -> String {
        format!("?: {}", Self::typescript(types))
    }
}

impl<T: Typed> Typed for Patch<T> {
    fn typescript(types: &mut Types) -> String {
        Option::<T>::typescript(types)
    }

    fn field(types: &mut Types) -> String {
        Option::<T>::field(types)
    }
}

impl<T: Typed> Typed for Vec<T> {
    fn typescript(types: &mut Types) -> String {
        format!("Array<{}>", T::typescript(types))
    }
}

impl<T: Typed> Typed for Box<T> {
    fn typescript(types: &mut Types) -> String {
        T::typescript(types)
    }
}

impl<T: Typed> Typed for BTreeMap<String, T> {
    fn typescript(types: &mut Types) -> String {
        format!("Record<string, {}>", T::typescript(types))
    }
}

#[test]
fn the_npm_packages_declarations_are_those_of_the_tables() {
    let mut types = Types {
        of_server: true,
        ..Types::default()
    };
    ServerEvent::typescript(&mut types);
    types.of_server = false;
    ClientEvent::typescript(&mut types);
    let text = format!(
        "// The protocol's events, written by the crate's tests from its tables: do not edit. After a change of a table,\n\
         // `UPDATE_TYPES=1 cargo test --lib typescript` writes them anew.\n{}",
        types.text
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/browser/js/events.d.ts");
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "{} differs from the tables: UPDATE_TYPES=1 writes it anew",
        path.display()
    );
}
