//! A Rust file read for its facts: which paths, calls, functions and attributes stand where, apart from its tests.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// One file of Rust.
pub(crate) struct Source {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    /// As it is.
    pub(crate) text: String,
    /// What its code outside of tests holds.
    pub(crate) facts: Facts,
    /// The whole file belongs to tests: it is below `tests/`, or a module declared with `#[cfg(test)]`.
    pub(crate) is_test: bool,
}

/// Each with its line, counted from 1.
#[derive(Default)]
pub(crate) struct Facts {
    /// Paths as written, one entry for each leaf of a `use`; `super`, `self` and `punctual` replaced by `crate::…`.
    pub(crate) paths: Vec<(usize, Vec<String>)>,
    /// Method calls with the string literal that is their only argument.
    pub(crate) calls: Vec<(usize, String, Option<String>)>,
    /// The fields of log lines, as their names.
    pub(crate) log_fields: Vec<(usize, String)>,
    /// Functions with the number of their lines, from `fn` to the last brace.
    pub(crate) functions: Vec<(usize, String, usize)>,
    /// Functions with the number of their parameters: `self` is one, a tuple is as many as it has members. What another
    /// trait asks for is counted where the trait is.
    pub(crate) parameters: Vec<(String, usize)>,
    /// Structs, enums, unions, traits and aliases that other files can name.
    pub(crate) public_types: Vec<String>,
    /// The types of `impl` blocks of their own, not those of a trait.
    pub(crate) impls: Vec<Vec<String>>,
    /// What a `use` brings into the file.
    pub(crate) names: Vec<Name>,
    /// Attributes as `allow(clippy::name)`, without spaces.
    pub(crate) attributes: Vec<(usize, String)>,
    /// Lines of items that are only built for tests.
    pub(crate) test_lines: Vec<RangeInclusive<usize>>,
    /// Modules in other files that are only built for tests, as `crate::a::b`.
    test_modules: Vec<Vec<String>>,
}

/// A leaf of a `use`.
pub(crate) struct Name {
    pub(crate) line: usize,
    /// As the file calls it.
    pub(crate) name: String,
    /// As in [`Facts::paths`].
    pub(crate) path: Vec<String>,
    /// Others may find it here: `pub use`, in any degree.
    pub(crate) is_public: bool,
}

impl Source {
    /// Reads one file; `path` is relative and tells its module.
    pub(crate) fn new(path: &str, text: &str) -> Source {
        let file = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut collector =
            Collector { module: module_of(path), in_impl_of_a_trait: false, facts: Facts::default() };
        collector.visit_file(&file);
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            facts: collector.facts,
            is_test: !path.starts_with("src/"),
        }
    }

    /// The room of the house that the file is in: `core` for `src/core/…`, `clock` for `src/clock.rs`.
    pub(crate) fn room(&self) -> String {
        let rest = self.path.strip_prefix("src/").unwrap_or(&self.path);
        rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs").to_owned()
    }

    /// The lines that belong to tests, each with its number.
    pub(crate) fn test_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let in_test = |n: usize| self.is_test || self.facts.test_lines.iter().any(|range| range.contains(&n));
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line)).filter(move |(n, _)| in_test(*n))
    }
}

/// Every Rust file of `src` and `tests`.
pub(crate) fn read_all(root: &Path, tracked: &[String]) -> Vec<Source> {
    let mut sources: Vec<Source> = tracked
        .iter()
        .filter(|path| path.ends_with(".rs") && (path.starts_with("src/") || path.starts_with("tests/")))
        .map(|path| {
            let text = std::fs::read_to_string(root.join(path))
                .unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
            Source::new(path, &text)
        })
        .collect();
    mark_test_modules(&mut sources);
    sources
}

/// A module below a test module is one too.
fn mark_test_modules(sources: &mut [Source]) {
    let test_modules: BTreeSet<Vec<String>> =
        sources.iter().flat_map(|source| source.facts.test_modules.clone()).collect();
    for source in sources {
        let module = module_of(&source.path);
        source.is_test |= test_modules.iter().any(|test_module| module.starts_with(test_module));
    }
}

/// `src/core/step/mod.rs` is `crate::core::step`; `src/lib.rs` and `src/main.rs` are `crate`.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let rest = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let parts = rest.split('/').filter(|part| !["lib", "main", "mod"].contains(part));
    std::iter::once("crate").chain(parts).map(str::to_owned).collect()
}

struct Collector {
    module: Vec<String>,
    in_impl_of_a_trait: bool,
    facts: Facts,
}

impl Collector {
    fn add_path(&mut self, line: usize, segments: &[String]) {
        let path = self.resolve(segments);
        self.facts.paths.push((line, path));
    }

