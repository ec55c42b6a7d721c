//! Cargo.toml, the npm package's manifest and the documents agree on features and versions.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::source;

#[derive(Deserialize)]
struct Manifest {
    package: Package,
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Package {
    version: String,
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    docs: Docs,
}

#[derive(Deserialize)]
struct Docs {
    rs: DocsRs,
}

#[derive(Deserialize)]
struct DocsRs {
    features: BTreeSet<String>,
}

fn manifest() -> Manifest {
    toml::from_str(&source::read("Cargo.toml")).expect("Cargo.toml is valid")
}

/// Returns the features but these, and but the internal ones, whose names begin with `_`.
fn features(manifest: Manifest, hidden: &[&str]) -> BTreeSet<String> {
    let features = manifest.features.into_keys();
    let features = features.filter(|name| !name.starts_with('_'));
    features.filter(|name| !hidden.contains(&&**name)).collect()
}

#[test]
fn the_front_page_has_a_row_for_each_feature() {
    let features = features(manifest(), &["default"]);
    let page = source::read("src/front.md");
    let (_, section) = page
        .split_once("# Features")
        .expect("a section about features");
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let rows: BTreeSet<_> = rows.filter_map(|row| row.split('`').nth(1)).collect();
    assert_eq!(rows, features.iter().map(String::as_str).collect());
}

#[test]
fn docs_rs_shows_every_feature_for_users() {
    let manifest = manifest();
    let shown = manifest.package.metadata.docs.rs.features.clone();
    let features = features(manifest, &["default", "js"]);
    assert_eq!(shown, features);
    let workflow = source::read(".github/workflows/ci.yml");
    let (_, listed) = workflow
        .split_once("FEATURES: ")
        .expect("a list of features");
    let listed = listed.lines().next().unwrap_or_default();
    assert_eq!(
        listed
            .split(',')
            .map(str::to_owned)
            .collect::<BTreeSet<_>>(),
        features
    );
}

#[test]
fn the_versions_agree() {
    let version = manifest().package.version;
    let npm = source::read("npm/package.json");
    assert!(
        npm.contains(&format!("\"version\": \"{version}\"")),
        "npm/package.json"
    );
    let readme = source::read("README.md");
    let short = version
        .rsplit_once('.')
        .map_or(&*version, |(short, _)| short);
    let lines = readme
        .lines()
        .filter(|line| line.starts_with("openai-realtime-ws = "));
    let lines: Vec<_> = lines.collect();
    assert!(!lines.is_empty());
    for line in lines {
        assert!(line.contains(&format!("\"{short}\"")), "{line}");
    }
}
