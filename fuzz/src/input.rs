//! Reads choices out of arbitrary bytes. When they run out, every choice is the first one.

/// What is left of an input.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of `count` choices.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        let wide = if count > 256 { usize::from(self.byte()) << 8 } else { 0 };
        (wide + usize::from(self.byte())) % count.max(1)
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(crate) fn number(&mut self) -> u64 {
        (0..4).fold(0, |n, _| (n << 8) | u64::from(self.byte()))
    }

    /// A number as liars like them: near a bound, near what is right, or any.
    pub(crate) fn odd_number(&mut self, right: u64) -> u64 {
        match self.byte() % 12 {
            0 => 0,
            1 => 1,
            2 => right.wrapping_add(1),
            3 => right.wrapping_sub(1),
            4 => u64::MAX,
            5 => u64::MAX - u64::from(self.byte()),
            6 => i64::MAX as u64,
            7 => i64::MAX as u64 + 1,
            8 => 1 << 53,
            9 => right.wrapping_add(self.number()),
            10 => u64::from(self.byte()),
            _ => self.number() << (self.byte() % 33),
        }
    }

    pub(crate) fn take(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Everything that is left.
    pub(crate) const fn rest(&mut self) -> &'a [u8] {
        let rest = self.0;
        self.0 = &[];
        rest
    }

    /// Changes bytes in one to four places.
    pub(crate) fn mutate(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.byte() % 4 {
            let at = self.below(bytes.len() + 1);
            match self.byte() % 5 {
                0 => bytes.truncate(at),
                1 => bytes.insert(at, self.byte()),
                2 if at < bytes.len() => drop(bytes.remove(at)),
                3 => bytes.splice(at..at, self.take(4).to_vec()).for_each(drop),
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte ^= self.byte().max(1);
                    }
                }
            }
        }
    }
}
