//! Takes the place of the crate `inventory` 0.3 under tract, so that a program has what it uses of tract and no more.
//!
//! A value that is registered with [`submit!`] is found by whoever asks for all of its type, in whichever crate it stands. What may be asked for
//! must be in the program, and what that can call, too. tract registers its matrix kernels so, which are asked for. But `tract-core` and
//! `tract-nnef` also register changes to graphs under names that only tract's own command line looks up, and through them a program held every
//! operator that tract has, Fourier transforms and recurrent networks among them: a quarter of `moead-edge` (docs/design/size.md). Here what those
//! two crates register is left out.
//!
//! The rest is as David Tolnay's crate has it (<https://docs.rs/inventory>), as far as tract uses it: constructors that run before `main`, on ELF
//! systems.

use std::convert::Infallible;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Crates whose registrations nobody looks up.
const NOT_LOOKED_UP: [&str; 2] = ["tract_core", "tract_nnef"];

/// A type whose values are registered; [`collect!`] makes a type one.
pub trait Collect: Sync + Sized + 'static {
    /// Where its values are.
    #[doc(hidden)]
    fn registry() -> &'static Registry<Self>;
}

/// The values of a type.
#[doc(hidden)]
#[derive(Debug)]
pub struct Registry<T: 'static>(Mutex<Vec<&'static T>>);

impl<T: 'static> Registry<T> {
    /// Without any.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "made by `collect!` alone, in a static")]
    pub const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn values(&self) -> MutexGuard<'_, Vec<&'static T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds a value; called before `main`.
#[doc(hidden)]
pub fn add<T: Collect>(value: &'static T) {
    T::registry().values().push(value);
}

/// In place of a constructor that is left out.
#[doc(hidden)]
pub extern "C" fn nothing() {}

/// Whether what a module registers is looked up.
#[doc(hidden)]
#[must_use]
pub const fn is_looked_up(module: &str) -> bool {
    let mut index = 0;
    while index < NOT_LOOKED_UP.len() {
        if begins_with(module.as_bytes(), NOT_LOOKED_UP[index].as_bytes()) {
            return false;
        }
        index += 1;
    }
    true
}

/// `starts_with` is not yet for constants.
const fn begins_with(module: &[u8], name: &[u8]) -> bool {
    if module.len() < name.len() {
        return false;
    }
    let mut index = 0;
    while index < name.len() {
        if module[index] != name[index] {
            return false;
        }
        index += 1;
    }
    // `tract_core_of_mine` is another crate.
    module.len() == name.len() || module[name.len()] == b':'
}

/// Makes values of a type ones that are registered.
#[macro_export]
macro_rules! collect {
    ($type:ty) => {
        impl $crate::Collect for $type {
            fn registry() -> &'static $crate::Registry<Self> {
                static REGISTRY: $crate::Registry<$type> = $crate::Registry::new();
                &REGISTRY
            }
        }
    };
}

/// Registers a constant value. Stands outside of functions.
#[macro_export]
macro_rules! submit {
    ($($value:tt)*) => {
        const _: () = {
            extern "C" fn register() {
                $crate::add(const { &{ $($value)* } });
            }

            // SAFETY: the section is one of pointers to functions without arguments, which the loader calls one after the other before `main`, on the
            // thread that `main` gets. Neither function unwinds: the one pushes to a list, the other is empty.
            #[used]
            #[unsafe(link_section = ".init_array")]
            static REGISTER: extern "C" fn() =
                if $crate::is_looked_up(module_path!()) { register } else { $crate::nothing };
        };
    };
}

/// All values of a type that are registered, the last one first: `for value in inventory::iter::<T>`, or `inventory::iter::<T>()`.
#[expect(non_camel_case_types, reason = "the name that tract calls")]
pub type iter<T> = private::iter<T>;

/// The variant under the type's own name, which a glob import can bring in beside the type and an import by name cannot
/// (<https://github.com/dtolnay/ghost>).
mod value {
    #[doc(hidden)]
    pub use crate::private::iter::iter;
}

mod private {
    use super::{Infallible, PhantomData};

    #[expect(non_camel_case_types, reason = "reads as a function")]
    #[derive(Debug)]
    pub enum iter<T> {
        __Phantom(PhantomData<fn() -> T>, Infallible),
        iter,
    }

    #[doc(hidden)]
    pub use crate::value::*;
}

#[doc(hidden)]
pub use crate::private::*;

/// What has been registered.
fn all<T: Collect>() -> std::iter::Rev<std::vec::IntoIter<&'static T>> {
    T::registry().values().clone().into_iter().rev()
}

impl<T: Collect> IntoIterator for private::iter<T> {
    type Item = &'static T;
    type IntoIter = std::iter::Rev<std::vec::IntoIter<&'static T>>;

    fn into_iter(self) -> Self::IntoIter {
        all()
    }
}

impl<T: Collect> Deref for private::iter<T> {
    type Target = fn() -> std::iter::Rev<std::vec::IntoIter<&'static T>>;

    fn deref(&self) -> &Self::Target {
        &(all::<T> as fn() -> _)
    }
}
