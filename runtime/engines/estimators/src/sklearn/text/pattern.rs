//! Regular expressions of Python, as far as words are told by them.
//!
//! An expression becomes a program for the machine beside. Character classes and word boundaries are
//! those of Python's `str`. Look-around, references and flags other than `u` are refused.

use std::iter::Peekable;
use std::str::Chars;

use super::letter::{is_digit, is_space, is_word};

/// How deep groups may be nested.
const DEPTH_MAX: usize = 50;
/// The most instructions of a program.
const N_INSTRUCTIONS_MAX: usize = 4096;

/// Characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Class {
    items: Vec<Item>,
    is_negated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    Range(char, char),
    Word(bool),
    Digit(bool),
    Space(bool),
}

impl Class {
    pub(super) fn has(&self, letter: char) -> bool {
        let has = |item: &Item| match item {
            Item::Range(first, last) => (*first..=*last).contains(&letter),
            Item::Word(is) => is_word(letter) == *is,
            Item::Digit(is) => is_digit(letter) == *is,
            Item::Space(is) => is_space(letter) == *is,
        };
        self.items.iter().any(has) != self.is_negated
    }

    fn one(item: Item) -> Node {
        Node::Class(Self { items: vec![item], is_negated: false })
    }
}

/// What must hold between two characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Boundary(bool),
    Start,
    /// The end, or before a line feed that is the end.
    LineEnd,
    End,
}

/// A step of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Class(Class),
    /// To both, preferably to the first.
    Split(usize, usize),
    Jump(usize),
    /// The start (0) or end (1) of the group that is asked for.
    Save(usize),
    Look(Look),
    Match,
}

#[derive(Debug, Clone)]
enum Node {
    Class(Class),
    Look(Look),
    Group(Box<Self>),
    Sequence(Vec<Self>),
    Choice(Vec<Self>),
    Repeat { node: Box<Self>, least: usize, most: Option<usize>, is_greedy: bool },
}

/// Compiles an expression, or says why not.
pub(super) fn compile(pattern: &str) -> Result<Vec<Step>, String> {
    let mut parser = Parser { rest: pattern.chars().peekable(), depth: 0, n_groups: 0 };
    let node = parser.choice()?;
    if parser.rest.next().is_some() {
        return Err("a `)` without `(`".to_owned());
    }
    if parser.n_groups > 1 {
        return Err("more than one group".to_owned());
    }
    let mut program = Vec::new();
    write(&node, &mut program)?;
    push(&mut program, Step::Match)?;
    Ok(program)
}

fn push(program: &mut Vec<Step>, step: Step) -> Result<usize, String> {
    if program.len() >= N_INSTRUCTIONS_MAX {
        return Err("it is too large".to_owned());
    }
    program.push(step);
    Ok(program.len() - 1)
}

fn write(node: &Node, program: &mut Vec<Step>) -> Result<(), String> {
    match node {
        Node::Class(class) => push(program, Step::Class(class.clone())).map(|_| ()),
        Node::Look(look) => push(program, Step::Look(*look)).map(|_| ()),
        Node::Group(node) => {
            push(program, Step::Save(0))?;
            write(node, program)?;
            push(program, Step::Save(1)).map(|_| ())
        }
        Node::Sequence(nodes) => nodes.iter().try_for_each(|node| write(node, program)),
        Node::Choice(nodes) => {
            let mut ends = Vec::new();
            for (at, node) in nodes.iter().enumerate() {
                if at + 1 == nodes.len() {
                    write(node, program)?;
                    break;
                }
                let split = push(program, Step::Match)?;
                write(node, program)?;
                ends.push(push(program, Step::Match)?);
                program[split] = Step::Split(split + 1, program.len());
            }
            let end = program.len();
            for at in ends {
                program[at] = Step::Jump(end);
            }
            Ok(())
        }
        Node::Repeat { node, least, most, is_greedy } => {
            repeat(node, *least, *most, *is_greedy, program)
        }
    }
}

