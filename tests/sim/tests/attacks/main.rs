//! What a lying relay may try, alone or with a removed or copied device. Each attack has a name, and is
//! either refused with nothing changed, or noticed and reported; none is silently accepted.

mod content;
mod craft;
mod deletion;
mod forks;
mod items;
mod joining;
mod late;
mod loops;
mod loss;
mod membership;
mod pairing;
mod removal;
mod session;
mod silence;
mod stuck;
