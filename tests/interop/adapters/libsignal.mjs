// libsignal: libsignal-node, in JavaScript over Node's own primitives.
export const packageName = 'libsignal';
export const version = '6.0.0';

export async function load(require, repairs) {
  const { SessionBuilder, SessionCipher, SessionRecord, ProtocolAddress, curve } = require(packageName);

  // The library tries a message with one session after another and keeps what each failed trial did to its session:
  // the ratchet steps before the MAC is looked at. So a message for an older session destroys the newer ones.
  class CarefulCipher extends SessionCipher {
    async decryptWithSessions(data, sessions) {
      for (const session of sessions) {
        const copy = session.constructor.deserialize(session.serialize());
        const plaintext = await this.doDecryptWhisperMessage(data, copy).catch(() => undefined);
        if (plaintext === undefined) continue;
        Object.assign(session, copy);
        delete session.pendingPreKey;
        session.indexInfo.used = Date.now();
        return { session, plaintext };
      }
      throw new Error('no session opens it');
    }
  }
  const Cipher = repairs === 'repaired' ? CarefulCipher : SessionCipher;

  const pairToText = ({ pubKey, privKey }) => ({
    pubKey: pubKey.toString('base64'),
    privKey: privKey.toString('base64'),
  });
  const pairFromText = (pair) =>
    pair && { pubKey: Buffer.from(pair.pubKey, 'base64'), privKey: Buffer.from(pair.privKey, 'base64') };

  // All of it is text: what an operation that failed did to an object is gone with the object.
  class Store {
    constructor(held) {
      this.held = held;
    }
    async getOurIdentity() {
      return pairFromText(this.held.identity);
    }
    async getOurRegistrationId() {
      return this.held.registrationId;
    }
    async isTrustedIdentity() {
      return true;
    }
    async loadSession(name) {
      const record = this.held.session[name];
      return record && SessionRecord.deserialize(JSON.parse(record));
    }
    async storeSession(name, record) {
      this.held.session[name] = JSON.stringify(record.serialize());
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

  return class LibSignal {
    static async create(registrationId) {
      const identity = pairToText(curve.generateKeyPair());
      return new LibSignal({ registrationId, identity, nextId: 1, session: {}, preKey: {}, signedPreKey: {} });
    }
    static async revive(text) {
      return new LibSignal(JSON.parse(text));
    }
    constructor(held) {
      this.held = held;
      this.store = new Store(held);
    }
    serialized() {
      return JSON.stringify(this.held);
    }

    async identityKey() {
      return (await this.store.getOurIdentity()).pubKey;
    }
    async sign(bytes) {
      return curve.calculateSignature((await this.store.getOurIdentity()).privKey, bytes);
    }

    async bundle(oneTime) {
      const id = this.held.nextId++;
      const pair = curve.generateKeyPair();
      this.held.signedPreKey[id] = pairToText(pair);
      const bundle = { signedPreKey: { id, key: pair.pubKey, signature: await this.sign(pair.pubKey) } };
      if (oneTime === 'with') {
        const once = curve.generateKeyPair();
        this.held.preKey[id] = pairToText(once);
        bundle.oneTimeKey = { id, key: once.pubKey };
      }
      return bundle;
    }
    async establish(peer, { signedPreKey, oneTimeKey }) {
      // The library's session builder does not look at the signature.
      if (!curve.verifySignature(peer.identityKey, signedPreKey.key, signedPreKey.signature)) {
        throw new Error("the signed pre-key's signature does not verify");
      }
      await new SessionBuilder(this.store, this.addressOf(peer)).initOutgoing({
        registrationId: peer.registrationId,
        identityKey: peer.identityKey,
        signedPreKey: { keyId: signedPreKey.id, publicKey: signedPreKey.key, signature: signedPreKey.signature },
        preKey: oneTimeKey && { keyId: oneTimeKey.id, publicKey: oneTimeKey.key },
      });
    }
    async encrypt(peer, padded) {
      const { type, body } = await this.cipherFor(peer).encrypt(padded);
      return { kind: type === 3 ? 'preKey' : 'message', bytes: body };
    }
    async decrypt(peer, kind, bytes) {
      const cipher = this.cipherFor(peer);
      return kind === 'preKey' ? cipher.decryptPreKeyWhisperMessage(bytes) : cipher.decryptWhisperMessage(bytes);
    }
    cipherFor(peer) {
      return new Cipher(this.store, this.addressOf(peer));
    }
    addressOf(peer) {
      return new ProtocolAddress(peer.account, peer.device);
    }
  };
}