fn repeat(
    node: &Node,
    least: usize,
    most: Option<usize>,
    is_greedy: bool,
    program: &mut Vec<Step>,
) -> Result<(), String> {
    let split = |once: usize, on: usize| {
        if is_greedy { Step::Split(once, on) } else { Step::Split(on, once) }
    };
    for _ in 0..least {
        let before = program.len();
        write(node, program)?;
        // What matches nothing need not be repeated.
        if program.len() == before {
            return Ok(());
        }
    }
    let Some(most) = most else {
        let at = push(program, Step::Match)?;
        write(node, program)?;
        push(program, Step::Jump(at))?;
        program[at] = split(at + 1, program.len());
        return Ok(());
    };
    let mut splits = Vec::new();
    for _ in least..most {
        splits.push(push(program, Step::Match)?);
        write(node, program)?;
    }
    let end = program.len();
    for at in splits {
        program[at] = split(at + 1, end);
    }
    Ok(())
}

struct Parser<'p> {
    rest: Peekable<Chars<'p>>,
    depth: usize,
    n_groups: usize,
}

impl Parser<'_> {
    fn choice(&mut self) -> Result<Node, String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err("groups are nested too deep".to_owned());
        }
        let mut nodes = vec![self.sequence()?];
        while self.rest.next_if_eq(&'|').is_some() {
            nodes.push(self.sequence()?);
        }
        self.depth -= 1;
        Ok(Node::Choice(nodes))
    }

    fn sequence(&mut self) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(letter) = self.rest.next_if(|letter| !matches!(letter, '|' | ')')) {
            let node = match letter {
                '(' => match self.group()? {
                    Some(node) => node,
                    None => continue,
                },
                '[' => Node::Class(self.class()?),
                '\\' => self.escape()?,
                '.' => {
                    let line_feed = Item::Range('\n', '\n');
                    Node::Class(Class { items: vec![line_feed], is_negated: true })
                }
                '^' => Node::Look(Look::Start),
                '$' => Node::Look(Look::LineEnd),
                '*' | '+' | '?' => return Err(format!("nothing to repeat before `{letter}`")),
                letter => Class::one(Item::Range(letter, letter)),
            };
            nodes.push(self.repeated(node)?);
        }
        Ok(Node::Sequence(nodes))
    }

    /// What follows `(`; `None` where that is no more than the flag `u`.
    fn group(&mut self) -> Result<Option<Node>, String> {
        let mut is_told = true;
        if self.rest.next_if_eq(&'?').is_some() {
            match (self.rest.next(), self.rest.peek()) {
                (Some(':'), _) => is_told = false,
                (Some('u'), Some(')')) => {
                    self.rest.next();
                    return Ok(None);
                }
                (Some('P'), Some('<')) => {
                    while self.rest.next().ok_or("a `(` without `)`")? != '>' {}
                }
                (Some(letter), _) => return Err(format!("a group `(?{letter}`")),
                (None, _) => return Err("a `(` without `)`".to_owned()),
            }
        }
        self.n_groups += usize::from(is_told);
        let node = self.choice()?;
        if self.rest.next() != Some(')') {
            return Err("a `(` without `)`".to_owned());
        }
        Ok(Some(if is_told { Node::Group(Box::new(node)) } else { node }))
    }

    /// What follows a backslash outside of a class.
    fn escape(&mut self) -> Result<Node, String> {
        let letter = self.rest.next().ok_or("a `\\` at the end")?;
        Ok(match letter {
            'b' | 'B' => Node::Look(Look::Boundary(letter == 'b')),
            'A' => Node::Look(Look::Start),
            'Z' => Node::Look(Look::End),
            letter => Class::one(self.escaped(letter)?),
        })
    }

    /// A character or a class that a letter after a backslash stands for.
    fn escaped(&mut self, letter: char) -> Result<Item, String> {
        let one = |letter: char| Item::Range(letter, letter);
        Ok(match letter {
            'w' | 'W' => Item::Word(letter == 'w'),
            'd' | 'D' => Item::Digit(letter == 'd'),
            's' | 'S' => Item::Space(letter == 's'),
            'n' => one('\n'),
            't' => one('\t'),
            'r' => one('\r'),
            'f' => one('\u{c}'),
            'v' => one('\u{b}'),
            'a' => one('\u{7}'),
            'x' => one(self.code(2)?),
            'u' => one(self.code(4)?),
            letter if !letter.is_ascii_alphanumeric() => one(letter),
            letter => return Err(format!("an escape `\\{letter}`")),
        })
    }

    fn code(&mut self, n_digits: usize) -> Result<char, String> {
        let digits: Option<String> = (0..n_digits).map(|_| self.rest.next()).collect();
        let code = digits.and_then(|digits| u32::from_str_radix(&digits, 16).ok());
        code.and_then(char::from_u32).ok_or_else(|| "a character that is none".to_owned())
    }

    /// What follows `[`.
    fn class(&mut self) -> Result<Class, String> {
        let is_negated = self.rest.next_if_eq(&'^').is_some();
        let mut items = Vec::new();
        loop {
            let letter = self.rest.next().ok_or("a `[` without `]`")?;
            let item = match letter {
                ']' if !items.is_empty() => return Ok(Class { items, is_negated }),
                '\\' => match self.rest.next().ok_or("a `[` without `]`")? {
                    'b' => Item::Range('\u{8}', '\u{8}'),
                    letter => self.escaped(letter)?,
                },
                letter => Item::Range(letter, letter),
            };
            // A `-` before the `]` is a character.
            let mut ahead = self.rest.clone();
            let is_range =
                ahead.next() == Some('-') && ahead.next().is_some_and(|next| next != ']');
            let Item::Range(first, _) = item else {
                items.push(item);
                continue;
            };
            if !is_range {
                items.push(item);
                continue;
            }
            self.rest.next();
            let last = match self.rest.next().ok_or("a `[` without `]`")? {
                '\\' => {
                    let letter = self.rest.next().ok_or("a `[` without `]`")?;
                    self.escaped(letter)?
                }
                letter => Item::Range(letter, letter),
            };
            match last {
                Item::Range(last, _) if first <= last => items.push(Item::Range(first, last)),
                _ => return Err("a range of characters that is none".to_owned()),
            }
        }
    }

    /// A node with what says how often it comes.
    fn repeated(&mut self, node: Node) -> Result<Node, String> {
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => match self.counts()? {
                Some(counts) => counts,
                None => return Ok(node),
            },
            _ => return Ok(node),
        };
        self.rest.next();
        let is_greedy = self.rest.next_if_eq(&'?').is_none();
        if let Some('*' | '+' | '?') = self.rest.peek() {
            return Err("a repetition of a repetition".to_owned());
        }
        if most.is_some_and(|most| most < least) {
            return Err("a repetition that is none".to_owned());
        }
        Ok(Node::Repeat { node: Box::new(node), least, most, is_greedy })
    }

    /// The counts of `{2}`, `{2,}`, `{,3}` or `{2,3}`, up to the `}`; `None` where `{` is a character.
    fn counts(&mut self) -> Result<Option<(usize, Option<usize>)>, String> {
        let mut ahead = self.rest.clone();
        ahead.next();
        let inside: String = ahead.by_ref().take_while(|letter| *letter != '}').collect();
        let is_count = inside.chars().all(|letter| letter.is_ascii_digit() || letter == ',');
        if !is_count || inside.is_empty() || inside == "," {
            return Err("a `{` that does not count: write `\\{`".to_owned());
        }
        let number = |text: &str| text.parse().map_err(|_| "a repetition that is none".to_owned());
        let counts = match inside.split_once(',') {
            None => (number(&inside)?, Some(number(&inside)?)),
            Some((least, most)) => {
                let least = if least.is_empty() { 0 } else { number(least)? };
                (least, if most.is_empty() { None } else { Some(number(most)?) })
            }
        };
        // The `}` is left.
        for _ in 0..=inside.len() {
            self.rest.next();
        }
        Ok(Some(counts))
    }
}
