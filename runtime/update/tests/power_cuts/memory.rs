//! A disk in memory that knows what a power cut would leave of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::io::{self, Cursor, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::rc::Rc;

use moead_update::disk::{Disk, Kind};

/// Everything on a disk, by path.
pub(crate) type Tree = BTreeMap<PathBuf, Entry>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Entry {
    Folder,
    File(Rc<[u8]>),
    Link(String),
}

/// What goes wrong without the power going.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    None,
    /// That effect fails, the others do not.
    At(usize),
    /// The process ends before that effect; what the kernel has, it keeps.
    KilledAt(usize),
    /// From that effect on nothing new can be written; removing and syncing works.
    FullFrom(usize),
}

/// Whether cuts are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cuts {
    Listed,
    NotListed,
}

type Id = usize;

/// Names that change in one moment: what each is from then on.
type Change = Vec<(String, Option<Id>)>;

#[derive(Debug)]
enum Node {
    Folder {
        names: BTreeMap<String, Id>,
        synced: BTreeMap<String, Id>,
        pending: Vec<Change>,
    },
    File {
        content: Vec<u8>,
        synced: Option<Rc<[u8]>>,
    },
    /// Links are short: they come with their name or not at all.
    Link(String),
}

#[derive(Debug)]
struct Inner {
    nodes: Vec<Node>,
    effects: usize,
    trouble: Trouble,
    cuts: Cuts,
    seen: HashSet<Tree>,
    free: u64,
}

/// Clones are the same disk.
#[derive(Debug, Clone)]
pub(crate) struct Memory(Rc<RefCell<Inner>>);

const ROOT: Id = 0;
/// More names that wait for a sync at one moment would take too long to go through, and are a sign of something forgotten.
const MOST_PENDING: usize = 12;

fn missing() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl Memory {
    /// A disk with that on it, all of it synced.
    pub(crate) fn of(tree: &Tree, cuts: Cuts) -> Self {
        let folder = || Node::Folder { names: BTreeMap::new(), synced: BTreeMap::new(), pending: Vec::new() };
        let mut inner = Inner {
            nodes: vec![folder()],
            effects: 0,
            trouble: Trouble::None,
            cuts,
            seen: HashSet::new(),
            free: u64::MAX / 2,
        };
        for (path, entry) in tree {
            let id = inner.nodes.len();
            inner.nodes.push(match entry {
                Entry::Folder => folder(),
                Entry::File(content) => Node::File { content: content.to_vec(), synced: Some(Rc::clone(content)) },
                Entry::Link(target) => Node::Link(target.clone()),
            });
            let (parent, name) = inner.place(path).unwrap();
            let Node::Folder { names, synced, .. } = &mut inner.nodes[parent] else { panic!("{}", path.display()) };
            names.insert(name.clone(), id);
            synced.insert(name, id);
        }
        Self(Rc::new(RefCell::new(inner)))
    }

    pub(crate) fn trouble(self, trouble: Trouble) -> Self {
        self.0.borrow_mut().trouble = trouble;
        self
    }

    pub(crate) fn set_free(&self, bytes: u64) {
        self.0.borrow_mut().free = bytes;
    }

    /// A change that is not the disk's, but counts: whether it is made.
    pub(crate) fn other_effect(&self) -> io::Result<()> {
        self.change(false, |_| Ok(()))
    }

    /// How many changes there were.
    pub(crate) fn effects(&self) -> usize {
        self.0.borrow().effects
    }

    /// Every disk that a cut could have left so far.
    pub(crate) fn take_cuts(&self) -> HashSet<Tree> {
        std::mem::take(&mut self.0.borrow_mut().seen)
    }

    /// As programs see it now.
    pub(crate) fn visible(&self) -> Tree {
        let inner = self.0.borrow();
        let names = |id: Id| match &inner.nodes[id] {
            Node::Folder { names, .. } => names.clone(),
            _ => BTreeMap::new(),
        };
        let mut tree = Tree::new();
        inner.walk(ROOT, Path::new("/"), &names, &mut |path, id| {
            let entry = match &inner.nodes[id] {
                Node::Folder { .. } => Entry::Folder,
                Node::File { content, .. } => Entry::File(content.as_slice().into()),
                Node::Link(target) => Entry::Link(target.clone()),
            };
            tree.insert(path.to_owned(), entry);
        });
        tree
    }

    /// One change: fails, or is made, and then the power might go.
    fn change<T>(&self, writes: bool, make: impl FnOnce(&mut Inner) -> io::Result<T>) -> io::Result<T> {
        let mut inner = self.0.borrow_mut();
        let number = inner.effects;
        inner.effects += 1;
        match inner.trouble {
            Trouble::At(at) if at == number => return Err(io::Error::from_raw_os_error(5)),
            Trouble::KilledAt(at) if at <= number => return Err(io::Error::other("killed")),
            Trouble::FullFrom(from) if from <= number && writes => return Err(io::ErrorKind::StorageFull.into()),
            _ => {}
        }
        let made = make(&mut inner)?;
        if inner.cuts == Cuts::Listed {
            inner.list_cuts();
        }
        Ok(made)
    }
}

