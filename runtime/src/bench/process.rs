//! The side that asks: a contender as a process of its own.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::protocol::{Answer, Question};

/// The longest answer: a map of the largest input, as decimal numbers.
const ANSWER_BYTES: u64 = 256 << 20;

/// A contender's process.
#[derive(Debug)]
pub struct Contender {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Why a contender is out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContenderError {
    /// It cannot be started or reached.
    #[error("its process: {0}")]
    Process(#[from] io::Error),
    /// It ended: a crash in a library takes its contender, and not the others.
    #[error("its process ended early ({0})")]
    Ended(String),
    /// What it says makes no sense.
    #[error("its process answered {0}")]
    Answer(String),
    /// It cannot run the model.
    #[error("{0}")]
    Refused(String),
}

impl Contender {
    /// Starts one: `command` runs [`super::contender::serve`] on its standard streams.
    ///
    /// # Errors
    /// [`ContenderError::Process`]
    pub fn start(mut command: Command) -> Result<Self, ContenderError> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        let piped = || io::Error::other("its streams are not piped");
        let (questions, answers) = (questions.ok_or_else(piped)?, answers.ok_or_else(piped)?);
        Ok(Self { child, questions, answers: BufReader::new(answers) })
    }

    /// Asks, and waits for the answer.
    ///
    /// # Errors
    /// [`ContenderError`]
    pub fn ask(&mut self, question: Question) -> Result<Answer, ContenderError> {
        let mut line = serde_json::to_string(&question).map_err(io::Error::from)?;
        line.push('\n');
        // A process that ended says so when its answer is read.
        let _ = self.questions.write_all(line.as_bytes());
        self.answer()
    }

    /// Waits for an answer; the first comes unasked.
    ///
    /// # Errors
    /// [`ContenderError`]
    pub fn answer(&mut self) -> Result<Answer, ContenderError> {
        let mut line = String::new();
        (&mut self.answers).take(ANSWER_BYTES).read_line(&mut line)?;
        if line.is_empty() {
            return Err(ContenderError::Ended(self.child.wait()?.to_string()));
        }
        match serde_json::from_str(&line) {
            Ok(Answer::Refused { cause }) => Err(ContenderError::Refused(cause)),
            Ok(answer) => Ok(answer),
            Err(_) => Err(ContenderError::Answer(format!("{:?}", line.chars().take(80).collect::<String>()))),
        }
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        // It may hang in a driver.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
