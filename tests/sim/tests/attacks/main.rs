//! What a lying relay may try, alone or with a removed or a copied device. Each attack has a name, and
//! ends refused with nothing changed, or noticed and told; none ends in silent acceptance.

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
