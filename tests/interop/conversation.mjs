// One conversation between Waxwing and another implementation, over a network that reorders, loses, repeats and
// damages messages, while either side is restarted. Everything that arrives must be what was sent; everything that was
// repeated or damaged must be refused, and the true message must still be read after that.
import { PeerEnded } from './peer.mjs';
import { pad, parse, unpad } from './wire.mjs';

export const kWaxwing = 'waxwing';
export const kForeign = 'foreign';
export const otherOf = (side) => (side === kWaxwing ? kForeign : kWaxwing);

// A session keeps five receiving chains: a message is read while its own is one of them.
const kChainsKept = 4;
const kMostInFlight = 60;

const kNothingCounted = {
  sent: 0, read: 0, preKey: 0, outOfOrder: 0, olderChain: 0, lost: 0, restarts: 0, replaysRefused: 0, damagedRefused: 0,
  sessions: 0,
};

export function newTally() {
  return { waxwing: { ...kNothingCounted }, foreign: { ...kNothingCounted } };
}

// A bundle's keys and signatures as bytes on this side, and as hex on the way to the peer and back.
function withKeys(bundle, convert) {
  return Object.fromEntries(
    Object.entries(bundle).map(([name, { id, key, signature }]) => [
      name,
      { id, key: convert(key), ...(signature && { signature: convert(signature) }) },
    ]),
  );
}
const hexed = (bundle) => withKeys(bundle, (bytes) => bytes.toString('hex'));
const unhexed = (bundle) => withKeys(bundle, (hex) => Buffer.from(hex, 'hex'));

class WaxwingSide {
  constructor(peer) {
    this.peer = peer;
  }
  async meet(foreign, registrationId) {
    const identityKey = (await foreign.identityKey()).toString('hex');
    const { peer: name, toSign } = await this.peer.ask('foreign', { identityKey, registrationId });
    this.name = name;
    const signature = await foreign.sign(Buffer.from(toSign, 'hex'));
    await this.peer.ask('vouch', { peer: name, signature: signature.toString('hex') });
  }
  async bundle(oneTime) {
    return unhexed(await this.peer.ask('bundle', { oneTime }));
  }
  async establish(bundle) {
    await this.peer.ask('establish', { peer: this.name, bundle: hexed(bundle) });
  }
  async encrypt(content) {
    const answer = await this.peer.ask('encrypt', { peer: this.name, content: content.toString('hex') });
    const { kind, ciphertext, random } = answer;
    return { kind, bytes: Buffer.from(ciphertext, 'hex'), random: Buffer.from(random, 'hex') };
  }
  async decrypt(kind, bytes) {
    const { content } = await this.peer.ask('decrypt', { peer: this.name, kind, ciphertext: bytes.toString('hex') });
    return { content: Buffer.from(content, 'hex') };
  }
  async restart() {
    await this.peer.ask('restart');
  }
}

// Sees the padding as well: `random` is the 16 bytes at its head.
class ForeignSide {
  constructor(Library, device, other) {
    this.Library = Library;
    this.device = device;
    this.other = other;
  }
  bundle(oneTime) {
    return this.device.bundle(oneTime);
  }
  establish(bundle) {
    return this.device.establish(this.other, bundle);
  }
  async encrypt(content) {
    const padded = pad(content);
    return { ...(await this.device.encrypt(this.other, padded)), random: padded.subarray(0, 16) };
  }
  async decrypt(kind, bytes) {
    const padded = await this.device.decrypt(this.other, kind, bytes);
    return { content: unpad(padded), random: padded.subarray(0, 16) };
  }
  async restart() {
    this.device = await this.Library.revive(this.device.serialized());
  }
}

// That `attempt` fails, and not because Waxwing's program ended.
export async function expectRefused(side, attempt, what) {
  try {
    await attempt();
  } catch (error) {
    if (error instanceof PeerEnded) throw error;
    return;
  }
  throw new Error(`${side} takes ${what}`);
}

export class Conversation {
  static async begin({ peer, Library, dice, tally }) {
    if (!peer) return Conversation.withItself({ Library, dice, tally });
    const described = await peer.ask('device');
    const waxwing = { ...described, identityKey: Buffer.from(described.identityKey, 'hex') };
    const registrationId = 1 + dice.below(16380);
    const device = await Library.create(registrationId);
    const waxwingSide = new WaxwingSide(peer);
    await waxwingSide.meet(device, registrationId);
    return new Conversation(waxwingSide, new ForeignSide(Library, device, waxwing), dice, tally);
  }

  // The other implementation on both sides: what it does there is no doing of ours.
  static async withItself({ Library, dice, tally }) {
    const described = [];
    for (const registrationId of [1, 2]) {
      const device = await Library.create(registrationId);
      const identityKey = await device.identityKey();
      const account = identityKey.toString('hex');
      described.push({ device, address: { account, device: 1, identityKey, registrationId } });
    }
    const [one, other] = described;
    const sides = [[one, other], [other, one]].map(([own, peer]) => new ForeignSide(Library, own.device, peer.address));
    return new Conversation(...sides, dice, tally);
  }

  constructor(waxwing, foreign, dice, tally) {
    this.sides = { waxwing, foreign };
    this.dice = dice;
    this.tally = tally;
    this.inbox = { waxwing: [], foreign: [] };
    this.read = { waxwing: [], foreign: [] };
    this.chains = { waxwing: [], foreign: [] };
    this.canSend = { waxwing: false, foreign: false };
    this.sent = { waxwing: 0, foreign: 0 };
  }

