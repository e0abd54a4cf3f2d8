//! Values are found from where they are asked for, and only those that somebody asks for.

struct Kernel(&'static str);

inventory::collect!(Kernel);

inventory::submit! { Kernel("first") }

mod elsewhere {
    inventory::submit! { super::Kernel("second") }
}

struct Unused;

inventory::collect!(Unused);

#[test]
fn values_of_all_modules_are_found_the_last_one_first() {
    let by_call: Vec<_> = inventory::iter::<Kernel>().map(|kernel| kernel.0).collect();
    let mut sorted = by_call.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["first", "second"]);
    let by_value: Vec<_> = inventory::iter::<Kernel>.into_iter().map(|kernel| kernel.0).collect();
    assert_eq!(by_value, by_call);
}

#[test]
fn a_type_without_values_has_none() {
    assert_eq!(inventory::iter::<Unused>().count(), 0);
}

#[test]
fn what_two_crates_register_is_left_out_and_nothing_else() {
    for module in ["tract_core", "tract_core::transform", "tract_nnef::transform"] {
        assert!(!inventory::is_looked_up(module), "{module}");
    }
    for module in ["tract_linalg::x86_64::mmm", "tract_data::knobs", "tract_core_of_mine", "tract", ""] {
        assert!(inventory::is_looked_up(module), "{module}");
    }
}
