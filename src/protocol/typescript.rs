//! TypeScript declarations of the tables, so that the npm package's types are the crate's own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::{Audio, ClientEvent, Patch, ServerEvent};
use crate::secret::Secret;

mod sdk;

/// Type that has a counterpart in TypeScript.
pub(crate) trait Typed {
    /// Returns the type as an expression, and declares what it is made of.
    fn typescript(types: &mut Types) -> String;

    /// Returns the text between a field's name and its end.
    fn field(types: &mut Types) -> String {
        format!(": {}", Self::typescript(types))
    }
}

/// Struct of the protocol as data.
pub(crate) trait Described {
    const NAME: &'static str;
    /// Lines of the doc comment.
    const DOC: &'static [&'static str];
    const FIELDS: &'static [FieldInfo];
}

/// Field of a struct.
pub(crate) struct FieldInfo {
    /// Key on the wire.
    pub(crate) key: &'static str,
    /// Lines of the doc comment.
    pub(crate) doc: &'static [&'static str],
    /// [`Typed::field`] of the type.
    pub(crate) field: fn(&mut Types) -> String,
}

/// Declarations, each once.
#[derive(Default)]
pub(crate) struct Types {
    known: BTreeSet<&'static str>,
    text: String,
    /// True while the events of the server are declared: the server gives each an ID.
    of_server: bool,
}

impl Types {
    /// Declares a struct, with its `type` if it has one, and returns its name.
    pub(crate) fn object<T: Described>(&mut self, tag: Option<&str>) -> String {
        if self.known.insert(T::NAME) {
            let optional = if sdk::has_optional_tag(T::NAME) {
                "?"
            } else {
                ""
            };
            let mut rows = Vec::from_iter(tag.map(|tag| format!("  type{optional}: '{tag}';")));
            for info in T::FIELDS {
                let field = match info.key {
                    "event_id" if self.of_server && tag.is_some() => String::field(self),
                    _ => (info.field)(self),
                };
                // The official SDK's types decide: programs that name them compile with these, too.
                let Some(field) = sdk::field(T::NAME, info.key, &field) else {
                    continue;
                };
                rows.push(format!("{}  {}{field};", docs(info.doc, "  "), info.key));
            }
            let (docs, name, rows) = (docs(T::DOC, ""), T::NAME, rows.join("\n"));
            match sdk::declaration(name) {
                Some(declaration) => self.declare(&format!("{docs}{declaration}")),
                None => self.declare(&format!("{docs}export interface {name} {{\n{rows}\n}}")),
            }
        }
        T::NAME.to_owned()
    }

    /// Declares a union, and returns its name.
    pub(crate) fn one_of(
        &mut self,
        name: &'static str,
        doc: &[&str],
        members: impl FnOnce(&mut Self) -> Vec<String>,
    ) -> String {
        if self.known.insert(name) {
            let mut members = members(self);
            members.retain(|member| sdk::has_member(name, member));
            let members = members.join("\n  | ");
            let docs = docs(doc, "");
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

/// Returns a comment with the lines of a doc comment. A link in them becomes its text.
fn docs(lines: &[&str], indent: &str) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| without_links(line.trim()))
        .collect();
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
        format!("?: {}", T::typescript(types))
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
         // `UPDATE_TYPES=1 cargo test --lib typescript` writes them again.\n{}",
        types.text
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/browser/js/events.d.ts");
    if std::env::var_os("UPDATE_TYPES").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == text,
        "{} differs from the tables: UPDATE_TYPES=1 writes it again",
        path.display()
    );
}
