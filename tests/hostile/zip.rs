//! Archives that lie about their entries.

use crate::opcodes::{View, archive, dict, six};
use crate::raw_zip::{Entry, local, with_zip64, write, zip64_extra};
use crate::subject::{assert_refused, contents, only_tensor, open};

fn pickle() -> Vec<u8> {
    [b"\x80\x02", &dict(&[("w", View::new(&[6], &[1]).opcodes())])[..], b"."].concat()
}

/// A checkpoint of one tensor: the pickle, and its storage.
fn honest() -> Vec<Entry> {
    vec![Entry::new("archive/data.pkl", &pickle()), Entry::new("archive/data/0", &six())]
}

/// With the storage's entry changed.
fn changed(change: impl FnOnce(&mut Entry)) -> Vec<u8> {
    let mut entries = honest();
    change(&mut entries[1]);
    write(&entries, None)
}

/// With one more entry.
fn with(entry: Entry) -> Vec<u8> {
    write(&[honest(), vec![entry]].concat(), None)
}

#[test]
fn the_archives_are_sound_before_they_lie() {
    let numbers = vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    assert_eq!(only_tensor(&write(&honest(), None)), (vec![6], Ok(numbers.clone())));
    let bytes = write(&honest(), None);
    let directory = bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap() as u64;
    let size = bytes.len() as u64 - 22 - directory;
    assert_eq!(only_tensor(&with_zip64(bytes.clone(), 2, size, directory)), (vec![6], Ok(numbers.clone())));
    assert_refused("count", &with_zip64(bytes.clone(), 1 << 40, size, directory), &["expected at most 200000 entries"]);
    for (size, offset) in [(u64::MAX, directory), (size, u64::MAX), (u64::MAX, u64::MAX), (0, 0), (size, 1 << 62)] {
        // Whoever counts the entries needs no size.
        match contents(&with_zip64(bytes.clone(), 2, size, offset)) {
            Ok(found) => assert_eq!(found[0].2.as_ref(), Ok(&numbers), "{size} {offset}"),
            Err(error) => assert!(error.starts_with("zip archive:"), "{error}"),
        }
    }
}

#[test]
fn names_stay_inside_and_are_there_once() {
    let names = ["../x", "/x", "a\\b", "archive/../x", "archive/./x", "..", "c:x", "a\0b", "", "archive/data/../../x"];
    for name in names {
        assert_refused(name, &with(Entry::new(name, b"x")), &["zip archive:", "expected a plain relative name"]);
    }
    let foreign = Entry { name: b"archive/\xff".to_vec(), ..Entry::default() };
    assert_refused("other bytes", &with(foreign), &["expected a name in UTF-8"]);
    assert_refused("long", &with(Entry::new(&"n".repeat(60_000), b"")), &["expected names of at most 1024 bytes"]);
    let twice = with(Entry::new("archive/data/0", &six()));
    assert_refused("twice", &twice, &["zip archive: archive/data/0: occurs twice"]);
    let other = changed(|entry| entry.local_name = Some(b"archive/data/1".to_vec()));
    assert_refused("two names", &other, &["archive/data/0: the directory and the entry itself give different names"]);
    let longer = changed(|entry| entry.local_name = Some(vec![b'a'; 60_000]));
    assert_refused("a long one in front", &longer, &["zip archive: archive/data/0:"]);
}

#[test]
fn bytes_belong_to_one_entry() {
    // The second entry lies, header and all, inside the first one's content.
    let inner = Entry::new("archive/data/0", &six());
    let mut entries = vec![Entry::new("archive/outer", &local(&inner)), Entry::new("archive/data.pkl", &pickle())];
    let place = local(&Entry::new("archive/outer", b"")).len() as u32;
    entries.push(Entry { offset: Some(place), ..inner });
    assert_refused(
        "nested",
        &write(&entries, None),
        &["zip archive:", "archive/outer and archive/data/0: share bytes"],
    );
    assert_refused("the other's header", &changed(|entry| entry.offset = Some(0)), &["give different names"]);
    for offset in [1, 7, 1000, u32::MAX - 1, u32::MAX] {
        assert_refused(
            "no header there",
            &changed(|entry| entry.offset = Some(offset)),
            &["zip archive: archive/data/0:"],
        );
    }
}

#[test]
fn only_stored_bytes_are_read() {
    let bomb = changed(|entry| {
        entry.method = 8;
        entry.sizes = Some([24, 24_000]);
    });
    assert_refused("deflated", &bomb, &["archive/data/0: expected stored bytes, found compressed ones"]);
    for method in [1, 9, 12, 14, 93, 95, 99, 0xffff] {
        assert_refused("method", &changed(|entry| entry.method = method), &["expected stored bytes"]);
    }
    assert_refused("encrypted", &changed(|entry| entry.flags = 1), &["archive/data/0: expected plain bytes"]);
}

