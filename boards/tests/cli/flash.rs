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
    desk.write("empty.img", "");
    insta::assert_snapshot!(desk.refuses("flash empty.img /dev/null"), @r"
    status: 1
    ----- stderr
    error: empty.img: expected an image, found nothing that is one
    ");
}
