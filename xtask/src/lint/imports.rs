//! Which room of a crate imports which, as the tokens of its files say: in `use`, in any other path, and
//! in the arguments of macros. What is built for tests alone does not count.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::{Context, Result, anyhow};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A top-level module, or the crate's root.
pub type Room = String;

const ROOT: &str = "the root";

/// A path of one room that leads into another.
#[derive(Debug)]
pub struct Import {
    pub from: Room,
    pub to: Room,
    /// File and line.
    pub at: String,
}

/// The imports between the rooms of a crate, from its root on.
pub fn imports_of(src: &Path) -> Result<Vec<Import>> {
    let root = ["lib.rs", "main.rs"]
        .map(|name| src.join(name))
        .into_iter()
        .find(|path| path.is_file())
        .with_context(|| format!("no lib.rs and no main.rs in {}", src.display()))?;
    let none = BTreeSet::new();
    let modules = scan(&read(&root)?, &[], &none).modules;
    let mut reader = Reader {
        src,
        rooms: modules.into_iter().flatten().collect(),
        imports: Vec::new(),
    };
    reader.file(&root, &[])?;
    Ok(reader.imports)
}

/// Follows the modules of a crate from file to file.
struct Reader<'a> {
    src: &'a Path,
    rooms: BTreeSet<Room>,
    imports: Vec<Import>,
}

impl Reader<'_> {
    fn file(&mut self, path: &Path, module: &[String]) -> Result<()> {
        let found = scan(&read(path)?, module, &self.rooms);
        let from = module.first().map_or(ROOT, String::as_str);
        let name = path.strip_prefix(self.src)?.display();
        let leaving = found.paths.into_iter().filter(|(to, _)| to != from);
        self.imports.extend(leaving.map(|(to, line)| Import {
            from: from.to_owned(),
            to,
            at: format!("{name}:{line}"),
        }));
        for child in found.modules {
            self.file(&self.file_of(&child)?, &child)?;
        }
        Ok(())
    }

    fn file_of(&self, module: &[String]) -> Result<PathBuf> {
        let folder = self.src.join(module.iter().collect::<PathBuf>());
        [folder.with_extension("rs"), folder.join("mod.rs")]
            .into_iter()
            .find(|path| path.is_file())
            .with_context(|| format!("no file of the module {}", module.join("::")))
    }
}

fn read(path: &Path) -> Result<Vec<TokenTree>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let tokens =
        TokenStream::from_str(&text).map_err(|error| anyhow!("{}: {error}", path.display()))?;
    Ok(tokens.into_iter().collect())
}

/// What the tokens of a module name.
struct Scan<'a> {
    rooms: &'a BTreeSet<Room>,
    /// Modules that have files of their own.
    modules: Vec<Vec<String>>,
    /// The room that a path leads to, and its line.
    paths: Vec<(Room, usize)>,
}

fn scan<'a>(tokens: &[TokenTree], module: &[String], rooms: &'a BTreeSet<Room>) -> Scan<'a> {
    let mut scan = Scan {
        rooms,
        modules: Vec::new(),
        paths: Vec::new(),
    };
    scan.tokens(tokens, module);
    scan
}

impl Scan<'_> {
    fn tokens(&mut self, mut tokens: &[TokenTree], module: &[String]) {
        while let [first, rest @ ..] = tokens {
            tokens = match (first, rest) {
                (TokenTree::Punct(mark), [TokenTree::Group(attribute), rest @ ..])
                    if mark.as_char() == '#' && is_for_tests(&attribute.stream()) =>
                {
                    behind_item(rest)
                }
                (TokenTree::Ident(word), [TokenTree::Ident(name), rest @ ..]) if word == "mod" => {
                    let child = [module, &[name.to_string()]].concat();
                    if let [TokenTree::Group(body), ..] = rest {
                        self.tokens(&trees(body.stream()), &child);
                    } else {
                        self.modules.push(child);
                    }
                    rest.get(1..).unwrap_or_default()
                }
                (TokenTree::Ident(_), _) => match behind_colons(rest) {
                    Some(_) => self.path(tokens, module),
                    None => rest,
                },
                (TokenTree::Group(group), rest) => {
                    self.tokens(&trees(group.stream()), module);
                    rest
                }
                (_, rest) => rest,
            }
        }
    }

    /// Takes a path that has at least two segments, as far as its room; what comes behind it is left.
    fn path<'a>(&mut self, path: &'a [TokenTree], module: &[String]) -> &'a [TokenTree] {
        let mut depth = module.len();
        let mut ahead = path;
        let mut absolute = false;
        while let [TokenTree::Ident(word), rest @ ..] = ahead
            && let Some(rest) = behind_colons(rest)
        {
            match &*word.to_string() {
                "crate" => depth = 0,
                "super" => depth = depth.saturating_sub(1),
                "self" => {}
                _ => break,
            }
            (ahead, absolute) = (rest, true);
        }
        if depth == 0 {
            // The root's other paths may begin with a crate or a type.
            self.leads(ahead, absolute);
        }
        // What comes behind a name is of its own room.
        while let [TokenTree::Ident(_), rest @ ..] = ahead
            && let Some(rest) = behind_colons(rest)
        {
            ahead = rest;
        }
        ahead.get(1..).unwrap_or_default()
    }

    fn leads(&mut self, path: &[TokenTree], absolute: bool) {
        match path {
            [TokenTree::Group(list), ..] if list.delimiter() == Delimiter::Brace => {
                let list = trees(list.stream());
                for path in list.split(is_comma) {
                    self.leads(path, absolute);
                }
            }
            [TokenTree::Ident(name), ..] if self.rooms.contains(&name.to_string()) => {
                self.paths
                    .push((name.to_string(), name.span().start().line));
            }
            [first, ..] if absolute => {
                self.paths
                    .push((ROOT.to_owned(), first.span().start().line));
            }
            _ => {}
        }
    }
}

fn trees(tokens: TokenStream) -> Vec<TokenTree> {
    tokens.into_iter().collect()
}

fn is_for_tests(attribute: &TokenStream) -> bool {
    attribute.to_string().replace(' ', "") == "cfg(test)"
}

fn is_comma(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(mark) if mark.as_char() == ',')
}

fn behind_colons(tokens: &[TokenTree]) -> Option<&[TokenTree]> {
    match tokens {
        [TokenTree::Punct(one), TokenTree::Punct(two), rest @ ..]
            if one.as_char() == ':' && two.as_char() == ':' =>
        {
            Some(rest)
        }
        _ => None,
    }
}

/// An item ends with a semicolon or with the braces of its body.
fn behind_item(tokens: &[TokenTree]) -> &[TokenTree] {
    let end = tokens.iter().position(|token| match token {
        TokenTree::Punct(mark) => mark.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        _ => false,
    });
    end.and_then(|end| tokens.get(end + 1..))
        .unwrap_or_default()
}
