//! `--config FILE`, and what `config check|show` say about it.

use crate::Desk;

const LINE: &str = "\
model = \"bolt.onnx\"
threshold = 4.5
stall-timeout = \"5s\"
exit-on-loss = true

[[source]]
name = \"line1\"
uri = \"v4l2:///dev/video0\"
size = \"640x480\"
product = \"bolt\"

[[sink]]
kind = \"heatmaps\"
folder = \"seen\"
";

#[test]
fn each_setting_says_where_it_comes_from() {
    let desk = Desk::empty();
    desk.write("line1.toml", LINE);
    let show = |arguments: &str| {
        let program = desk.program(&format!("config show {arguments}")).env("MOEAD_FROZEN_AFTER", "3s");
        let shown = program.run().success().stdout;
        let is_default = |line: &&str| line.split_whitespace().nth(1) == Some("default");
        shown.lines().filter(|line| !is_default(line)).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(show("--config line1.toml"), @"
    model                     line1.toml:1  bolt.onnx
    source                    line1.toml:6  line1=v4l2:///dev/video0?size=640x480
    stall-timeout             line1.toml:3  5s
    frozen-after        MOEAD_FROZEN_AFTER  3s
    exit-on-loss              line1.toml:4  true
    threshold                 line1.toml:2  4.5
    product                   line1.toml:6  line1=bolt
    heatmaps                 line1.toml:12  seen
    ");
    // A flag takes the place of what the file says, of all its sources too, and of what does not go with it.
    insta::assert_snapshot!(show("--config line1.toml --threshold 5 --source day1/ --wait-for-cameras"), @"
    model                     line1.toml:1  bolt.onnx
    source                            flag  day1/
    stall-timeout             line1.toml:3  5s
    frozen-after        MOEAD_FROZEN_AFTER  3s
    wait-for-cameras                  flag  true
    threshold                         flag  5
    heatmaps                 line1.toml:12  seen
    ");
    let program = desk.program("config show --json --config line1.toml");
    let shown: serde_json::Value = serde_json::from_str(&program.run().success().stdout).unwrap();
    insta::assert_snapshot!(shown["settings"]["threshold"], @r#"{"value":"4.5","from":{"file":"line1.toml","line":2}}"#);
    insta::assert_snapshot!(shown["settings"]["engine"], @"null");
    insta::assert_snapshot!(shown["settings"]["no-verify"], @r#"{"value":"false","from":{"default":true}}"#);
}

#[test]
fn a_run_takes_its_flags_from_the_file() {
    let desk = Desk::empty();
    desk.write("line1.toml", LINE);
    let missing = "caf\u{e9}.onnx";
    insta::assert_snapshot!(desk.says("--config line1.toml"), @"
    status: 1
    ----- stderr
    error: seen: expected a folder, found nothing
    hint: make it first: `mkdir -p seen`
    ");
    let program = desk.program("--source a.png").env("MOEAD_CONFIG", "line1.toml").env("MOEAD_MODEL", missing);
    insta::assert_snapshot!(program.run().transcript(), @"
    status: 1
    ----- stderr
    error: seen: expected a folder, found nothing
    hint: make it first: `mkdir -p seen`
    ");
    insta::assert_snapshot!(desk.says("config check --config line1.toml"), @"
    status: 0
    ----- stderr
    note: 7 settings, and nothing is wrong with them
    ");
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let desk = Desk::empty();
    let says = |text: &str| {
        desk.write("x.toml", text);
        desk.says("config check --config x.toml")
    };
    insta::assert_snapshot!(says("model = \"a\"\nstall_timeout = \"5s\"\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 2: moead-edge has no flag stall_timeout
    hint: did you mean `stall-timeout`?
    ");
    insta::assert_snapshot!(says("colour = \"blue\"\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: moead-edge has no flag colour
    hint: did you mean `color`?
    ");
    insta::assert_snapshot!(says("config = \"y.toml\"\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: moead-edge has no flag config
    hint: keys are the flags of `moead-edge --help` without their dashes, and the tables [[source]] and [[sink]]
    ");
    insta::assert_snapshot!(says("threshold = \"high\"\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: invalid value 'high' for '--threshold <SCORE>': expected a number, as in 4.5
    hint: `moead-edge --help` and docs/reference/config.md say what each key takes
    ");
    insta::assert_snapshot!(says("engine = \"cuda\"\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: invalid value 'cuda' for '--engine <ENGINE>' [possible values: tract, ort]
    hint: `moead-edge --help` and docs/reference/config.md say what each key takes
    ");
    insta::assert_snapshot!(says("threshold = true\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: threshold: expected a text or a number, found true
    hint: `moead-edge --help` and docs/reference/config.md say what each key takes
    ");
    insta::assert_snapshot!(says("view = \"yes\"\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: view: expected true or false, found yes
    hint: `moead-edge --help` and docs/reference/config.md say what each key takes
    ");
    insta::assert_snapshot!(says("model = [\"a\", \"b\"]\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: model: expected one value, found a list
    hint: `moead-edge --help` and docs/reference/config.md say what each key takes
    ");
    insta::assert_snapshot!(says("http = 8080\n[[sink]]\nkind = \"http\"\naddress = \"80\"\n"), @r#"
    status: 1
    ----- stderr
    error: x.toml: line 2: http is set twice
    hint: a list has several values: `product = ["line1=bolt", "line2=nut"]`
    "#);
    insta::assert_snapshot!(says("model = \"a\"\n[[source]]\nuri = \"synthetic://conveyor\"\nsise = \"640x480\"\n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 2: invalid value 'synthetic://conveyor?sise=640x480' for '--source <[NAME=]URI>...': unknown setting `sise`; did you mean `size`?
    hint: `moead-edge --help` and docs/reference/config.md say what each key takes
    ");
    insta::assert_snapshot!(says("threshold = \n"), @"
    status: 1
    ----- stderr
    error: x.toml: line 1: string values must be quoted, expected literal string
    hint: `moead-edge --help` and docs/reference/config.md say what each key takes
    ");
    insta::assert_snapshot!(says("model = \"a\"\n"), @"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    Usage: moead-edge --model <FILE> --config <FILE> <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(says("model = \"a\"\nsource = \"b\"\nquiet = true\nverbose = 2\n"), @"
    status: 2
    ----- stderr
    error: the argument '--quiet' cannot be used with '--verbose...'

    Usage: moead-edge --model <FILE> --quiet --config <FILE> <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("config check --config none.toml"), @"
    status: 1
    ----- stderr
    error: none.toml: No such file or directory (os error 2)
    hint: check the path given as `--config` or MOEAD_CONFIG
    ");
    insta::assert_snapshot!(desk.says("config show devices"), @"
    status: 2
    ----- stderr
    error: expected the flags of a run, found a command
    ");
}

#[test]
fn a_flag_that_is_typed_wins_over_the_variable_of_another_that_says_the_same() {
    let desk = Desk::empty();
    let show = |arguments: &str, name: &str, value: &str| {
        let shown = desk.program(&format!("config show {arguments}")).env(name, value).run().success().stdout;
        let is_asked =
            |line: &&str| ["demo", "model", "view", "http"].contains(&line.split_whitespace().next().unwrap());
        shown.lines().filter(is_asked).collect::<Vec<_>>().join("\n")
    };
    #[cfg(feature = "http")]
    {
        let both = show("--model a --source b", "MOEAD_HTTP", "9000");
        assert!(both.contains("MOEAD_HTTP  9000"), "{both}");
        let typed = show("--model a --source b --view", "MOEAD_HTTP", "9000");
        assert!(typed.contains("flag  true") && !typed.contains("9000"), "{typed}");
        desk.write("view.toml", "view = true\n");
        let variable = show("--model a --source b --config view.toml", "MOEAD_HTTP", "9000");
        assert!(variable.contains("MOEAD_HTTP  9000") && !variable.contains("view.toml"), "{variable}");
    }
    #[cfg(feature = "demo")]
    {
        let typed = show("--demo", "MOEAD_MODEL", "bolt.onnx");
        assert!(typed.contains("flag  true") && !typed.contains("bolt.onnx"), "{typed}");
        desk.write("demo.toml", "demo = true\n");
        let variable = show("--source b --config demo.toml", "MOEAD_MODEL", "bolt.onnx");
        assert!(variable.contains("MOEAD_MODEL  bolt.onnx") && !variable.contains("demo.toml"), "{variable}");
    }
}

#[test]
fn sources_that_cannot_be_told_apart_are_a_wrong_command_line() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says("config check --model a --source x=b x=c"), @"
    status: 2
    ----- stderr
    error: two sources are named x, and their results could not be told apart
    ");
    insta::assert_snapshot!(desk.says("--model a --source b b"), @"
    status: 2
    ----- stderr
    error: two sources are named b, and their results could not be told apart
    ");
    let settings = "model = \"a\"\nsource = [\"day/1\", \"day_1\"]\nmaps = \"seen\"\n";
    desk.write("x.toml", settings);
    insta::assert_snapshot!(desk.says("config check --config x.toml"), @"
    status: 2
    ----- stderr
    error: the sources day/1 and day_1 would be drawn into the same folder, day_1
    ");
    desk.write("x.toml", settings.replace("maps", "#"));
    assert_eq!(desk.run("config check --config x.toml").status, Some(0));
}

#[test]
fn the_settings_of_standard_input_are_no_flag() {
    let desk = Desk::empty();
    let sources = |arguments: &str| {
        let shown = desk.run(&format!("config show {arguments}")).success().stdout;
        let line = shown.lines().find(|line| line.starts_with("source ")).unwrap().to_owned();
        line.split_whitespace().skip(2).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(sources("--model a --source -?fps=5"), "-?fps=5");
    assert_eq!(sources("--model a -s b -?fps=5 c --threshold 4"), "b -?fps=5 c");
    assert_eq!(sources("-s -?fps=5 c=d --model a"), "-?fps=5 c=d");
}

#[test]
fn a_variable_that_is_set_to_nothing_says_nothing() {
    let desk = Desk::empty();
    for name in ["MOEAD_THRESHOLD", "MOEAD_ENGINE", "MOEAD_CONFIG"] {
        desk.program("config show --model a --source b").env(name, "").run().success();
    }
}
