// @signalapp/libsignal-client: libsignal in Rust.
import { exchangeSenderKeys } from './signalapp_sender_keys.mjs';

export const packageName = '@signalapp/libsignal-client';
export const version = '0.72.1';

export async function load(require) {
  const signal = require(packageName);
  const { PrivateKey, PublicKey, PreKeyRecord, SignedPreKeyRecord, SessionRecord, ProtocolAddress } = signal;

  class Sessions extends signal.SessionStore {
    constructor(held) {
      super();
      this.held = held;
    }
    async saveSession(address, record) {
      this.held.session[address.toString()] = record.serialize().toString('base64');
    }
    async getSession(address) {
      const record = this.held.session[address.toString()];
      return record ? SessionRecord.deserialize(Buffer.from(record, 'base64')) : null;
    }
    async getExistingSessions() {
      throw new Error('not asked for');
    }
  }

  class Identities extends signal.IdentityKeyStore {
    constructor(held) {
      super();
      this.held = held;
    }
    async getIdentityKey() {
      return PrivateKey.deserialize(Buffer.from(this.held.identity, 'base64'));
    }
    async getLocalRegistrationId() {
      return this.held.registrationId;
    }
    async saveIdentity() {
      return signal.IdentityChange.NewOrUnchanged;
    }
    async isTrustedIdentity() {
      return true;
    }
    async getIdentity() {
      return null;
    }
  }

  class PreKeys extends signal.PreKeyStore {
    constructor(held) {
      super();
      this.held = held;
    }
    async savePreKey(id, record) {
      this.held.preKey[id] = record.serialize().toString('base64');
    }
    async getPreKey(id) {
      if (!this.held.preKey[id]) throw new Error(`no one-time key ${id}`);
      return PreKeyRecord.deserialize(Buffer.from(this.held.preKey[id], 'base64'));
    }
    async removePreKey(id) {
      delete this.held.preKey[id];
    }
  }

  class SignedPreKeys extends signal.SignedPreKeyStore {
    constructor(held) {
      super();
      this.held = held;
    }
    async saveSignedPreKey(id, record) {
      this.held.signedPreKey[id] = record.serialize().toString('base64');
    }
    async getSignedPreKey(id) {
      return SignedPreKeyRecord.deserialize(Buffer.from(this.held.signedPreKey[id], 'base64'));
    }
  }

  class NoKyber extends signal.KyberPreKeyStore {
    async saveKyberPreKey() {}
    async getKyberPreKey() {
      throw new Error('X3DH has no Kyber keys');
    }
    async markKyberPreKeyUsed() {}
  }

  return class SignalApp {
    static async create(registrationId) {
      const identity = PrivateKey.generate().serialize().toString('base64');
      return new SignalApp({ registrationId, identity, nextId: 1, session: {}, preKey: {}, signedPreKey: {} });
    }
    static async revive(text) {
      return new SignalApp(JSON.parse(text));
    }
    constructor(held) {
      this.held = held;
      this.sessions = new Sessions(held);
      this.identities = new Identities(held);
      this.preKeys = new PreKeys(held);
      this.signedPreKeys = new SignedPreKeys(held);
    }
    serialized() {
      return JSON.stringify(this.held);
    }

    async identityKey() {
      return (await this.identities.getIdentityKey()).getPublicKey().serialize();
    }
    async sign(bytes) {
      return (await this.identities.getIdentityKey()).sign(bytes);
    }

    async bundle(oneTime) {
      const id = this.held.nextId++;
      const secret = PrivateKey.generate();
      const key = secret.getPublicKey();
      const signature = await this.sign(key.serialize());
      await this.signedPreKeys.saveSignedPreKey(id, SignedPreKeyRecord.new(id, Date.now(), key, secret, signature));
      const bundle = { signedPreKey: { id, key: key.serialize(), signature } };
      if (oneTime === 'with') {
        const once = PrivateKey.generate();
        await this.preKeys.savePreKey(id, PreKeyRecord.new(id, once.getPublicKey(), once));
        bundle.oneTimeKey = { id, key: once.getPublicKey().serialize() };
      }
      return bundle;
    }
    async establish(peer, bundle) {
      const { signedPreKey, oneTimeKey } = bundle;
      const parts = signal.PreKeyBundle.new(
        peer.registrationId,
        peer.device,
        oneTimeKey ? oneTimeKey.id : null,
        oneTimeKey ? PublicKey.deserialize(oneTimeKey.key) : null,
        signedPreKey.id,
        PublicKey.deserialize(signedPreKey.key),
        signedPreKey.signature,
        PublicKey.deserialize(peer.identityKey),
      );
      await signal.processPreKeyBundle(parts, this.addressOf(peer), this.sessions, this.identities);
    }
    async encrypt(peer, padded) {
      const message = await signal.signalEncrypt(padded, this.addressOf(peer), this.sessions, this.identities);
      const kind = message.type() === signal.CiphertextMessageType.PreKey ? 'preKey' : 'message';
      return { kind, bytes: message.serialize() };
    }
    async decrypt(peer, kind, bytes) {
      const address = this.addressOf(peer);
      if (kind === 'message') {
        const message = signal.SignalMessage.deserialize(bytes);
        return signal.signalDecrypt(message, address, this.sessions, this.identities);
      }
      const { sessions, identities, preKeys, signedPreKeys } = this;
      const message = signal.PreKeySignalMessage.deserialize(bytes);
      return signal.signalDecryptPreKey(message, address, sessions, identities, preKeys, signedPreKeys, new NoKyber());
    }
    addressOf(peer) {
      return ProtocolAddress.new(peer.account, peer.device);
    }

    static senderKeys(world) {
      return exchangeSenderKeys(signal, world);
    }
    static async safetyNumber(mine, myKey, theirs, theirKey) {
      const fingerprint = signal.Fingerprint.new(
        5200,
        1,
        Buffer.from(mine),
        PublicKey.deserialize(myKey),
        Buffer.from(theirs),
        PublicKey.deserialize(theirKey),
      );
      return fingerprint.displayableFingerprint().toString();
    }
  };
}
