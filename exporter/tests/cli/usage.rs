//! Help, version, completions, and command lines that are wrong.

use crate::desk::{Desk, tiny};

#[test]
fn wrong_command_lines() {
    let desk = Desk::with(&tiny());
    insta::assert_snapshot!(desk.refuses(""), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      <CKPT>

    Usage: moead-export <CKPT>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --opsett 18"), @r"
    status: 2
    ----- stderr
    error: unexpected argument '--opsett' found

      tip: a similar argument exists: '--opset'

    Usage: moead-export --opset <OPSET> <CKPT>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --opset 17"), @r"
    status: 2
    ----- stderr
    error: invalid value '17' for '--opset <OPSET>': expected 18, the only one that this version writes

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --input-size 224"), @r"
    status: 2
    ----- stderr
    error: invalid value '224' for '--input-size <H,W>': expected height and width in pixels, as in 224,224

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --input-size 0,224"), @r"
    status: 2
    ----- stderr
    error: invalid value '0,224' for '--input-size <H,W>': expected height and width in pixels, as in 224,224

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --precision f8"), @r"
    status: 2
    ----- stderr
    error: invalid value 'f8' for '--precision <PRECISION>'
      [possible values: f32, f16, int8]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar --variant moad"), @r"
    status: 2
    ----- stderr
    error: invalid value 'moad' for '--variant <VARIANT>'
      [possible values: moead, moead-o, uniad]

      tip: a similar value exists: 'moead'

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("ckpt.pth.tar other.pth"), @r"
    status: 2
    ----- stderr
    error: the subcommand 'other.pth' cannot be used with '<CKPT>'

    Usage: moead-export [OPTIONS] <CKPT>
           moead-export <COMMAND>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("inspect"), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      <CKPT>

    Usage: moead-export inspect <CKPT>

    For more information, try '--help'.
    ");
}

#[test]
fn help_is_long_or_short() {
    let desk = Desk::empty();
    let long = desk.run("--help").success();
    assert!(long.stdout.contains("\nExamples:\n  moead-export ckpt.pth.tar "), "{}", long.stdout);
    assert!(long.stdout.contains("Exit status: 0 written, 1 an error (nothing was written)"), "{}", long.stdout);
    assert_eq!(long.stderr, "");
    insta::assert_snapshot!(desk.says("-h"), @r"
    status: 0
    ----- stdout
    Turns a trained MoEAD checkpoint into one self-contained ONNX file

    Usage: moead-export [OPTIONS] <CKPT>
           moead-export <COMMAND>

    Commands:
      inspect      Show what is in a checkpoint: parts, parameters, bytes, MACs, and what will not be
                   exported
      completions  Print a script that completes this program's arguments in a shell
      man          Print this program's manual page
      help         Print this message or the help of the given subcommand(s)

    Arguments:
      <CKPT>  The checkpoint: a torch file or safetensors

    Options:
          --variant <VARIANT>      The network's class, when the file does not say [possible values:
                                   moead, moead-o, uniad]
          --input-size <H,W>       The network's input, when the file does not say
          --backbone <FILE>        The backbone's weights, when the checkpoint has none
          --arch <FILE>            Settings instead of the file's own `arch`: a JSON list of the entries
                                   backbone, neck, reconstruction
      -o, --output <FILE>          Write here [default: the checkpoint's name with .onnx, beside it]
          --precision <PRECISION>  How weights are stored: `f16` halves the file, arithmetic stays
                                   32-bit; `int8` is for the experts, which then also multiply in eight
                                   bits [default: f32] [possible values: f32, f16, int8]
          --moe <MOE>              How experts are routed: `sparse` for CPUs, `dense` for providers
                                   without data-dependent shapes; `auto` is `sparse` [default: auto]
                                   [possible values: auto, sparse, dense]
          --check                  Compare the file with a plain evaluation of the checkpoint before it
                                   takes its place [default]
          --no-check               Write the file unchecked; it then holds no self-test either
          --opset <OPSET>          ONNX operator set of the file [default: 18]
      -h, --help                   Print help (see more with '--help')
      -V, --version                Print version

    Messages:
      -q, --quiet         Say nothing on stderr but errors: no warnings, notes or progress
      -v, --verbose...    Say more on stderr
          --color <WHEN>  When to use colour; `auto` also looks at NO_COLOR and at whether the output is
                          a terminal [default: auto] [possible values: auto, always, never]
    ");
    insta::assert_snapshot!(desk.says("inspect -h"), @r"
    status: 0
    ----- stdout
    Show what is in a checkpoint: parts, parameters, bytes, MACs, and what will not be exported

    Usage: moead-export inspect [OPTIONS] <CKPT>

    Arguments:
      <CKPT>  The checkpoint: a torch file or safetensors

    Options:
          --variant <VARIANT>  The network's class, when the file does not say [possible values: moead,
                               moead-o, uniad]
          --input-size <H,W>   The network's input, when the file does not say
          --backbone <FILE>    The backbone's weights, when the checkpoint has none
          --arch <FILE>        Settings instead of the file's own `arch`: a JSON list of the entries
                               backbone, neck, reconstruction
          --json               Print JSON instead of a table
          --tensors            List every tensor
      -h, --help               Print help (see more with '--help')

    Messages:
      -q, --quiet         Say nothing on stderr but errors: no warnings, notes or progress
      -v, --verbose...    Say more on stderr
          --color <WHEN>  When to use colour; `auto` also looks at NO_COLOR and at whether the output is
                          a terminal [default: auto] [possible values: auto, always, never]
    ");
}

#[test]
fn the_version_names_commit_and_engine() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says("--version"), @r"
    status: 0
    ----- stdout
    moead-export 0.1.0
    commit: [COMMIT]
    target: [TARGET]
    engines: tract 0.23.9 (for --check)
    features: check
    ");
    insta::assert_snapshot!(desk.says("-V"), @r"
    status: 0
    ----- stdout
    moead-export 0.1.0
    ");
}

#[test]
fn shells_and_man_know_the_flags() {
    let desk = Desk::empty();
    let bash = desk.run("completions bash").success();
    assert!(bash.stdout.contains("--precision") && bash.stdout.contains("inspect"), "{}", bash.stdout);
    let man = desk.run("man").success();
    assert!(man.stdout.contains(".TH moead-export 1") && man.stdout.contains("precision"), "{}", man.stdout);
    desk.run("man --output .").success();
    assert!(desk.names().contains(&"moead-export-inspect.1".to_owned()), "{:?}", desk.names());
    insta::assert_snapshot!(desk.says("man --output missing"), @r"
    status: 1
    ----- stderr
    error: missing: No such file or directory (os error 2)
    hint: check the path
    ");
    insta::assert_snapshot!(desk.says("completions tcsh"), @r"
    status: 2
    ----- stderr
    error: invalid value 'tcsh' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]

      tip: a similar value exists: 'zsh'

    For more information, try '--help'.
    ");
}

#[test]
fn colour_is_there_when_asked_for_and_never_with_no_color() {
    let desk = Desk::empty();
    let coloured = desk.run("missing.pth --color always");
    assert!(coloured.stderr.contains("\u{1b}["), "{}", coloured.stderr);
    for plain in [desk.program("missing.pth").env("NO_COLOR", "1"), desk.program("missing.pth --color never")] {
        let ended = plain.run();
        assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    }
}