    fn resolve(&self, segments: &[String]) -> Vec<String> {
        let mut resolved: Vec<String> = Vec::new();
        for segment in segments {
            match segment.as_str() {
                "self" if resolved.is_empty() && segments.len() > 1 => resolved = self.module.clone(),
                "self" => {}
                "super" if resolved.is_empty() => {
                    resolved = self.module.clone();
                    resolved.pop();
                }
                "super" => drop(resolved.pop()),
                "punctual" if resolved.is_empty() && segments.len() > 1 => resolved.push("crate".to_owned()),
                _ => resolved.push(segment.clone()),
            }
        }
        resolved
    }

    fn add_use(&mut self, prefix: &mut Vec<String>, tree: &syn::UseTree, is_public: bool) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(prefix, &path.tree, is_public);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_use(prefix, tree, is_public));
            }
            syn::UseTree::Name(name) => {
                let called = if name.ident == "self" { prefix.last().cloned() } else { None };
                let called = called.unwrap_or_else(|| name.ident.to_string());
                self.add_leaf(prefix, &name.ident, called, is_public);
            }
            syn::UseTree::Rename(rename) => {
                self.add_leaf(prefix, &rename.ident, rename.rename.to_string(), is_public);
            }
            syn::UseTree::Glob(glob) => {
                let line = glob.star_token.spans[0].start().line;
                self.add_path(line, prefix);
            }
        }
    }

    fn add_leaf(&mut self, prefix: &[String], ident: &syn::Ident, name: String, is_public: bool) {
        let mut segments = prefix.to_vec();
        segments.push(ident.to_string());
        let line = ident.span().start().line;
        self.add_path(line, &segments);
        let path = self.resolve(&segments);
        self.facts.names.push(Name { line, name, path, is_public });
    }

    fn add_parameters(&mut self, signature: &syn::Signature) {
        let count = |input: &syn::FnArg| match input {
            syn::FnArg::Typed(typed) => members(&typed.ty),
            _ => 1,
        };
        let count = signature.inputs.iter().map(count).sum();
        self.facts.parameters.push((signature.ident.to_string(), count));
    }

    fn add_type(&mut self, visibility: &syn::Visibility, ident: &syn::Ident) {
        if !matches!(visibility, syn::Visibility::Inherited) {
            self.facts.public_types.push(ident.to_string());
        }
    }

    /// Inside of a macro nothing is parsed: what looks like `a::b::c` is a path, and `.name("…")` a call.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is_punct = |i: usize, c| matches!(tokens.get(i), Some(TokenTree::Punct(p)) if p.as_char() == c);
        let mut i = 0;
        while i < tokens.len() {
            match &tokens[i] {
                TokenTree::Group(group) => self.add_tokens(group.stream()),
                TokenTree::Ident(ident) => {
                    let line = ident.span().start().line;
                    if i > 0 && is_punct(i - 1, '.') {
                        self.facts.calls.push((line, ident.to_string(), literal_of(tokens.get(i + 1))));
                    }
                    let mut segments = vec![ident.to_string()];
                    while is_punct(i + 1, ':') && is_punct(i + 2, ':') {
                        let Some(TokenTree::Ident(next)) = tokens.get(i + 3) else { break };
                        segments.push(next.to_string());
                        i += 3;
                    }
                    self.add_path(line, &segments);
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            i += 1;
        }
    }

    fn add_function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let start = signature.fn_token.span.start().line;
        let end = block.brace_token.span.close().end().line;
        self.facts.functions.push((start, signature.ident.to_string(), end + 1 - start));
    }

    /// True if the item is only built for tests; remembers where it stands.
    fn skip_test(&mut self, item: &syn::Item) -> bool {
        let attributes = attributes_of(item);
        if !attributes.iter().any(is_test) {
            return false;
        }
        let start = attributes[0].pound_token.span.start().line;
        match item {
            syn::Item::Mod(module) => match &module.content {
                Some((brace, _)) => self.facts.test_lines.push(start..=brace.span.close().end().line),
                None => {
                    let mut path = self.module.clone();
                    path.push(module.ident.to_string());
                    self.facts.test_modules.push(path);
                }
            },
            syn::Item::Fn(function) => {
                let end = function.block.brace_token.span.close().end().line;
                self.facts.test_lines.push(start..=end);
            }
            _ => {}
        }
        true
    }
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if self.skip_test(item) {
            return;
        }
        match item {
            syn::Item::Struct(item) => self.add_type(&item.vis, &item.ident),
            syn::Item::Enum(item) => self.add_type(&item.vis, &item.ident),
            syn::Item::Union(item) => self.add_type(&item.vis, &item.ident),
            syn::Item::Trait(item) => self.add_type(&item.vis, &item.ident),
            syn::Item::Type(item) => self.add_type(&item.vis, &item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of_a_trait = item.trait_.is_some();
        if let (false, syn::Type::Path(of)) = (of_a_trait, &*item.self_ty) {
            let segments: Vec<String> = of.path.segments.iter().map(|part| part.ident.to_string()).collect();
            self.facts.impls.push(self.resolve(&segments));
        }
        let outside = std::mem::replace(&mut self.in_impl_of_a_trait, of_a_trait);
        visit::visit_item_impl(self, item);
        self.in_impl_of_a_trait = outside;
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let in_test = matches!(item, syn::ImplItem::Fn(function) if function.attrs.iter().any(is_test));
        if !in_test {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let is_public = !matches!(item.vis, syn::Visibility::Inherited);
        self.add_use(&mut Vec::new(), &item.tree, is_public);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.add_path(path.segments[0].ident.span().start().line, &segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = call.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if LOGS.contains(&name.as_str()) {
            self.facts.log_fields.extend(log_fields(call.tokens.clone()));
        }
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let line = attribute.pound_token.span.start().line;
        if let syn::Meta::List(list) = &attribute.meta {
            self.add_tokens(list.tokens.clone());
            let name = attribute.path().segments.last().map(|s| s.ident.to_string()).unwrap_or_default();
            let tokens = list.tokens.to_string().replace(' ', "");
            self.facts.attributes.push((line, format!("{name}({tokens})")));
        } else if let Some(ident) = attribute.path().get_ident() {
            self.facts.attributes.push((line, ident.to_string()));
        }
        visit::visit_attribute(self, attribute);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let argument = match call.args.first() {
            Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. })) => Some(text.value()),
            _ => None,
        };
        self.facts.calls.push((call.method.span().start().line, call.method.to_string(), argument));
        visit::visit_expr_method_call(self, call);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add_function(&function.sig, &function.block);
        self.add_parameters(&function.sig);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add_function(&function.sig, &function.block);
        if !self.in_impl_of_a_trait {
            self.add_parameters(&function.sig);
        }
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.add_function(&function.sig, block);
        }
        self.add_parameters(&function.sig);
        visit::visit_trait_item_fn(self, function);
    }
}

