// Sender keys. The Rust library writes a 16-byte distribution id in front of what libsignal-protocol-c writes, in the
// distribution and in every message, under the same version number: neither reads the other's bytes. Underneath they
// are the same. So each message here is opened from its signature, verified by the other's XEdDSA, and its ciphertext
// is put into the other's layout under a signing key of our own; from there on it is the library's own code that
// derives the keys, in and out of order, and decrypts.
import { pad, protocolBuffer, unpad, valuesOf } from '../wire.mjs';

const kDistribution = 'f81d4fae-7dec-41d0-a765-00a0c91e6bf6';
const kVersion = 0x33;
const kSignatureBytes = 64;

function store(signal) {
  class Store extends signal.SenderKeyStore {
    records = {};
    async saveSenderKey(sender, distribution, record) {
      this.records[distribution] = record.serialize();
    }
    async getSenderKey(sender, distribution) {
      const record = this.records[distribution];
      return record ? signal.SenderKeyRecord.deserialize(record) : null;
    }
  }
  return new Store();
}

// The fields under a signature that must verify.
function verified(signingKey, bytes) {
  const signed = bytes.subarray(0, -kSignatureBytes);
  if (!signingKey.verify(signed, bytes.subarray(-kSignatureBytes))) throw new Error('the signature does not verify');
  return valuesOf(signed.subarray(1));
}

function versioned(values) {
  return Buffer.concat([Buffer.from([kVersion]), protocolBuffer(values)]);
}

function shuffled(dice, list) {
  const order = [...list];
  for (let at = order.length - 1; at > 0; at--) {
    const other = dice.below(at + 1);
    [order[at], order[other]] = [order[other], order[at]];
  }
  return order;
}

// Messages that are about to be delivered, each with its content; in blocks, shuffled within a block.
async function inBlocks({ dice, count }, encrypt, deliver) {
  for (let left = count; left > 0; ) {
    const block = [];
    for (let size = Math.min(left, 1 + dice.below(20)); size > 0; size--, left--) {
      const content = dice.bytes(dice.below(300));
      block.push({ content, bytes: await encrypt(content) });
    }
    for (const { content, bytes } of shuffled(dice, block)) {
      if (!(await deliver(bytes)).equals(content)) throw new Error('a sender-key message was read as something else');
    }
  }
}

async function fromWaxwing(signal, sender, { peer, dice, count }) {
  const distribution = Buffer.from((await peer.ask('senderKeyCreate')).distribution, 'hex');
  const { 1: id, 2: iteration, 3: chainKey, 4: signingKey } = valuesOf(distribution.subarray(1));
  const theirs = signal.PublicKey.deserialize(signingKey);
  const ours = signal.PrivateKey.generate();
  const { SenderKeyDistributionMessage, SenderKeyMessage } = signal;
  const receiver = store(signal);
  await signal.processSenderKeyDistributionMessage(
    sender,
    SenderKeyDistributionMessage._new(3, kDistribution, id, iteration, chainKey, ours.getPublicKey()),
    receiver,
  );
  await inBlocks(
    { dice, count },
    async (content) =>
      Buffer.from((await peer.ask('senderKeyEncrypt', { content: content.toString('hex') })).ciphertext, 'hex'),
    async (bytes) => {
      const { 2: at, 3: ciphertext } = verified(theirs, bytes);
      const message = SenderKeyMessage._new(3, kDistribution, id, at, ciphertext, ours);
      return unpad(await signal.groupDecrypt(sender, receiver, message.serialize()));
    },
  );
}

async function toWaxwing(signal, sender, { peer, dice, count }) {
  const { SenderKeyDistributionMessage, SenderKeyMessage } = signal;
  const own = store(signal);
  const distribution = await SenderKeyDistributionMessage.create(sender, kDistribution, own);
  const { 5: signingKey } = valuesOf(distribution.serialize().subarray(1));
  const theirs = signal.PublicKey.deserialize(signingKey);
  const ours = signal.PrivateKey.generate();
  const id = distribution.chainId();
  const taken = versioned([id, distribution.iteration(), distribution.chainKey(), ours.getPublicKey().serialize()]);
  await peer.ask('senderKeyTake', { distribution: taken.toString('hex') });
  await inBlocks(
    { dice, count },
    async (content) => (await signal.groupEncrypt(sender, kDistribution, own, pad(content))).serialize(),
    async (bytes) => {
      verified(theirs, bytes);
      const message = SenderKeyMessage.deserialize(bytes);
      const signed = versioned([id, message.iteration(), message.ciphertext()]);
      const ciphertext = Buffer.concat([signed, ours.sign(signed)]).toString('hex');
      return Buffer.from((await peer.ask('senderKeyDecrypt', { ciphertext })).content, 'hex');
    },
  );
}

export async function exchangeSenderKeys(signal, world) {
  const sender = signal.ProtocolAddress.new('sender', 1);
  await fromWaxwing(signal, sender, world);
  await toWaxwing(signal, sender, world);
}