impl Inner {
    fn names(&self, folder: Id) -> Option<&BTreeMap<String, Id>> {
        match &self.nodes[folder] {
            Node::Folder { names, .. } => Some(names),
            _ => None,
        }
    }

    fn find(&self, path: &Path) -> Option<Id> {
        path.components().try_fold(ROOT, |folder, part| match part {
            Component::RootDir => Some(folder),
            part => self.names(folder)?.get(part.as_os_str().to_str().unwrap()).copied(),
        })
    }

    /// The folder that a path is in, and its name there.
    fn place(&self, path: &Path) -> io::Result<(Id, String)> {
        let parent = self.find(path.parent().unwrap()).ok_or_else(missing)?;
        Ok((parent, path.file_name().unwrap().to_str().unwrap().to_owned()))
    }

    fn rename_all(&mut self, folder: Id, change: Change) {
        let Node::Folder { names, pending, .. } = &mut self.nodes[folder] else { panic!("names are in folders") };
        for (name, id) in &change {
            match id {
                Some(id) => names.insert(name.clone(), *id),
                None => names.remove(name),
            };
        }
        pending.push(change);
    }

    fn add(&mut self, path: &Path, node: Node) -> io::Result<Id> {
        let (parent, name) = self.place(path)?;
        if self.names(parent).is_none_or(|names| names.contains_key(&name)) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let id = self.nodes.len();
        self.nodes.push(node);
        self.rename_all(parent, vec![(name, Some(id))]);
        Ok(id)
    }

    fn walk(
        &self,
        folder: Id,
        path: &Path,
        names: &dyn Fn(Id) -> BTreeMap<String, Id>,
        take: &mut dyn FnMut(&Path, Id),
    ) {
        for (name, id) in names(folder) {
            let path = path.join(name);
            take(&path, id);
            self.walk(id, &path, names, take);
        }
    }

