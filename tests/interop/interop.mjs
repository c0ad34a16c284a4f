// Waxwing's session layer against one other implementation: interop.mjs LIBRARY --peer PROGRAM --modules DIR
// [--messages N each way] [--seed N] [--as-published] [--itself]. Started by interop.py, which installs the libraries.
// Known faults of the libraries are mended by their adapters, unless they are to be as published. With --itself the
// library is on both sides.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { Conversation, expectRefused, kForeign, kWaxwing, newTally, otherOf } from './conversation.mjs';
import { Peer } from './peer.mjs';
import { Dice } from './random.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    peer: { type: 'string' },
    modules: { type: 'string' },
    messages: { type: 'string', default: '400' },
    seed: { type: 'string', default: '1' },
    'as-published': { type: 'boolean', default: false },
    itself: { type: 'boolean', default: false },
  },
});

// Some of the libraries say aloud what they do, sessions and their keys included.
const print = console.log;
for (const level of ['log', 'info', 'warn', 'error', 'debug']) console[level] = () => {};

async function plain(world, count, initiator, oneTime) {
  const conversation = await Conversation.begin(world);
  await conversation.establish(initiator, oneTime);
  await conversation.walk(count);
  await conversation.settle();
}

// Both begin before either has heard of the other.
async function simultaneous(world, count) {
  const conversation = await Conversation.begin(world);
  for (const side of [kWaxwing, kForeign]) {
    await conversation.establish(side, 'with');
    for (let left = 1 + world.dice.below(3); left > 0; left--) await conversation.send(side);
  }
  await conversation.walk(count);
  await conversation.settle();
}

// Now and then a side takes a fresh bundle and begins anew, with messages of the old session under way.
async function replaced(world, count, initiator) {
  const conversation = await Conversation.begin(world);
  await conversation.establish(initiator, 'with');
  let left = 4;
  await conversation.walk(count, async () => {
    if (left === 0 || !world.dice.chance(6 / count)) return;
    left--;
    const side = world.dice.chance(0.5) ? kWaxwing : kForeign;
    await conversation.establish(side, world.dice.chance(0.5) ? 'with' : 'without');
  });
  await conversation.settle();
}

// A last message that arrives before hundreds of others, which every library has to keep keys for.
async function overtaken(world, count) {
  const conversation = await Conversation.begin(world);
  await conversation.establish(kWaxwing, 'with');
  await conversation.send(kWaxwing);
  await conversation.settle();
  for (const side of [kWaxwing, kForeign]) await conversation.overtake(side, Math.min(1900, 5 * count));
  await conversation.walk(10);
  await conversation.settle();
}

const scenarios = {
  ...Object.fromEntries(
    [kWaxwing, kForeign].flatMap((initiator) =>
      ['with', 'without'].map((oneTime) => [
        `${initiator} begins, ${oneTime} a one-time key`,
        (world, count) => plain(world, count, initiator, oneTime),
      ]),
    ),
  ),
  'messages overtake hundreds of others': overtaken,
  'both begin at once': simultaneous,
  'waxwing begins, sessions are replaced': (world, count) => replaced(world, count, kWaxwing),
  'the other begins, sessions are replaced': (world, count) => replaced(world, count, kForeign),
};

// XEdDSA: the other's signature in the manifest and over its pre-key, and Waxwing's over its own.
async function forged(world) {
  const damaged = (signature) => {
    const copy = Buffer.from(signature);
    copy[world.dice.below(64)] ^= 1 << world.dice.below(8);
    return copy;
  };
  const conversation = await Conversation.begin(world);
  for (const side of [kWaxwing, kForeign]) {
    const bundle = await conversation.sides[otherOf(side)].bundle('with');
    bundle.signedPreKey.signature = damaged(bundle.signedPreKey.signature);
    await expectRefused(side, () => conversation.sides[side].establish(bundle), "a signed pre-key's damaged signature");
  }
  const { waxwing, foreign } = conversation.sides;
  const stranger = {
    identityKey: () => foreign.device.identityKey(),
    sign: async (bytes) => damaged(await foreign.device.sign(bytes)),
  };
  await expectRefused(kWaxwing, () => waxwing.meet(stranger, 1), 'a damaged signature in a manifest');
}

async function safetyNumbers({ peer, Library, dice }) {
  if (!Library.safetyNumber) return 'has none that work';
  const count = 5;
  for (let left = count; left > 0; left--) {
    const { sides } = await Conversation.begin({ peer, Library, dice });
    const { text, mine, myKey, theirs, theirKey } = await peer.ask('safetyNumber', { peer: sides.waxwing.name });
    const keys = [Buffer.from(myKey, 'hex'), Buffer.from(theirKey, 'hex')];
    const same = [
      await Library.safetyNumber(mine, keys[0], theirs, keys[1]),
      await Library.safetyNumber(theirs, keys[1], mine, keys[0]),
    ];
    if (!/^[0-9]{60}$/.test(text) || same.some((number) => number !== text)) {
      throw new Error(`the safety number is ${text} to Waxwing and ${same} to the other`);
    }
  }
  return `${count} are the same on both sides`;
}

async function senderKeys({ peer, Library, dice }, count) {
  if (!Library.senderKeys) return 'has none';
  await Library.senderKeys({ peer, dice, count });
  return `${count} messages each way`;
}

async function load(name) {
  const adapter = await import(new URL(`./adapters/${name}.mjs`, import.meta.url));
  const { packageName, version } = adapter;
  const manifest = join(resolve(options.modules), 'node_modules', packageName, 'package.json');
  const installed = JSON.parse(readFileSync(manifest)).version;
  if (installed !== version) throw new Error(`${packageName} ${installed} is installed, and not ${version}`);
  print(`${packageName} ${version}, seed ${options.seed}`);
  return adapter.load(createRequire(manifest), options['as-published'] ? 'as published' : 'repaired');
}

async function converse(world, count) {
  const total = newTally();
  for (const [title, play] of Object.entries(scenarios)) {
    const tally = newTally();
    await play({ ...world, tally }, count).catch((error) => {
      throw new Error(`${title}: ${error.message}`, { cause: error });
    });
    print(`  ${title}: ${tally.waxwing.read} and ${tally.foreign.read} messages read`);
    for (const side of [kWaxwing, kForeign]) for (const key in total[side]) total[side][key] += tally[side][key];
  }
  for (const side of [kWaxwing, kForeign]) print(`  ${side}: ${JSON.stringify(total[side])}`);
}

async function main() {
  const Library = await load(positionals[0]);
  const peer = options.itself ? undefined : new Peer(options.peer, options.seed);
  const world = { peer, Library, dice: new Dice(Number(options.seed)) };
  const count = Math.ceil(Number(options.messages) / (Object.keys(scenarios).length - 1));
  await converse(world, count);
  if (options.itself) return;
  await forged(world);
  print('  damaged signatures: refused by both');
  print(`  safety numbers: ${await safetyNumbers(world)}`);
  print(`  sender keys: ${await senderKeys(world, count)}`);
  peer.end();
}

main().catch((error) => {
  print(error.stack);
  for (let cause = error.cause; cause; cause = cause.cause) print(`because: ${cause.stack}`);
  process.exit(1);
});
