//! What can be done at run time, once for every door: each says in its own words what came of it.

pub mod pausing;
