//! A Python process that works whenever it is asked to, and says how long it took.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use moead_tests::golden::root;
use moead_tests::python;

pub(crate) struct Peer {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts a script that lies beside this file.
    pub(crate) fn start(script: &str, arguments: &[&Path]) -> Self {
        let mut command = Command::new(python::interpreter());
        command.arg(root().join("tests/benches").join(script)).args(arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("Python starts");
        let questions = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, questions, answers }
    }

    /// CPU seconds of one piece of work.
    pub(crate) fn run(&mut self, work: &str) -> f64 {
        let question = format!("{work}\n");
        self.questions.write_all(question.as_bytes()).expect("the peer listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the peer answers");
        line.trim().parse().unwrap_or_else(|_| panic!("the peer answered {line:?} instead of seconds"))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
