//! Rust sources without comments and literals, so that a rule about code does not stumble over words about it.

/// The code of a source: comments and the insides of string and character literals become spaces. Lines keep their numbers,
/// and a line its length in characters.
pub(crate) fn code_of(source: &str) -> String {
    let mut reader = Reader { rest: source.chars().collect(), at: 0, code: String::with_capacity(source.len()) };
    while reader.at < reader.rest.len() {
        reader.step();
    }
    reader.code
}

/// Whether `code` has `token` as a token of its own: `println!` is not part of `eprintln!`, `clap` not of `clap_complete`.
pub(crate) fn has_token(code: &str, token: &str) -> bool {
    code.match_indices(token).any(|(start, _)| {
        let before = code[..start].chars().next_back();
        let after = code[start + token.len()..].chars().next();
        let open = |edge: Option<char>, neighbour: Option<char>| {
            !(edge.is_some_and(is_word) && neighbour.is_some_and(is_word))
        };
        open(token.chars().next(), before) && open(token.chars().next_back(), after)
    })
}

fn is_word(character: char) -> bool {
    character == '_' || character.is_alphanumeric()
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    code: String,
}

impl Reader {
    fn step(&mut self) {
        match (self.peek(0), self.peek(1)) {
            (Some('/'), Some('/')) => self.blank_while(|reader| reader.peek(0) != Some('\n')),
            (Some('/'), Some('*')) => self.block_comment(),
            (Some('"'), _) => self.string(),
            (Some('r'), Some('"' | '#')) if self.starts_raw_string() => self.raw_string(),
            (Some('\''), Some('\\')) => self.escaped_character(),
            (Some('\''), Some(_)) if self.peek(2) == Some('\'') => self.blank(3),
            _ => self.keep(1),
        }
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn keep(&mut self, count: usize) {
        let end = (self.at + count).min(self.rest.len());
        self.code.extend(&self.rest[self.at..end]);
        self.at = end;
    }

    fn blank(&mut self, count: usize) {
        let end = (self.at + count).min(self.rest.len());
        self.code.extend(self.rest[self.at..end].iter().map(|&character| if character == '\n' { '\n' } else { ' ' }));
        self.at = end;
    }

    fn blank_while(&mut self, goes_on: impl Fn(&Self) -> bool) {
        while self.at < self.rest.len() && goes_on(self) {
            self.blank(1);
        }
    }

    /// Block comments nest.
    fn block_comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.rest.len() {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                _ => {
                    self.blank(1);
                    continue;
                }
            }
            self.blank(2);
            if depth == 0 {
                return;
            }
        }
    }

    fn string(&mut self) {
        self.keep(1);
        while let Some(character) = self.peek(0) {
            match character {
                '\\' => self.blank(2),
                '"' => return self.keep(1),
                _ => self.blank(1),
            }
        }
    }

    /// At the `r` of `r"…"`, `r#"…"#`, `br"…"`, and not of `r#type` or of a word that ends in r.
    fn starts_raw_string(&self) -> bool {
        let word: String = self.rest[..self.at].iter().rev().take_while(|character| is_word(**character)).collect();
        let has_prefix = ["", "b", "c"].contains(&word.as_str());
        has_prefix && self.rest[self.at + 1..].iter().find(|&&character| character != '#') == Some(&'"')
    }

    fn raw_string(&mut self) {
        let hashes = self.rest[self.at + 1..].iter().take_while(|&&character| character == '#').count();
        self.keep(hashes + 2);
        let closes =
            |reader: &Self| reader.peek(0) == Some('"') && (1..=hashes).all(|ahead| reader.peek(ahead) == Some('#'));
        self.blank_while(|reader| !closes(reader));
        self.keep(hashes + 1);
    }

    fn escaped_character(&mut self) {
        self.blank(3);
        self.blank_while(|reader| reader.peek(0) != Some('\''));
        self.blank(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_disappear_and_code_stays() {
        let cases = [
            ("a(); // word", "a();        "),
            ("/* word /* word */ word */ b", "                           b"),
            (r#"f("word \" word") + g"#, r#"f("            ") + g"#),
            ("r#\"word \" word\"# + h", "r#\"           \"# + h"),
            ("let c = '\"'; word('a')", "let c =    ; word(   )"),
            (r"let c = '\''; k", r"let c =     ; k"),
            ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)"),
            ("r#type = 1; // x", "r#type = 1;     "),
        ];
        for (source, code) in cases {
            assert_eq!(code_of(source), code, "{source}");
        }
    }

    #[test]
    fn lines_keep_their_numbers() {
        let source = "/* one\n two */ three\n\"four\n five\" six";
        assert_eq!(code_of(source).lines().count(), 4);
        assert!(code_of(source).lines().nth(3).unwrap().contains("six"));
    }

    #[test]
    fn tokens_are_whole() {
        assert!(has_token("println!(x)", "println!"));
        assert!(!has_token("eprintln!(x)", "println!"));
        assert!(!has_token("use clap_complete::Shell;", "clap"));
        assert!(has_token("use clap::Args;", "clap"));
        assert!(has_token("#[ignore = \"\"]", "#[ignore"));
    }
}