  async establish(side, oneTime) {
    const bundle = await this.sides[otherOf(side)].bundle(oneTime);
    if ((oneTime === 'with') !== Boolean(bundle.oneTimeKey)) throw new Error('a bundle with another number of keys');
    await this.sides[side].establish(bundle);
    this.canSend[side] = true;
    this.tally[side].sessions++;
  }

  async send(side) {
    const size = this.dice.chance(0.05) ? this.dice.below(20000) : this.dice.below(300);
    const content = this.dice.bytes(size);
    const { kind, bytes, random } = await this.sides[side].encrypt(content);
    const parsed = parse(kind, bytes);
    this.inbox[otherOf(side)].push({ number: this.sent[side]++, content, random, kind, bytes, ...parsed });
    this.tally[side].sent++;
    if (kind === 'preKey') this.tally[side].preKey++;
  }

  // Before a new chain pushes the oldest one out, what still belongs to that one arrives.
  async deliver(side, index) {
    const inbox = this.inbox[side];
    const chains = this.chains[side];
    if (!chains.includes(inbox[index].ratchetKey)) {
      const leaving = chains.slice(0, -(kChainsKept - 1));
      const early = inbox.findIndex(({ ratchetKey }) => chains.length >= kChainsKept && leaving.includes(ratchetKey));
      if (early >= 0) index = early;
    }
    const [message] = inbox.splice(index, 1);
    await this.expectRead(side, message);
    const tally = this.tally[side];
    tally.read++;
    if (inbox.some(({ number }) => number < message.number)) tally.outOfOrder++;
    if (chains.includes(message.ratchetKey)) {
      if (chains.at(-1) !== message.ratchetKey) tally.olderChain++;
    } else {
      chains.push(message.ratchetKey);
    }
    this.read[side].push(message);
    this.canSend[side] = true;
  }

  async expectRead(side, message) {
    let read;
    try {
      read = await this.sides[side].decrypt(message.kind, message.bytes);
    } catch (error) {
      const what = `${side} does not read message ${message.number} (${message.kind})`;
      throw new Error(`${what}: ${error.message}`, { cause: error });
    }
    const same = read.content.equals(message.content) && (!read.random || read.random.equals(message.random));
    if (!same) throw new Error(`${side} read something else in message ${message.number}`);
  }

  expectRefused(side, { kind }, bytes, what) {
    return expectRefused(side, () => this.sides[side].decrypt(kind, bytes), what);
  }

  async replay(side) {
    const message = this.read[side][this.dice.below(this.read[side].length)];
    await this.expectRefused(side, message, message.bytes, `message ${message.number} twice`);
    this.tally[side].replaysRefused++;
  }

  // Any bit of an ordinary message after its version byte: all of them are under its MAC.
  async damage(side) {
    const message = this.inbox[side].find(({ kind }) => kind === 'message');
    if (!message) return;
    const damaged = Buffer.from(message.bytes);
    damaged[1 + this.dice.below(damaged.length - 1)] ^= 1 << this.dice.below(8);
    await this.expectRefused(side, message, damaged, `message ${message.number}, damaged`);
    this.tally[side].damagedRefused++;
  }

  async deliverSome(side) {
    if (this.inbox[side].length === 0) return;
    await this.deliver(side, this.dice.chance(0.5) ? 0 : this.dice.below(this.inbox[side].length));
  }

  async restart(side) {
    await this.sides[side].restart();
    this.tally[side].restarts++;
  }

  lose(side) {
    // What has not been answered yet may be all that the other side has to go by.
    if (this.inbox[side].length < 2 || !this.canSend[side]) return;
    this.inbox[side].splice(this.dice.below(this.inbox[side].length), 1);
    this.tally[side].lost++;
  }

  // Until each side has sent `count` messages. `interlude` is called between two steps.
  async walk(count, interlude = async () => {}) {
    let talking = this.canSend.waxwing ? kWaxwing : kForeign;
    for (const goals = { waxwing: this.sent.waxwing + count, foreign: this.sent.foreign + count }; ; ) {
      const listening = otherOf(talking);
      const rest = goals[talking] - this.sent[talking];
      if (rest <= 0 && goals[listening] - this.sent[listening] <= 0) return;
      if ((rest <= 0 || this.dice.chance(0.15)) && this.canSend[listening]) talking = listening;
      else if (rest > 0 && this.inbox[otherOf(talking)].length < kMostInFlight) await this.send(talking);
      else await this.deliverSome(otherOf(talking));
      await this.disturb(this.dice.chance(0.5) ? kWaxwing : kForeign);
      await interlude();
    }
  }

  async disturb(side) {
    const roll = this.dice.next();
    if (roll < 0.62) return this.deliverSome(side);
    if (roll < 0.64) return this.lose(side);
    if (roll < 0.66) return this.restart(side);
    if (roll < 0.7 && this.read[side].length > 0) return this.replay(side);
    if (roll < 0.74) return this.damage(side);
  }

  // `count` messages to `side`: the last arrives first, then some of the others, and the rest never.
  async overtake(side, count) {
    for (let left = count; left > 0; left--) await this.send(otherOf(side));
    const inbox = this.inbox[side];
    await this.deliver(side, inbox.length - 1);
    for (let left = Math.min(20, count - 1); left > 0; left--) await this.deliver(side, this.dice.below(inbox.length));
    this.tally[side].lost += inbox.length;
    inbox.length = 0;
  }

  async settle() {
    for (const side of [kWaxwing, kForeign]) {
      while (this.inbox[side].length > 0) await this.deliver(side, this.dice.below(this.inbox[side].length));
    }
  }
}
