//! Model files: what is accepted, what is refused and how, and what hostile ones cost.

mod foreign;
mod hostile;
mod model_file;
mod small_model;
