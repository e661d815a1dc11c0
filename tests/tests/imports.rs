//! What files import: functions reach the table through operations only, and no files of a crate import each other in a
//! circle.

use std::collections::{BTreeMap, BTreeSet};

use crate::layout::{names, sources};

/// What a function does with the store by itself: it makes one, asks who calls, and says what was consumed.
const OF_THE_STORE: [&str; 5] = ["authenticate", "clone", "take_consumed", "site", "warm"];

/// A file as a module: the path of its names below the crate.
type Module = Vec<String>;

fn module(path: &str) -> Option<Module> {
    let parts: Vec<String> = path.strip_suffix(".rs")?.split('/').map(str::to_owned).collect();
    (!matches!(parts.last().map(String::as_str), Some("lib" | "main" | "tests"))).then_some(parts)
}

/// The code of a file without its comments and its own tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Every path in the code that begins in the crate, with what stands in braces spread out.
fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let starts = ["crate::", "super::"];
    let mut rest = code;
    while let Some(at) = starts.iter().filter_map(|start| rest.find(start)).min() {
        rest = &rest[at..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | ':'))).unwrap_or(rest.len());
        let (head, after) = rest.split_at(end);
        let head: Vec<String> = head.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
        match after.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            // The names of one level are enough: what is nested deeper stands in the same module.
            Some((inner, _)) => {
                let names = inner.split([',', '{']).map(|name| name.trim().split("::").next().unwrap_or_default());
                found.extend(names.map(|name| [head.clone(), vec![name.to_owned()]].concat()));
            }
            None => found.push(head),
        }
        rest = after;
    }
    found
}

/// The file that a path leads to, as seen from a file.
fn leads_to(path: &[String], from: &Module, modules: &BTreeSet<Module>) -> Option<Module> {
    let ups = path.iter().take_while(|name| *name == "super").count();
    let (base, rest) = match ups {
        0 => (&[][..], path.get(1..)?),
        ups => (from.get(..from.len().checked_sub(ups)?)?, path.get(ups..)?),
    };
    let whole: Module = [base, rest].concat();
    (1..=whole.len())
        .rev()
        .map(|length| whole[..length].to_vec())
        .find(|module| modules.contains(module) && module != from)
}

#[test]
fn no_files_of_a_crate_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for (parent, krate) in
        ["functions", "shared"].iter().flat_map(|parent| names(parent).into_iter().map(move |name| (parent, name)))
    {
        let root = format!("{parent}/{krate}/src/");
        let files: BTreeMap<Module, String> = sources(root.trim_end_matches('/'))
            .into_iter()
            .filter_map(|(path, text)| Some((module(path.strip_prefix(&root)?)?, code(&text))))
            .collect();
        let modules: BTreeSet<Module> = files.keys().cloned().collect();
        let mut imports: BTreeMap<&Module, BTreeSet<Module>> = BTreeMap::new();
        for (from, code) in &files {
            let led = paths(code).into_iter().filter_map(|path| leads_to(&path, from, &modules));
            imports.insert(from, led.collect());
        }
        // Whoever imports nothing that is left is in no circle.
        while let Some(free) =
            imports.iter().find(|(_, to)| to.iter().all(|to| !imports.contains_key(to))).map(|(of, _)| *of)
        {
            imports.remove(free);
        }
        let left: Vec<String> = imports.keys().map(|module| module.join("/")).collect();
        if !left.is_empty() {
            circles.push(format!("{parent}/{krate}: {left:?} import each other, or what does"));
        }
    }
    assert!(circles.is_empty(), "{circles:#?}");
}

#[test]
fn functions_reach_the_table_through_operations() {
    let mut wrong = Vec::new();
    for (path, text) in sources("functions") {
        for (number, line) in (1..).zip(code(&text).lines()) {
            let called = line.split("store.").skip(1).map(|rest| rest.split('(').next().unwrap_or_default());
            for method in called.filter(|method| !OF_THE_STORE.contains(method)) {
                wrong.push(format!("{path}, line {number} of its code, calls store.{method}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_circle_would_be_seen() {
    let path = |text: &str| text.split("::").map(str::to_owned).collect::<Vec<_>>();
    let modules: BTreeSet<Module> =
        ["a", "b", "b/c"].iter().map(|name| name.split('/').map(str::to_owned).collect()).collect();

    let found = paths("use crate::a::{One, Two};\nfn f() -> super::c::Three { crate::b::four() }");

    assert_eq!(found, ["crate::a::One", "crate::a::Two", "super::c::Three", "crate::b::four"].map(path));
    assert_eq!(leads_to(&path("crate::a::One"), &path("b"), &modules), Some(path("a")));
    assert_eq!(leads_to(&path("super::c::Three"), &path("b::d"), &modules), Some(path("b::c")));
    assert_eq!(leads_to(&path("super::four"), &path("b::c"), &modules), Some(path("b")));
    assert_eq!(leads_to(&path("crate::unknown"), &path("b"), &modules), None);
}
