// @privacyresearch/libsignal-protocol-typescript: the former libsignal-protocol-javascript, in TypeScript over a
// portable C curve.
import { fields } from '../wire.mjs';

export const packageName = '@privacyresearch/libsignal-protocol-typescript';
export const version = '0.0.16';

export async function load(require, repairs) {
  // The curve, too: its compiled code replaces Node's last resorts when it is loaded.
  const lastResorts = ['uncaughtException', 'unhandledRejection'].map((name) => [name, process.listeners(name)]);
  const library = require(packageName);
  const { SessionBuilder, SessionCipher, SignalProtocolAddress, KeyHelper, FingerprintGenerator } = library;
  const { Curve } = await library.default();
  for (const [name, listeners] of lastResorts) {
    process.removeAllListeners(name);
    for (const listener of listeners) process.on(name, listener);
  }

  const arrayOf = (bytes) => new Uint8Array(bytes).buffer;
  const toText = (buffer) => Buffer.from(buffer).toString('base64');
  const fromText = (text) => arrayOf(Buffer.from(text, 'base64'));
  const pairToText = ({ pubKey, privKey }) => ({ pubKey: toText(pubKey), privKey: toText(privKey) });
  const pairFromText = (pair) => pair && { pubKey: fromText(pair.pubKey), privKey: fromText(pair.privKey) };

  // The library tries a message with one session after another and keeps what each failed trial did to its session:
  // the ratchet steps before the MAC is looked at. So a message for an older session destroys the newer ones.
  class CarefulCipher extends SessionCipher {
    async decryptWithSessionList(buffer, sessions, errors) {
      while (sessions.length > 0) {
        const session = sessions.pop();
        const copy = structuredClone(session);
        try {
          const plaintext = await this.doDecryptWhisperMessage(buffer, copy);
          Object.assign(session, copy, { indexInfo: session.indexInfo });
          delete session.pendingPreKey;
          return { plaintext, session };
        } catch (error) {
          errors.push(error);
        }
      }
      throw errors[0];
    }
  }
  const Cipher = repairs === 'repaired' ? CarefulCipher : SessionCipher;

  // Where no one-time key was used, the library says that it was number 0. Nothing authenticates that field, and it
  // means the same when it is left out.
  function withoutKeyZero(kind, bytes) {
    if (kind !== 'preKey' || repairs !== 'repaired') return bytes;
    const zero = fields(bytes.subarray(1)).find(({ number, value }) => number === 1 && value === 0);
    return zero ? Buffer.concat([bytes.subarray(0, 1 + zero.from), bytes.subarray(1 + zero.to)]) : bytes;
  }

  class Store {
    constructor(held) {
      this.held = held;
    }
    async getIdentityKeyPair() {
      return pairFromText(this.held.identity);
    }
    async getLocalRegistrationId() {
      return this.held.registrationId;
    }
    async isTrustedIdentity() {
      return true;
    }
    async saveIdentity() {
      return true;
    }
    async loadSession(name) {
      return this.held.session[name];
    }
    async storeSession(name, record) {
      this.held.session[name] = record;
    }
    async loadPreKey(id) {
      return pairFromText(this.held.preKey[id]);
    }
    async removePreKey(id) {
      delete this.held.preKey[id];
    }
    async loadSignedPreKey(id) {
      return pairFromText(this.held.signedPreKey[id]);
    }
  }

  return class PrivacyResearch {
    static async create(registrationId) {
      const identity = pairToText(await KeyHelper.generateIdentityKeyPair());
      return new PrivacyResearch({ registrationId, identity, nextId: 1, session: {}, preKey: {}, signedPreKey: {} });
    }
    static async revive(text) {
      return new PrivacyResearch(JSON.parse(text));
    }
    constructor(held) {
      this.held = held;
      this.store = new Store(held);
    }
    serialized() {
      return JSON.stringify(this.held);
    }

    async identityKey() {
      return Buffer.from((await this.store.getIdentityKeyPair()).pubKey);
    }
    async sign(bytes) {
      const { privKey } = await this.store.getIdentityKeyPair();
      return Buffer.from(Curve.calculateSignature(privKey, arrayOf(bytes)));
    }

    async bundle(oneTime) {
      const id = this.held.nextId++;
      const made = await KeyHelper.generateSignedPreKey(await this.store.getIdentityKeyPair(), id);
      this.held.signedPreKey[id] = pairToText(made.keyPair);
      const bundle = {
        signedPreKey: { id, key: Buffer.from(made.keyPair.pubKey), signature: Buffer.from(made.signature) },
      };
      if (oneTime === 'with') {
        const once = await KeyHelper.generatePreKey(id);
        this.held.preKey[id] = pairToText(once.keyPair);
        bundle.oneTimeKey = { id, key: Buffer.from(once.keyPair.pubKey) };
      }
      return bundle;
    }
    async establish(peer, { signedPreKey, oneTimeKey }) {
      await new SessionBuilder(this.store, this.addressOf(peer)).processPreKey({
        registrationId: peer.registrationId,
        identityKey: arrayOf(peer.identityKey),
        signedPreKey: {
          keyId: signedPreKey.id,
          publicKey: arrayOf(signedPreKey.key),
          signature: arrayOf(signedPreKey.signature),
        },
        preKey: oneTimeKey && { keyId: oneTimeKey.id, publicKey: arrayOf(oneTimeKey.key) },
      });
    }
    async encrypt(peer, padded) {
      const { type, body } = await this.cipherFor(peer).encrypt(arrayOf(padded));
      const kind = type === 3 ? 'preKey' : 'message';
      return { kind, bytes: withoutKeyZero(kind, Buffer.from(body, 'binary')) };
    }
    async decrypt(peer, kind, bytes) {
      const cipher = this.cipherFor(peer);
      const message = arrayOf(bytes);
      return Buffer.from(
        await (kind === 'preKey' ? cipher.decryptPreKeyWhisperMessage(message) : cipher.decryptWhisperMessage(message)),
      );
    }
    cipherFor(peer) {
      return new Cipher(this.store, this.addressOf(peer));
    }
    addressOf(peer) {
      return new SignalProtocolAddress(peer.account, peer.device);
    }

    static async safetyNumber(mine, myKey, theirs, theirKey) {
      return new FingerprintGenerator(5200).createFor(mine, arrayOf(myKey), theirs, arrayOf(theirKey));
    }
  };
}
