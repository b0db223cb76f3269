//! What is given month after month: the real core, the gateway before it, and the sandbox with its clock.

mod ending;
mod life;
mod months;
mod order;
mod tabs;
mod years;