    /// Every disk that a cut at this moment could leave.
    fn list_cuts(&mut self) {
        let pending: Vec<(Id, usize)> = (0..self.nodes.len())
            .flat_map(|id| match &self.nodes[id] {
                Node::Folder { pending, .. } => (0..pending.len()).map(|index| (id, index)).collect(),
                _ => Vec::new(),
            })
            .collect();
        assert!(pending.len() <= MOST_PENDING, "{} names wait for a sync", pending.len());
        let mut found = Vec::new();
        for chosen in 0_u32..1 << pending.len() {
            let names = |id: Id| {
                let Node::Folder { synced, pending: changes, .. } = &self.nodes[id] else { return BTreeMap::new() };
                let mut names = synced.clone();
                for (index, change) in changes.iter().enumerate() {
                    let place = pending.iter().position(|place| *place == (id, index)).unwrap();
                    if chosen >> place & 1 == 1 {
                        for (name, id) in change {
                            match id {
                                Some(id) => names.insert(name.clone(), *id),
                                None => names.remove(name),
                            };
                        }
                    }
                }
                names
            };
            let mut trees = vec![Tree::new()];
            self.walk(ROOT, Path::new("/"), &names, &mut |path, id| {
                let variants = self.variants(id);
                trees = trees
                    .iter()
                    .flat_map(|tree| {
                        variants.iter().map(|variant| {
                            let mut tree = tree.clone();
                            tree.insert(path.to_owned(), variant.clone());
                            tree
                        })
                    })
                    .collect();
            });
            found.append(&mut trees);
        }
        self.seen.extend(found);
    }

    /// What a cut can leave of a file that has a name.
    fn variants(&self, id: Id) -> Vec<Entry> {
        match &self.nodes[id] {
            Node::Folder { .. } => vec![Entry::Folder],
            Node::Link(target) => vec![Entry::Link(target.clone())],
            Node::File { content, synced } => {
                let mut contents: Vec<Rc<[u8]>> = synced.iter().cloned().collect();
                if synced.as_deref() != Some(content) {
                    let half = content.len() / 2;
                    let unsynced = [&[], &content[..half], content.as_slice(), &vec![0; content.len()]];
                    contents.extend(unsynced.map(Rc::from));
                    contents.sort();
                    contents.dedup();
                }
                contents.into_iter().map(Entry::File).collect()
            }
        }
    }
}

impl Disk for Memory {
    fn kind(&self, path: &Path) -> io::Result<Option<Kind>> {
        let inner = self.0.borrow();
        Ok(inner.find(path).map(|id| match &inner.nodes[id] {
            Node::Folder { .. } => Kind::Folder,
            Node::File { .. } => Kind::File,
            Node::Link(_) => Kind::Link,
        }))
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let inner = self.0.borrow();
        let names = inner.find(folder).and_then(|id| inner.names(id));
        Ok(names.into_iter().flat_map(BTreeMap::keys).cloned().collect())
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Read + '_>> {
        let inner = self.0.borrow();
        match inner.find(path).map(|id| &inner.nodes[id]) {
            Some(Node::File { content, .. }) => Ok(Box::new(Cursor::new(content.clone()))),
            _ => Err(missing()),
        }
    }

