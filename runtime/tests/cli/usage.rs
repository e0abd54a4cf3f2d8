//! Help, version, completions, and command lines that are wrong.

use crate::Desk;

#[test]
fn wrong_command_lines() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says(""), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --model <FILE>
      <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    Usage: moead-edge --model <FILE> <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx"), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    Usage: moead-edge --model <FILE> <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source"), @r"
    status: 2
    ----- stderr
    error: a value is required for '--source <[NAME=]URI>...' but none was supplied

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --treshold 3"), @r"
    status: 2
    ----- stderr
    error: unexpected argument '--treshold' found

      tip: a similar argument exists: '--threshold'

    Usage: moead-edge --model <FILE> --threshold <SCORE> <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --threshold high"), @r"
    status: 2
    ----- stderr
    error: invalid value 'high' for '--threshold <SCORE>': expected a number, as in 4.5

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --threshold -1"), @r"
    status: 2
    ----- stderr
    error: invalid value '-1' for '--threshold <SCORE>': expected a finite number above 0, found -1

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --frames 0"), @r"
    status: 2
    ----- stderr
    error: invalid value '0' for '--frames <N>': expected a whole number, at least 1

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --duration 5"), @r"
    status: 2
    ----- stderr
    error: invalid value '5' for '--duration <TIME>': expected a time, as in 90s, 10m or 2h

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --format xml"), @r"
    status: 2
    ----- stderr
    error: invalid value 'xml' for '--format <FORMAT>'
      [possible values: text, json]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --engine torch"), @r"
    status: 2
    ----- stderr
    error: invalid value 'torch' for '--engine <ENGINE>'
      [possible values: tract, ort]

      tip: a similar value exists: 'tract'

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --threads 0"), @r"
    status: 2
    ----- stderr
    error: invalid value '0' for '--threads <N>': expected a whole number from 1 to 1024

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source a.png --gpu-memory 2"), @r"
    status: 2
    ----- stderr
    error: invalid value '2' for '--gpu-memory <SIZE>': expected a size, as in 512M or 2G

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source rtsp://camera/1"), @r"
    status: 2
    ----- stderr
    error: invalid value 'rtsp://camera/1' for '--source <[NAME=]URI>...': expected a file, a folder, a pattern or one of file://, synthetic://, v4l2://, found the scheme rtsp://

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx --source line1="), @r"
    status: 2
    ----- stderr
    error: invalid value 'line1=' for '--source <[NAME=]URI>...': expected a file, a folder, a pattern or a device, found an empty text

    For more information, try '--help'.
    ");
}

