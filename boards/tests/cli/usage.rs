//! Help, version, and command lines that are wrong.

use crate::desk::Desk;

#[test]
fn help_is_long_or_short() {
    let desk = Desk::empty();
    let long = desk.run("--help").success();
    assert!(long.stdout.contains("\nExamples:\n  moead-board profiles "), "{}", long.stdout);
    insta::assert_snapshot!(desk.says("-h"), @r"
    status: 0
    ----- stdout
    Brings a model onto a board: in one signed file, as a package, on a card, over ssh

    Usage: moead-board [OPTIONS] <COMMAND>

    Commands:
      profiles     List the boards that this program knows, or everything about one
      key          Make a key that signs bundles
      build        Put program, model, settings and unit for a board into one signed file
      inspect      Show what is in a bundle, and whether it is whole and signed
      program      Say what programs ask of a system, and whether a board has it
      image        Put a bundle into somebody's system image, without root; Linux with e2fsprogs
      flash        Write an image onto a card and compare it; never onto a disk that is in use
      install      Bring a bundle onto a running board over ssh; what ran there comes back when any step
                   fails
      completions  Print a script that completes this program's arguments in a shell
      man          Print this program's manual page
      help         Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Messages:
      -q, --quiet         Say nothing on stderr but errors: no warnings, notes or progress
      -v, --verbose...    Say more on stderr
          --color <WHEN>  When to use colour; `auto` also looks at NO_COLOR and at whether the output is
                          a terminal [default: auto] [possible values: auto, always, never]
    ");
    insta::assert_snapshot!(desk.says("build -h"), @r"
    status: 0
    ----- stdout
    Put program, model, settings and unit for a board into one signed file

    Usage: moead-board build [OPTIONS] --model <FILE> <PROFILE> [-- <ARGUMENTS>...]

    Arguments:
      <PROFILE>  The board, or a profile of your own: FILE.toml

    Options:
      -m, --model <FILE>            The model file that moead-export wrote
          --binary <FILE>           The program moead-edge, built for the board [default: the one in the
                                    folder TRIPLE/ beside this program's, as `just dist` makes them,
                                    else the one beside this program]
          --config <FILE>           Settings of moead-edge: lines MOEAD_…=VALUE
          --format <FORMAT>         What is written; only a bundle is signed here [default: bundle]
                                    [possible values: bundle, deb, oci]
          --key <FILE>              The secret key that signs a bundle [env: MOEAD_BOARD_KEY=]
          --passphrase-file <FILE>  The passphrase is the first line of this file [default: asked for on
                                    the terminal]
          --maintainer <NAME>       Who answers for a Debian package: 'Name <address>'
          --base <FOLDER>           The image that a container image stands on, for its glibc: a folder
                                    in the OCI image layout
      -o, --output <PATH>           Write here [default: NAME-RELEASE.moead,
                                    moead-edge_RELEASE_ARCHITECTURE.deb or the folder NAME-oci]
      -h, --help                    Print help (see more with '--help')

    Release:
          --name <NAME>              What it is called [default: as the model file is]
          --release <VERSION>        Its version; boards refuse one that is older than theirs [default:
                                     1]
          --expires <DATE>           The first day on which boards refuse it: 2027-06-30
          --replaces-from <VERSION>  The oldest release that it may replace
          --allow-downgrade          Let it replace newer releases too
          --sbom <FILE>              A bill of materials (CycloneDX) of the binary, when it is not made
                                     of what moead-edge is usually made of
          --no-check                 Write it without running the model's self-test and without parsing
                                     the arguments as moead-edge would
      [ARGUMENTS]...                 More arguments of moead-edge, behind --

    Messages:
      -q, --quiet         Say nothing on stderr but errors: no warnings, notes or progress
      -v, --verbose...    Say more on stderr
          --color <WHEN>  When to use colour; `auto` also looks at NO_COLOR and at whether the output is
                          a terminal [default: auto] [possible values: auto, always, never]
    ");
}

#[test]
fn wrong_command_lines() {
    let desk = Desk::empty();
    insta::assert_snapshot!(desk.refuses("build pc"), @r"
    status: 2
    ----- stderr
    error: the following required arguments were not provided:
      --model <FILE>

    Usage: moead-board build --model <FILE> <PROFILE> [-- <ARGUMENTS>...]

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(desk.refuses("key"), @r"
    status: 2
    ----- stderr
    Make a key that signs bundles

    Usage: moead-board key [OPTIONS] <COMMAND>

    Commands:
      new   Make a pair: the secret half signs, the public half goes onto boards
      help  Print this message or the help of the given subcommand(s)

    Options:
      -h, --help  Print help (see more with '--help')

    Messages:
      -q, --quiet         Say nothing on stderr but errors: no warnings, notes or progress
      -v, --verbose...    Say more on stderr
          --color <WHEN>  When to use colour; `auto` also looks at NO_COLOR and at whether the output is
                          a terminal [default: auto] [possible values: auto, always, never]
    ");
    insta::assert_snapshot!(desk.refuses("profile"), @r"
    status: 2
    ----- stderr
    error: unrecognized subcommand 'profile'

      tip: a similar subcommand exists: 'profiles'

    Usage: moead-board [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
}
