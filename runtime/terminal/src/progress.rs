//! What a long command is doing, for people who wait: bars and steps on stderr.
//!
//! Shown only when stderr is a terminal and `--quiet` was not given; elsewhere nothing is drawn, so logs stay readable. What
//! matters after the command has ended is a message ([`crate::printer::Printer::note`]), never a bar.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::printer::Printer;

/// Makes bars and steps. From [`Printer::progress`].
#[derive(Debug, Clone)]
pub struct Progress {
    printer: Printer,
    bars: MultiProgress,
}

impl Progress {
    pub(crate) fn beside(printer: Printer, bars: MultiProgress) -> Self {
        Self { printer, bars }
    }

    /// A bar towards `total` of `what` ("pictures"), with the time that is left.
    #[must_use]
    pub fn bar(&self, total: u64, what: &'static str) -> Bar {
        let bar = self.bars.add(ProgressBar::new(total).with_message(what));
        bar.set_style(style("[{bar:30}] {pos}/{len} {msg}, {eta} left"));
        Bar { bar }
    }

    /// One line that names the step at hand, for phases whose length nobody knows.
    #[must_use]
    pub fn steps(&self) -> Steps {
        Steps { progress: self.clone(), spinner: None }
    }
}

/// A bar; it disappears when dropped.
#[derive(Debug)]
pub struct Bar {
    bar: ProgressBar,
}

impl Bar {
    /// That many more are done.
    pub fn advance(&self, done: u64) {
        self.bar.inc(done);
    }

    /// What stands behind the numbers from here on: what is counted, and what is known of it.
    pub fn tell(&self, what: String) {
        self.bar.set_message(what);
    }

    /// How many are done.
    #[must_use]
    pub fn done(&self) -> u64 {
        self.bar.position()
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// The step at hand; it disappears when dropped.
#[derive(Debug)]
pub struct Steps {
    progress: Progress,
    spinner: Option<ProgressBar>,
}

impl Steps {
    /// Ends the step before and begins this one, named as an activity: "reading ckpt.pth.tar". With `--verbose` the name is
    /// also a message, so that it is in the log when the command dies.
    pub fn begin(&mut self, step: &str) {
        self.end();
        self.progress.printer.detail(step);
        let spinner = self.progress.bars.add(ProgressBar::new_spinner().with_message(step.to_owned()));
        spinner.set_style(style("{spinner} {msg} ({elapsed})"));
        if !self.progress.bars.is_hidden() {
            // The spinner's own thread, so only where somebody sees it.
            spinner.enable_steady_tick(Duration::from_millis(120));
        }
        self.spinner = Some(spinner);
    }

    /// Ends the step at hand.
    pub fn end(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.end();
    }
}

/// The templates are constants of this file; a test parses each.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flags::Verbosity;
    use crate::printer::tests::Recorded;

    #[test]
    fn nothing_is_drawn_where_there_is_no_terminal() {
        let messages = Recorded::default();
        let progress = Printer::to_streams(std::io::sink(), messages.clone(), Verbosity::Normal).progress();
        let bar = progress.bar(10, "pictures");
        bar.advance(3);
        assert_eq!(bar.done(), 3);
        let mut steps = progress.steps();
        steps.begin("reading ckpt.pth.tar");
        drop((bar, steps));
        assert_eq!(messages.text(), "");
    }

    #[test]
    fn steps_are_messages_when_verbose() {
        let messages = Recorded::default();
        let progress = Printer::to_streams(std::io::sink(), messages.clone(), Verbosity::Verbose).progress();
        let mut steps = progress.steps();
        steps.begin("reading ckpt.pth.tar");
        steps.begin("checking a.onnx");
        steps.end();
        assert_eq!(messages.text(), "note: reading ckpt.pth.tar\nnote: checking a.onnx\n");
    }

    #[test]
    fn the_templates_can_be_parsed() {
        for template in ["[{bar:30}] {pos}/{len} {msg}, {eta} left", "{spinner} {msg} ({elapsed})"] {
            ProgressStyle::with_template(template).unwrap();
        }
    }
}
