// The course of a run follows from its seed; the keys inside the libraries do not.
export class Dice {
  constructor(seed) {
    this.state = seed >>> 0;
  }
  // mulberry32: [0, 1)
  next() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let mixed = this.state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  below(bound) {
    return Math.floor(this.next() * bound);
  }
  chance(probability) {
    return this.next() < probability;
  }
  bytes(count) {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }
}