#[test]
fn sizes_are_compared_with_the_bytes() {
    let sizes = |sizes| changed(|entry: &mut Entry| entry.sizes = Some(sizes));
    assert_refused("two sizes", &sizes([24, 4_000_000_000]), &["expected two equal sizes", "archive/data/0"]);
    assert_refused("4 GB", &sizes([4_000_000_000; 2]), &["zip archive: archive/data/0:"]);
    assert_refused(
        "short",
        &sizes([20, 20]),
        &["tensor w: archive entry archive/data/0: expected 6 numbers of type f32, found 20"],
    );
    assert_refused("odd", &sizes([23, 23]), &["expected 6 numbers of type f32, found 23 bytes"]);
    assert_refused("none", &sizes([0, 0]), &["expected 6 numbers of type f32, found 0 bytes"]);
    for numbers in [&[u64::MAX, u64::MAX][..], &[1 << 40, 1 << 40], &[24, u64::MAX], &[u64::MAX - 100; 2], &[24], &[]] {
        let bytes = changed(|entry| {
            entry.sizes = Some([u32::MAX; 2]);
            entry.extra = zip64_extra(numbers);
        });
        assert_refused("zip64", &bytes, &["zip archive:"]);
    }
    let far = changed(|entry| {
        entry.offset = Some(u32::MAX);
        entry.extra = zip64_extra(&[u64::MAX - 3]);
    });
    assert_refused("a far header", &far, &["zip archive: archive/data/0:"]);
    let storage_beyond = changed(|entry| entry.sizes = Some([240, 240]));
    assert_refused("over the directory", &storage_beyond, &["expected"]);
}

#[test]
fn what_stands_behind_an_entry_does_not_count() {
    // A descriptor that lies: the directory has the sizes, and nothing else is believed.
    let bytes = changed(|entry| {
        entry.flags = 8;
        entry.descriptor = [&b"PK\x07\x08"[..], &[0xff; 12]].concat();
    });
    match contents(&bytes) {
        Ok(found) => assert_eq!(found[0].2, Ok(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0])),
        Err(error) => assert!(error.starts_with("zip archive: archive/data/0:"), "{error}"),
    }
}

#[test]
fn entries_are_counted() {
    for (claimed, found) in [(1, 2), (0, 1), (3, 2), (60_000, 2)] {
        let text = format!("expected {claimed} entries, found {found}");
        assert_refused("count", &write(&honest(), Some(claimed)), &["zip archive:", &text]);
    }
    let many: Vec<Entry> = (0..60_000).map(|number| Entry::new(&format!("archive/{number}"), b"")).collect();
    assert_refused("many", &write(&many, None), &["expected an entry NAME/data.pkl, found none"]);
}

#[test]
fn the_archive_is_one_of_torch_save() {
    let storage = || Entry::new("archive/data/0", &six());
    assert_refused("no pickle", &write(&[storage()], None), &["expected an entry NAME/data.pkl, found none"]);
    assert_refused("nothing", &write(&[], None), &["expected an entry NAME/data.pkl, found none"]);
    let two = with(Entry::new("other/data.pkl", &pickle()));
    assert_refused("two pickles", &two, &["expected one entry NAME/data.pkl, found several"]);
    let script = with(Entry::new("archive/constants.pkl", b"\x80\x02)."));
    assert_refused("TorchScript", &script, &["found a TorchScript archive"]);
    assert_refused("big", &with(Entry::new("archive/byteorder", b"big")), &["expected little-endian numbers"]);
    assert!(open(&with(Entry::new("archive/byteorder", b"little"))).is_ok());
    let no_storage = write(&honest()[..1], None);
    assert_refused("no storage", &no_storage, &["tensor w: expected the archive entry archive/data/0, found none"]);
    let key = |key| archive(&dict(&[("w", View { key, ..View::new(&[6], &[1]) }.opcodes())]), &[("0", six())]);
    for (outside, name) in [
        ("../data.pkl", "archive/data/../data.pkl"),
        ("", "archive/data/"),
        ("/etc/passwd", "archive/data//etc/passwd"),
    ] {
        assert_refused(outside, &key(outside), &["tensor w: expected the archive entry", name]);
    }
    assert_refused(
        "a folder",
        &with(Entry::new("archive/data.pkl/", b"")).split_off(0)[..100],
        &["cut short or damaged"],
    );
}