    fn target(&self, link: &Path) -> io::Result<Option<String>> {
        let inner = self.0.borrow();
        match inner.find(link).map(|id| &inner.nodes[id]) {
            None => Ok(None),
            Some(Node::Link(target)) => Ok(Some(target.clone())),
            Some(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    fn free(&self, _folder: &Path) -> io::Result<u64> {
        Ok(self.0.borrow().free)
    }

    fn make_folder(&mut self, path: &Path) -> io::Result<()> {
        let folder = Node::Folder { names: BTreeMap::new(), synced: BTreeMap::new(), pending: Vec::new() };
        self.change(true, |inner| inner.add(path, folder).map(drop))
    }

    fn create(&mut self, path: &Path, _mode: u32) -> io::Result<Box<dyn Write + '_>> {
        let file = Node::File { content: Vec::new(), synced: None };
        let id = self.change(true, |inner| inner.add(path, file))?;
        Ok(Box::new(Writing { disk: self.clone(), id }))
    }

    fn link(&mut self, target: &str, path: &Path) -> io::Result<()> {
        self.change(true, |inner| inner.add(path, Node::Link(target.to_owned())).map(drop))
    }

    fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        assert_eq!(from.parent(), to.parent(), "renamed within a folder");
        self.change(false, |inner| {
            let id = inner.find(from).ok_or_else(missing)?;
            let (parent, name) = inner.place(from)?;
            let (_, new) = inner.place(to)?;
            if inner.find(to).is_some_and(|there| inner.names(there).is_some()) {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            inner.rename_all(parent, vec![(name, None), (new, Some(id))]);
            Ok(())
        })
    }

    fn remove_file(&mut self, path: &Path) -> io::Result<()> {
        self.change(false, |inner| {
            let (parent, name) = inner.place(path)?;
            let id = inner.find(path).ok_or_else(missing)?;
            assert!(inner.names(id).is_none(), "{} is a folder", path.display());
            inner.rename_all(parent, vec![(name, None)]);
            Ok(())
        })
    }

    fn remove_folder(&mut self, path: &Path) -> io::Result<()> {
        self.change(false, |inner| {
            let (parent, name) = inner.place(path)?;
            let id = inner.find(path).ok_or_else(missing)?;
            if !inner.names(id).is_some_and(BTreeMap::is_empty) {
                return Err(io::ErrorKind::DirectoryNotEmpty.into());
            }
            inner.rename_all(parent, vec![(name, None)]);
            Ok(())
        })
    }

    fn sync(&mut self, path: &Path) -> io::Result<()> {
        self.change(false, |inner| {
            let id = inner.find(path).ok_or_else(missing)?;
            match &mut inner.nodes[id] {
                Node::Folder { names, synced, pending } => {
                    synced.clone_from(names);
                    pending.clear();
                }
                Node::File { content, synced } => *synced = Some(content.as_slice().into()),
                Node::Link(_) => panic!("{}: links cannot be synced", path.display()),
            }
            Ok(())
        })
    }
}

/// A file that is being written: each write is a change of its own.
struct Writing {
    disk: Memory,
    id: Id,
}

impl Write for Writing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let id = self.id;
        self.disk.change(true, |inner| {
            let Node::File { content, .. } = &mut inner.nodes[id] else { panic!("files are written") };
            content.extend_from_slice(bytes);
            Ok(bytes.len())
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Contents of all disks that a cut could leave at that path; none: nothing is there.
fn left_at(disk: &Memory, path: &str) -> HashSet<Option<Vec<u8>>> {
    let content = |tree: Tree| match tree.get(Path::new(path)) {
        Some(Entry::File(content)) => Some(content.to_vec()),
        _ => None,
    };
    disk.take_cuts().into_iter().map(content).collect()
}

#[test]
fn the_model_shows_what_a_missing_sync_costs() {
    let begin = Tree::from([("/f".into(), Entry::File(Rc::from(*b"old")))]);
    let replaced = |syncs: &[&str]| {
        let mut disk = Memory::of(&begin, Cuts::Listed);
        disk.create(Path::new("/f.next"), 0o644).unwrap().write_all(b"new!").unwrap();
        for path in syncs.iter().filter(|path| **path != "/") {
            disk.sync(Path::new(path)).unwrap();
        }
        disk.take_cuts();
        disk.rename(Path::new("/f.next"), Path::new("/f")).unwrap();
        let during = left_at(&disk, "/f");
        if syncs.contains(&"/") {
            disk.sync(Path::new("/")).unwrap();
        } else {
            disk.create(Path::new("/other"), 0o644).unwrap();
        }
        (during, left_at(&disk, "/f"))
    };
    let some = |text: &[u8]| Some(text.to_vec());
    let (during, after) = replaced(&["/f.next", "/"]);
    assert_eq!(during, HashSet::from([some(b"old"), some(b"new!")]));
    assert_eq!(after, HashSet::from([some(b"new!")]));
    // Without the folder's sync it may be the old one for ever; without the file's, anything.
    assert_eq!(replaced(&["/f.next"]).1, HashSet::from([some(b"old"), some(b"new!")]));
    let torn = HashSet::from([some(b"old"), some(b""), some(b"ne"), some(b"new!"), some(b"\0\0\0\0")]);
    assert_eq!(replaced(&[]).0, torn);
}
