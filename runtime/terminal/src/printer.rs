//! The two streams: stdout carries data, stderr carries messages for people.
//!
//! A message is one of three kinds and says so in words: `error:` (the command fails), `warning:` (something was assumed or
//! is worth a look), `note:` (what was chosen). Text from outside (file names, tensor names) may hold control characters;
//! they are written escaped, so that a checkpoint cannot move the cursor or change the window's title.

use std::fmt::{Display, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use indicatif::{MultiProgress, ProgressDrawTarget};
use owo_colors::{OwoColorize as _, Style};

use crate::flags::{Colour, TerminalFlags, Verbosity};
use crate::progress::Progress;

/// A handle to both streams. Clones share them; a line is written whole, whichever thread it comes from.
#[derive(Clone)]
pub struct Printer {
    shared: Arc<Shared>,
}

struct Shared {
    data: Mutex<Box<dyn Write + Send>>,
    messages: Mutex<Box<dyn Write + Send>>,
    data_colour: Colour,
    message_colour: Colour,
    verbosity: Verbosity,
    bars: MultiProgress,
}

/// The reader of stdout has gone (`moead-edge … | head`). Not a failure: [`crate::entry::run`] ends the program quietly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderGone;

impl Display for ReaderGone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the reader of standard output has gone")
    }
}

impl std::error::Error for ReaderGone {}

impl Printer {
    /// The process's own streams, as the flags want them.
    #[must_use]
    pub fn standard(flags: &TerminalFlags) -> Self {
        let verbosity = flags.verbosity();
        // `stderr()` hides the bars by itself when stderr is not a terminal.
        let target =
            if verbosity == Verbosity::Quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self {
            shared: Arc::new(Shared {
                data: Mutex::new(Box::new(io::stdout())),
                messages: Mutex::new(Box::new(io::stderr())),
                data_colour: flags.color.for_stdout(),
                message_colour: flags.color.for_stderr(),
                verbosity,
                bars: MultiProgress::with_draw_target(target),
            }),
        }
    }

    /// Streams given by the caller, without colour or progress: for tests of a program's glue.
    #[must_use]
    pub fn to_streams(
        data: impl Write + Send + 'static,
        messages: impl Write + Send + 'static,
        verbosity: Verbosity,
    ) -> Self {
        Self {
            shared: Arc::new(Shared {
                data: Mutex::new(Box::new(data)),
                messages: Mutex::new(Box::new(messages)),
                data_colour: Colour::Plain,
                message_colour: Colour::Plain,
                verbosity,
                bars: MultiProgress::with_draw_target(ProgressDrawTarget::hidden()),
            }),
        }
    }

    /// Writes one line of data, or several. Control characters are escaped; the sequences that colour are written where stdout is coloured, and
    /// removed elsewhere.
    ///
    /// # Errors
    /// As `write` on stdout; a closed pipe is marked so that the program ends quietly.
    pub fn line(&self, text: impl Display) -> io::Result<()> {
        let mut line = presentable(&text.to_string(), self.shared.data_colour);
        line.push('\n');
        self.data().write_all(line.as_bytes())
    }

    /// Stdout as a writer, for tables, JSON lines and files: bytes go through unchanged, and each `write_all` stays in one
    /// piece against other threads.
    #[must_use]
    pub fn data(&self) -> DataWriter {
        DataWriter { printer: self.clone() }
    }

    /// Says what failed. Shown even with `--quiet`.
    pub fn error(&self, text: impl Display) {
        self.message(Label::Error, &text);
    }

    /// Says what was assumed, or what deserves a look.
    pub fn warning(&self, text: impl Display) {
        if self.shared.verbosity >= Verbosity::Normal {
            self.message(Label::Warning, &text);
        }
    }

    /// Says what was chosen or done, when the user should know without asking.
    pub fn note(&self, text: impl Display) {
        if self.shared.verbosity >= Verbosity::Normal {
            self.message(Label::Note, &text);
        }
    }

    /// A note for `--verbose` only.
    pub fn detail(&self, text: impl Display) {
        if self.shared.verbosity >= Verbosity::Verbose {
            self.message(Label::Note, &text);
        }
    }

