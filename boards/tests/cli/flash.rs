//! `moead-board flash`, as far as it goes without a disk to lose: what is written is tested in the library.

use crate::desk::Desk;

#[test]
fn what_is_no_disk_is_not_written() {
    let desk = Desk::empty();
    desk.write("card.img", [1; 1024]);
    desk.write("file", "precious");
    let said = desk.refuses("flash card.img file");
    assert!(said.contains("/file is no disk\nhint: `lsblk` lists disks\n"), "{said}");
    insta::assert_snapshot!(desk.refuses("flash card.img /dev/null"), @r"
    status: 1
    ----- stderr
    error: /dev/null is no disk
    hint: `lsblk` lists disks
    ");
    insta::assert_snapshot!(desk.refuses("flash card.img /dev/sdzz"), @r"
    status: 1
    ----- stderr
    error: /dev/sdzz: No such file or directory (os error 2)
    hint: check the path
    ");
    insta::assert_snapshot!(desk.refuses("flash gone.img /dev/null"), @r"
    status: 1
    ----- stderr
    error: gone.img: No such file or directory (os error 2)
    hint: check the path
    ");
    for (packed, form) in [
        (&b"\xfd7zXZ\0\0\x04"[..], "packed by xz"),
        (b"PK\x03\x04\x14", "packed by zip"),
        (b"\x1f\x8b\x08\0", "packed by gzip"),
        (b"\x28\xb5\x2f\xfd\x04", "packed by zstd"),
        (b"BZh91AY&SY", "packed by bzip2"),
    ] {
        desk.write("card.img.packed", packed);
        let said = desk.refuses("flash card.img.packed /dev/null");
        let expected = format!(
            "status: 1\n----- stderr\nerror: card.img.packed: is {form}, expected an image as it goes onto a card\nhint: unpack it first\n"
        );
        assert_eq!(said, expected);
    }
    desk.write("bolt.moead", [&b"manifest.json"[..], &[0; 512]].concat());
    insta::assert_snapshot!(desk.refuses("flash bolt.moead /dev/null"), @"
    status: 1
    ----- stderr
    error: bolt.moead: is a bundle, expected an image as it goes onto a card
    hint: `moead-board image` puts a bundle into a system image, `moead-board install` onto a running board
    ");
    desk.write("empty.img", "");
    insta::assert_snapshot!(desk.refuses("flash empty.img /dev/null"), @r"
    status: 1
    ----- stderr
    error: empty.img: expected an image, found nothing that is one
    ");
}