#[test]
fn a_wrong_value_in_the_environment_is_a_wrong_command_line() {
    let desk = Desk::empty();
    let program = desk.program("--model m.onnx --source a.png").env("MOEAD_THRESHOLD", "high");
    insta::assert_snapshot!(program.run().transcript(), @r"
    status: 2
    ----- stderr
    error: invalid value 'high' for '--threshold <SCORE>': expected a number, as in 4.5

    For more information, try '--help'.
    hint: that is what the variable MOEAD_THRESHOLD says
    ");
}

#[test]
fn a_variable_that_is_nearly_one_is_named() {
    let desk = Desk::empty();
    let program = desk.program("--model m.onnx --source a.png").env("MOEAD_TRESHOLD", "3");
    insta::assert_snapshot!(program.run().transcript(), @r"
    status: 1
    ----- stderr
    warning: no flag is taken from the variable MOEAD_TRESHOLD; did you mean MOEAD_THRESHOLD?
    error: a.png: No such file or directory (os error 2)
    hint: check the path
    ");
}

#[test]
fn a_path_that_stands_alone_is_taken_for_the_pictures() {
    let desk = Desk::empty();
    std::fs::create_dir(desk.folder.path().join("photos")).unwrap();
    insta::assert_snapshot!(desk.says("photos"), @r"
    status: 2
    ----- stderr
    error: unrecognized subcommand 'photos'

    Usage: moead-edge [OPTIONS] <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>
           moead-edge <COMMAND>

    For more information, try '--help'.
    hint: pictures and cameras are given with a flag: `--source photos`
    ");
    insta::assert_snapshot!(desk.says("--model m.onnx photos"), @r"
    status: 2
    ----- stderr
    error: the subcommand 'photos' cannot be used with '--model <FILE>'

    Usage: moead-edge [OPTIONS] <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>
           moead-edge <COMMAND>

    For more information, try '--help'.
    hint: pictures and cameras are given with a flag: `--source photos`
    ");
    insta::assert_snapshot!(desk.says("--camera /dev/video0 --model m.onnx update"), @r"
    status: 2
    ----- stderr
    error: the subcommand 'update' cannot be used with:
      --camera <DEVICE>
      --model <FILE>

    Usage: moead-edge [OPTIONS] <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>
           moead-edge <COMMAND>

    For more information, try '--help'.
    ");
}

#[test]
fn help_is_long_or_short() {
    let desk = Desk::empty();
    let long = desk.run("--help").success();
    assert!(long.stdout.contains("\nExamples:\n  moead-edge --demo "), "{}", long.stdout);
    assert!(long.stdout.contains("Exit status: 0 "), "{}", long.stdout);
    assert_eq!(long.stderr, "");
    insta::assert_snapshot!(desk.says("-h"), @"
    status: 0
    ----- stdout
    Says ok or defect for every picture, and shows where

    Usage: moead-edge [OPTIONS] <--demo|--source <[NAME=]URI>...|--camera <DEVICE>>
           moead-edge <COMMAND>

    Commands:
      devices      List cameras: what they offer, their controls, and why other video devices are no use
      verify       Run the model file's self-test on every engine that this machine has, or compare two
                   of them on pictures
      bench        Measure how fast each engine is on this machine with this model
      config       Look at a file of settings: is it right, and what would a run do with it?
      doctor       Say what is wrong with this machine, and what to do about it
      health       Say whether the running service is well: for boot loaders, brokers and whoever else
                   asks by exit status
      update       On a board: take a release, say what there is, go back
      completions  Print a script that completes this program's arguments in a shell
      man          Print this program's manual page
      help         Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>            Take flags from this TOML file, where neither the command line nor
                                     the environment has them [env: MOEAD_CONFIG=]
      -m, --model <FILE>             The model file that moead-export wrote [env: MOEAD_MODEL=]
          --demo                     Show detection at work: the model inside of this program, on
                                     products that are drawn on the spot. With --source, the model alone
      -s, --source <[NAME=]URI>...   A file, a folder with everything below it, a quoted pattern, a
                                     device as v4l2:///dev/video0?size=640x480, a drawn scene as
                                     synthetic://conveyor, or - for standard input; NAME=… names it in
                                     results. May be repeated
      -c, --camera <DEVICE>          A camera: short for --source v4l2://DEVICE. May be repeated
          --policy <POLICY>          Which frames are given up when they come faster than they are
                                     judged [default: latest for cameras, never for files] [env:
                                     MOEAD_POLICY=] [possible values: latest, oldest, never]
          --stall-timeout <TIME>     Close a camera that delivers nothing for that long, and open it
                                     again [env: MOEAD_STALL_TIMEOUT=] [default: 20s]
          --frozen-after <TIME>      Frames that stay the same for that long are no reason for a verdict
                                     [env: MOEAD_FROZEN_AFTER=] [default: 10s]
          --exit-on-loss             End with an error when a camera is lost, in place of waiting for it
          --wait-for-cameras         Begin without a camera that is not there yet, and wait for it, in
                                     place of ending with an error
      -t, --threshold <SCORE>        The score from which on a picture is defective [default: that of
                                     the model file's calibration] [env: MOEAD_THRESHOLD=]
          --product <[SOURCE=]NAME>  The product of the calibration that all sources show, or one of
                                     them [default: recognised, picture by picture]. May be repeated
                                     [env: MOEAD_PRODUCT=]
          --view                     Show the live picture in a browser: short for --http 8080
          --http <[ADDRESS:]PORT>    Serve a live view, /metrics and /healthz: on a port of this machine
                                     alone, or for others on an address [env: MOEAD_HTTP=]
          --heatmaps <FOLDER>        Write a picture per picture into this folder: where the model sees
                                     something, on which scale
          --maps <FOLDER>            Write each anomaly map into this folder, as .npy
          --state-file <FILE>        Say how the run is in this file, about once a second: what
                                     `moead-edge health` reads [default: state.json in
                                     $RUNTIME_DIRECTORY, where systemd sets that] [env:
                                     MOEAD_STATE_FILE=]
          --format <FORMAT>          How results are printed [default: text on a terminal, json
                                     elsewhere] [env: MOEAD_FORMAT=] [possible values: text, json]
          --fail-on-defect           End with status 3 when a picture is defective
          --frames <N>               End after so many pictures of each source
          --duration <TIME>          End after that time: 90s, 10m, 2h
          --no-verify                Do not run the model file's self-test first
          --threads <N>              How many threads compute a picture [env: MOEAD_THREADS=] [default:
                                     1]
          --in-flight <N>            How many pictures are computed at the same time, each by
                                     `--threads` threads [default: one with cameras or on a GPU; with
                                     files as many as the processor has room for, at most 4] [env:
                                     MOEAD_IN_FLIGHT=]
          --engine <ENGINE>          What runs the model [default: tract, or ort where a provider is
                                     asked for that only it has] [env: MOEAD_ENGINE=] [possible values:
                                     tract, ort]
          --provider <PROVIDER>      What it computes on [default: cpu with tract, auto with ort] [env:
                                     MOEAD_PROVIDER=] [possible values: cpu, cuda, tensorrt, auto]
          --ort-lib <FILE>           ONNX Runtime's library [default: looked for, see the reference]
                                     [env: MOEAD_ORT_LIB=]
      -h, --help                     Print help (see more with '--help')
      -V, --version                  Print version

    NVIDIA GPU:
          --gpu <N>                         Which GPU, counted from 0 [env: MOEAD_GPU=] [default: 0]
          --gpu-memory <SIZE>               How much of its memory may be taken: 512M, 2G [default: no
                                            limit] [env: MOEAD_GPU_MEMORY=]
          --max-cpu-nodes <N>               How many nodes of the model may stay on the processor; more
                                            are an error [env: MOEAD_MAX_CPU_NODES=] [default: 8]
          --tensorrt-precision <PRECISION>  With how many bits TensorRT may compute [env:
                                            MOEAD_TENSORRT_PRECISION=] [default: f32] [possible values:
                                            f32, f16, int8]
          --tensorrt-calibration <FILE>     TensorRT's calibration table, for int8 [env:
                                            MOEAD_TENSORRT_CALIBRATION=]
          --tensorrt-cache <FOLDER>         Where TensorRT's engines are kept [default:
                                            moead-edge/tensorrt in the user's cache folder] [env:
                                            MOEAD_TENSORRT_CACHE=]

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
    moead-edge 0.1.0
    commit: [COMMIT]
    target: [TARGET]
    engines: tract 0.23.9, ort 2.0.0-rc.15 (ONNX Runtime 1.17 or later, from the machine)
    features: camera, cli, demo, http, ort, tract, update
    ");
    insta::assert_snapshot!(desk.says("-V"), @r"
    status: 0
    ----- stdout
    moead-edge 0.1.0
    ");
}

#[test]
fn shells_and_man_know_the_flags() {
    let desk = Desk::empty();
    let bash = desk.run("completions bash").success();
    assert!(bash.stdout.contains("--heatmaps"), "{}", bash.stdout);
    let man = desk.run("man").success();
    assert!(man.stdout.contains(".TH moead-edge 1") && man.stdout.contains("heatmaps"), "{}", man.stdout);
    desk.run("man --output .").success();
    assert!(desk.names().contains(&"moead-edge.1".to_owned()), "{:?}", desk.names());
    insta::assert_snapshot!(desk.says("man --output missing"), @r"
    status: 1
    ----- stderr
    error: missing: No such file or directory (os error 2)
    hint: check the path
    ");
}

#[test]
fn colour_is_there_when_asked_for_and_never_with_no_color() {
    let desk = Desk::empty();
    let wrong = "--model missing.onnx --source missing.png";
    let coloured = desk.run(&format!("{wrong} --color always"));
    assert!(coloured.stderr.contains("\u{1b}["), "{}", coloured.stderr);
    for plain in [desk.program(wrong).env("NO_COLOR", "1"), desk.program(&format!("{wrong} --color never"))] {
        let ended = plain.run();
        assert!(!ended.stderr.contains('\u{1b}'), "{}", ended.stderr);
    }
}

#[test]
fn devices_that_are_no_cameras_are_told_with_the_reason() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.says("devices /dev/null"), @r"
    status: 0
    ----- stdout
    /dev/null
      not a camera: not a video device
    ");
    insta::assert_snapshot!(desk.says("devices --json /dev/null"), @r#"
    status: 0
    ----- stdout
    {"schema":1,"devices":[{"path":"/dev/null","links":[],"uri":"v4l2:///dev/null","driver":null,"card":null,"bus":null,"usable":false,"reason":"/dev/null: not a camera: not a video device","current":null,"formats":null,"controls":null}]}
    "#);
}