/// How many values a parameter of this type hands over.
fn members(of: &syn::Type) -> usize {
    match of {
        syn::Type::Tuple(tuple) => tuple.elems.iter().map(members).sum::<usize>().max(1),
        syn::Type::Reference(to) => members(&to.elem),
        syn::Type::Paren(inner) => members(&inner.elem),
        _ => 1,
    }
}

/// Macros that write a line of the log.
const LOGS: &[&str] = &["error", "warn", "info", "debug", "trace", "event"];

/// `name = …`, `name`, `%name`, `?name` among the arguments of a log line.
fn log_fields(arguments: TokenStream) -> Vec<(usize, String)> {
    let arguments: Vec<TokenTree> = arguments.into_iter().collect();
    let is = |token: Option<&TokenTree>, signs: &[char]| matches!(token, Some(TokenTree::Punct(sign)) if signs.contains(&sign.as_char()));
    let parts = arguments.split(|token| is(Some(token), &[',']));
    let field = |part: &[TokenTree]| {
        let part = if is(part.first(), &['%', '?']) { &part[1..] } else { part };
        let Some(TokenTree::Ident(name)) = part.first() else { return None };
        let is_whole = part.len() == 1 || is(part.get(1), &['=']);
        is_whole.then(|| (name.span().start().line, name.to_string()))
    };
    parts.filter_map(field).collect()
}

/// `("…")` after the name of a method, within a macro.
fn literal_of(arguments: Option<&TokenTree>) -> Option<String> {
    let Some(TokenTree::Group(group)) = arguments else { return None };
    syn::parse2::<syn::LitStr>(group.stream()).ok().map(|text| text.value())
}

/// `#[test]`, `#[tokio::test]`, `#[cfg(test)]` and the like, but not `#[cfg(not(test))]`.
fn is_test(attribute: &syn::Attribute) -> bool {
    match &attribute.meta {
        syn::Meta::List(list) if list.path.is_ident("cfg") => {
            let tokens = list.tokens.to_string();
            tokens.split(|c: char| !c.is_alphanumeric()).any(|word| word == "test") && !tokens.contains("not")
        }
        meta => meta.path().segments.last().is_some_and(|segment| segment.ident == "test"),
    }
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
