//! The table of clients names the versions that the tests install.

use crate::source;

/// Returns the version of a package of the lock file of npm or of the requirements of pip.
fn installed(registry: &str, name: &str) -> Option<String> {
    match registry {
        "npm" => {
            let lock = source::read("tests/node/package-lock.json");
            let (_, entry) = lock.split_once(&format!("\"node_modules/{name}\": {{"))?;
            let (_, version) = entry.split_once("\"version\": \"")?;
            version.split('"').next().map(str::to_owned)
        }
        "PyPI" => source::read("xtask/src/setup/clients.txt")
            .lines()
            .filter_map(|line| line.trim_end_matches([' ', '\\']).split_once("=="))
            .find(|(package, _)| *package == name)
            .map(|(_, version)| version.to_owned()),
        other => panic!("no registry {other}"),
    }
}

#[test]
fn versions_are_those_that_the_tests_install() {
    let document = source::read("docs/clients.md");
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let mut clients = 0;
    for row in rows {
        let mut cells = row.split(" | ");
        let (names, version) = (cells.next().unwrap_or_default(), cells.next());
        let (names, registry) = names.rsplit_once(" (").expect("a registry in brackets");
        for name in names.split('`').skip(1).step_by(2) {
            let found = installed(registry.trim_end_matches(')'), name);
            assert_eq!(found.as_deref(), version, "{name}");
            clients += 1;
        }
    }
    assert_eq!(clients, 9);
}
