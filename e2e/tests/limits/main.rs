//! How much each caller may do: counted exactly, on one node and on two, told as draft-11 has it, and by whose
//! address.

mod addresses;
mod callers;
mod counting;
mod failing;
mod ground;
mod mistakes;
mod two_nodes;