    /// Bars and steps that live beside these messages.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress::beside(self.clone(), self.shared.bars.clone())
    }

    /// How much is said on stderr.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.shared.verbosity
    }

    /// A word of data, coloured where data may be.
    #[must_use]
    pub fn emphasised(&self, emphasis: Emphasis, word: &str) -> String {
        match (self.shared.data_colour, emphasis) {
            (Colour::Plain, _) | (_, Emphasis::Plain) => word.to_owned(),
            (Colour::Ansi, Emphasis::Good) => word.green().to_string(),
            (Colour::Ansi, Emphasis::Careful) => word.yellow().bold().to_string(),
            (Colour::Ansi, Emphasis::Bad) => word.red().bold().to_string(),
        }
    }

    /// Writes a labelled message. When stderr itself is gone there is nobody left to tell, so that is not an error.
    pub(crate) fn message(&self, label: Label, text: &dyn Display) {
        let mut line = match self.shared.message_colour {
            Colour::Ansi => format!("{} ", label.text().style(label.style())),
            Colour::Plain => format!("{} ", label.text()),
        };
        line.push_str(&harmless(&text.to_string()));
        line.push('\n');
        self.shared.bars.suspend(|| {
            let mut stream = locked(&self.shared.messages);
            let _ = stream.write_all(line.as_bytes()).and_then(|()| stream.flush());
        });
    }
}

impl std::fmt::Debug for Printer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Printer").field("verbosity", &self.shared.verbosity).finish_non_exhaustive()
    }
}

/// What a word of data says, for those who see colour. The word says it without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Emphasis {
    /// All is well.
    Good,
    /// Neither.
    Plain,
    /// Deserves a look.
    Careful,
    /// Is wrong.
    Bad,
}

/// Stdout as [`Write`]. Made by [`Printer::data`].
#[derive(Debug, Clone)]
pub struct DataWriter {
    printer: Printer,
}

impl Write for DataWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let shared = &self.printer.shared;
        shared.bars.suspend(|| locked(&shared.data).write_all(bytes)).map_err(mark_reader_gone)
    }

    fn flush(&mut self) -> io::Result<()> {
        locked(&self.printer.shared.data).flush().map_err(mark_reader_gone)
    }
}

/// Whether an error comes from a reader of stdout that has gone.
#[must_use]
pub fn is_reader_gone(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.is::<ReaderGone>()
            || cause
                .downcast_ref::<io::Error>()
                .and_then(io::Error::get_ref)
                .is_some_and(|inner| inner.is::<ReaderGone>())
    })
}

/// What a message is, in words. Colour only repeats it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Label {
    Error,
    CausedBy,
    Hint,
    Warning,
    Note,
}

impl Label {
    fn text(self) -> &'static str {
        match self {
            Self::Error => "error:",
            Self::CausedBy => "caused by:",
            Self::Hint => "hint:",
            Self::Warning => "warning:",
            Self::Note => "note:",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Error => Style::new().red().bold(),
            Self::CausedBy => Style::new().red(),
            Self::Hint => Style::new().cyan().bold(),
            Self::Warning => Style::new().yellow().bold(),
            Self::Note => Style::new().bold(),
        }
    }
}

/// Control characters become their escapes; a line break goes on indented, so that a name cannot forge a message.
fn harmless(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => clean.push_str("\n  "),
            other => push_harmless(&mut clean, other),
        }
    }
    clean
}

/// Data as it is shown: line breaks and tabs stay, and the program's own colours where there is colour.
fn presentable(text: &str, colour: Colour) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        let (length, is_style) = style_at(rest).map_or((character.len_utf8(), false), |length| (length, true));
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        match character {
            _ if is_style && colour == Colour::Ansi => clean.push_str(piece),
            _ if is_style => {}
            '\n' | '\t' => clean.push(character),
            other => push_harmless(&mut clean, other),
        }
    }
    clean
}

/// Bytes of a sequence that sets a style (ECMA-48, 8.3.117), if `text` begins with one. It can do nothing worse than that.
fn style_at(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|character: char| !character.is_ascii_digit() && character != ';')?;
    parameters[end..].starts_with('m').then_some(2 + end + 1)
}

fn push_harmless(clean: &mut String, character: char) {
    match character {
        // Bidirectional controls reorder what a person reads; the rest move the cursor.
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            let _ = write!(clean, "{}", character.escape_unicode());
        }
        other if other.is_control() => {
            let _ = write!(clean, "{}", other.escape_default());
        }
        other => clean.push(other),
    }
}

