//! The network evaluated plainly, straight from its specification: slow, simple, and sharing nothing with the graph.