fn mark_reader_gone(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::BrokenPipe {
        io::Error::new(io::ErrorKind::BrokenPipe, ReaderGone)
    } else {
        error
    }
}

/// A thread that panicked while writing leaves the stream usable.
fn locked<'a>(stream: &'a Mutex<Box<dyn Write + Send>>) -> MutexGuard<'a, Box<dyn Write + Send>> {
    stream.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A stream whose bytes a test can look at.
    #[derive(Clone, Default)]
    pub(crate) struct Recorded(Arc<Mutex<Vec<u8>>>);

    impl Recorded {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Recorded {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct ClosedPipe;

    impl Write for ClosedPipe {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn everything_said(verbosity: Verbosity) -> (String, String) {
        let (data, messages) = (Recorded::default(), Recorded::default());
        let printer = Printer::to_streams(data.clone(), messages.clone(), verbosity);
        printer.line("a result").unwrap();
        printer.error("broken");
        printer.warning("assumed 8 heads");
        printer.note("wrote a.onnx");
        printer.detail("read 120 tensors");
        (data.text(), messages.text())
    }

    #[test]
    fn data_and_messages_never_share_a_stream() {
        let (data, messages) = everything_said(Verbosity::Verbose);
        assert_eq!(data, "a result\n");
        assert_eq!(messages, "error: broken\nwarning: assumed 8 heads\nnote: wrote a.onnx\nnote: read 120 tensors\n");
    }

    #[test]
    fn quiet_leaves_errors_and_data() {
        assert_eq!(everything_said(Verbosity::Quiet), ("a result\n".into(), "error: broken\n".into()));
    }

    #[test]
    fn a_name_with_control_characters_cannot_touch_the_terminal_or_forge_a_message() {
        let messages = Recorded::default();
        let printer = Printer::to_streams(io::sink(), messages.clone(), Verbosity::Normal);
        printer.warning("tensor \u{1b}[2Ja\u{202e}b\nerror: not me");
        assert_eq!(messages.text(), "warning: tensor \\u{1b}[2Ja\\u{202e}b\n  error: not me\n");
    }

    #[test]
    fn a_reader_that_left_is_told_apart_from_a_full_disk() {
        let printer = Printer::to_streams(ClosedPipe, io::sink(), Verbosity::Normal);
        let gone = anyhow::Error::new(printer.line("a result").unwrap_err()).context("writing verdicts");
        assert!(is_reader_gone(&gone));
        assert!(!is_reader_gone(&anyhow::Error::new(io::Error::from(io::ErrorKind::BrokenPipe))));
    }

    #[test]
    fn words_are_coloured_only_where_data_may_be() {
        let printer = Printer::to_streams(io::sink(), io::sink(), Verbosity::Normal);
        assert_eq!(printer.emphasised(Emphasis::Bad, "problem"), "problem");
        let flags = TerminalFlags { color: crate::flags::ColorWhen::Always, ..TerminalFlags::default() };
        let printer = Printer::standard(&flags);
        assert_eq!(printer.emphasised(Emphasis::Plain, "note"), "note");
        let painted =
            [Emphasis::Good, Emphasis::Careful, Emphasis::Bad].map(|emphasis| printer.emphasised(emphasis, "x"));
        assert!(painted.iter().all(|word| word.starts_with("\u{1b}[") && word.contains('x')), "{painted:?}");
    }

    #[test]
    fn plain_data_carries_no_escape_sequences() {
        let data = Recorded::default();
        let printer = Printer::to_streams(data.clone(), io::sink(), Verbosity::Normal);
        printer.line("defect".red()).unwrap();
        assert_eq!(data.text(), "defect\n");
    }

    #[test]
    fn data_from_outside_cannot_touch_the_terminal_either() {
        let text = format!("board {} \u{1b}]0;title\u{7}\u{1b}[2J\u{202e}\tx\r\ny", "good".green());
        let escaped = "\\u{1b}]0;title\\u{7}\\u{1b}[2J\\u{202e}\tx\\r\ny";
        assert_eq!(presentable(&text, Colour::Plain), format!("board good {escaped}"));
        assert_eq!(presentable(&text, Colour::Ansi), format!("board {} {escaped}", "good".green()));
        assert_eq!(presentable("\u{1b}[", Colour::Ansi), "\\u{1b}[");
    }
}
